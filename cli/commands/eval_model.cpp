#include "cli/commands/eval_model.hpp"

#include <iostream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/metrics.hpp"
#include "cli/commands/command_context.hpp"
#include "cli/models.hpp"
#include "model/lexical.hpp"

namespace lyceum::cli {

int eval_model(const Configuration& configuration, const ModelEvalOptions& options, bool is_json) {
  HttpClient http(egress_policy(configuration), configuration.string("egress.ca_file"));
  BlockingPool pool(2);
  Metrics metrics;
  auto configured = make_configured_model_blocking(configuration, http, pool, metrics);
  if (!configured) return report(configured.error());
  const auto weights = word_weights_blocking(options.data);
  if (!weights) return report(weights.error());
  const std::unique_ptr<model::LanguageModel> lexical = model::make_lexical_model(*weights, pool);
  std::vector<EvaluatedModel> models{{"lexical", lexical.get()}};
  auto blend = configured_blend_blocking(configuration);
  if (!blend) return report(blend.error());
  auto vectors = configured_word_vectors_blocking(configuration);
  if (!vectors) return report(vectors.error());
  std::unique_ptr<model::LanguageModel> model;
  if (*configured != nullptr) {
    model = combine_models(*std::move(blend), *std::move(configured),
                           model::make_lexical_model(*weights, pool, *std::move(vectors)));
    models.insert(models.begin(), EvaluatedModel{"model", model.get()});
  }

  net::io_context io(1);
  auto future = net::co_spawn(io, evaluate_model(options, std::move(models)), net::use_future);
  io.run();
  const Result<Json> figures = future.get();
  if (!figures) return report(figures.error());
  if (is_json) {
    print_json(*figures);
  } else {
    std::cout << to_table(*figures);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
