#include "cli/commands/eval.hpp"

#include <iostream>

#include "base/http_client.hpp"
#include "cli/commands/command_context.hpp"
#include "cli/models.hpp"

namespace lyceum::cli {

int eval_deep_search(const Configuration& configuration, const DeepSearchEvalOptions& options, bool is_json) {
  HttpClient http(egress_policy(configuration), configuration.string("egress.ca_file"));
  ModelMaker make_model = [](memory::Store& store, BlockingPool& pool) {
    return make_lexical_model_over(store.search(), pool);
  };
  if (configuration.string("model.provider") == "remote") {
    auto remote = remote_model_options(configuration);
    if (!remote) return report(remote.error());
    make_model = [&http, chosen = *std::move(remote)](memory::Store&, BlockingPool&) {
      return model::make_remote_model(chosen, http);
    };
  }
  const auto figures = evaluate_deep_search_blocking(options, make_model);
  if (!figures) return report(figures.error());
  if (is_json) {
    print_json(*figures);
  } else {
    std::cout << to_text(*figures);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
