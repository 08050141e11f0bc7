#include "cli/commands/eval.hpp"

#include <iostream>

#include "base/http_client.hpp"
#include "cli/commands/command_context.hpp"
#include "cli/models.hpp"

namespace lyceum::cli {

int eval_deep_search(const Configuration& configuration, const DeepSearchEvalOptions& options, bool is_json) {
  HttpClient http(egress_policy(configuration), configuration.string("egress.ca_file"));
  BlockingPool engine_pool(1);
  Metrics metrics;
  auto configured = make_configured_model_blocking(configuration, http, engine_pool, metrics);
  if (!configured) return report(configured.error());
  const auto blend = configured_blend_blocking(configuration);
  if (!blend) return report(blend.error());
  auto vectors = configured_word_vectors_blocking(configuration);
  if (!vectors) return report(vectors.error());
  const ModelMaker make_model = [&](memory::Store& store, BlockingPool& pool) {
    return combine_models(*blend, *std::move(configured),
                          make_lexical_model_over(store.search(), pool, *std::move(vectors)));
  };
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
