#include "cli/models.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "model/engine.hpp"
#include "model/lexical.hpp"

namespace lyceum::cli {
namespace {

ModelChoice shipped_model() {
  std::error_code ignored;
  if (!std::filesystem::exists(LYCEUM_SHIPPED_MODEL, ignored)) return {.provider = "lexical", .file = {}};
  return {.provider = "engine", .file = LYCEUM_SHIPPED_MODEL};
}

}  // namespace

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

Result<ModelChoice> model_choice(const Configuration& configuration) {
  constexpr std::string_view kEngine = "engine:";
  ModelChoice choice{.provider = configuration.string("model.provider"),
                     .file = configuration.string("model.file")};
  const std::string text = configuration.string("model");
  if (text.starts_with(kEngine)) {
    choice = {.provider = "engine", .file = text.substr(kEngine.size())};
  } else if (text == "shipped" || text == "lexical" || text == "remote") {
    choice.provider = text;
  } else if (!text.empty()) {
    return Error{Errc::invalid_argument,
                 "model: expected shipped, lexical, remote or engine:FILE, not \"" + text + "\""};
  }
  if (choice.provider == "shipped") choice = shipped_model();
  if (choice.provider == "engine" && choice.file.empty())
    return Error{Errc::invalid_argument, "model.file: required for the engine"};
  return choice;
}

Result<std::unique_ptr<model::LanguageModel>> make_configured_model_blocking(
    const Configuration& configuration, HttpClient& http, BlockingPool& pool, Metrics& metrics) {
  TRY(const ModelChoice choice, model_choice(configuration));
  if (choice.provider == "remote") {
    TRY(auto options, remote_model_options(configuration));
    return model::make_remote_model(std::move(options), http);
  }
  if (choice.provider != "engine") return std::unique_ptr<model::LanguageModel>();
  const model::EngineModelOptions options{
      .path = choice.file,
      .key_value_bytes = static_cast<std::uint64_t>(configuration.integer("model.key_value_mb")) << 20U,
      .device = configuration.string("model.device"),
      .device_memory_bytes = static_cast<std::uint64_t>(configuration.integer("model.device_memory_gb"))
                             << 30U};
  return model::make_engine_model_blocking(options, pool, metrics);
}

std::unique_ptr<model::LanguageModel> make_lexical_model_over(memory::Search& search, BlockingPool& pool,
                                                              model::WordVectors vectors) {
  const auto weight = [&search](std::string_view word) { return search.idf_blocking(word, {}); };
  return model::make_lexical_model(weight, pool, std::move(vectors));
}

Result<model::Blend> configured_blend_blocking(const Configuration& configuration) {
  TRY(const ModelChoice choice, model_choice(configuration));
  if (choice.provider != "engine") return model::Blend();
  return model::blend_of_file_blocking(choice.file);
}

Result<model::WordVectors> configured_word_vectors_blocking(const Configuration& configuration) {
  TRY(const ModelChoice choice, model_choice(configuration));
  if (choice.provider != "engine") return model::WordVectors();
  return model::WordVectors::of_file_blocking(choice.file);
}

std::unique_ptr<model::LanguageModel> combine_models(model::Blend blend,
                                                     std::unique_ptr<model::LanguageModel> configured,
                                                     std::unique_ptr<model::LanguageModel> lexical) {
  if (configured == nullptr) return lexical;
  if (blend.empty()) return configured;
  return model::make_blended_model(std::move(configured), std::move(lexical), std::move(blend));
}

EgressPolicy egress_policy(const Configuration& configuration) {
  return {.allow_private = configuration.boolean("egress.allow_private"),
          .allowed_hosts = configuration.strings("egress.allowed_hosts")};
}

}  // namespace lyceum::cli
