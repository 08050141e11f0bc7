#include "cli/models.hpp"

#include <cstdlib>

#include "model/lexical.hpp"

namespace lyceum::cli {

Result<model::RemoteModelOptions> remote_model_options(const Configuration& configuration) {
  model::RemoteModelOptions options;
  options.base_url = configuration.string("model.base_url");
  options.model = configuration.string("model.name");
  options.embedding_model = configuration.string("model.embedding_name");
  options.timeout_s = static_cast<std::uint32_t>(configuration.integer("model.timeout_s"));
  if (options.base_url.empty())
    return Error{Errc::invalid_argument, "model.base_url: required for the remote model"};
  if (options.model.empty())
    return Error{Errc::invalid_argument, "model.name: required for the remote model"};
  const std::string variable = configuration.string("model.api_key_env");
  if (variable.empty()) return options;
  const char* key = std::getenv(variable.c_str());
  if (key == nullptr) {
    return Error{Errc::invalid_argument, "model.api_key_env: the environment has no variable " + variable};
  }
  options.api_key = key;
  return options;
}

std::unique_ptr<model::LanguageModel> make_lexical_model_over(memory::Search& search, BlockingPool& pool) {
  const auto weight = [&search](std::string_view word) { return search.idf_blocking(word, {}); };
  return model::make_lexical_model(weight, pool);
}

EgressPolicy egress_policy(const Configuration& configuration) {
  return {.allow_private = configuration.boolean("egress.allow_private"),
          .allowed_hosts = configuration.strings("egress.allowed_hosts")};
}

}  // namespace lyceum::cli
