#pragma once

#include <memory>
#include <string>

#include "base/async/blocking_pool.hpp"
#include "base/http_client.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "cli/configuration.hpp"
#include "memory/search.hpp"
#include "model/blended.hpp"
#include "model/language_model.hpp"
#include "model/remote.hpp"
#include "model/word_vectors.hpp"

namespace lyceum::cli {

/// What the configuration says about the remote model, with the key from the environment. Errors:
/// invalid_argument.
Result<model::RemoteModelOptions> remote_model_options(const Configuration& configuration);

/// Which model is configured: model.provider and model.file, or `model` where it is given. The shipped model
/// is the engine with the file that stands beside the sources, and the lexical model where that is gone.
/// Errors: invalid_argument.
struct ModelChoice {
  std::string provider{};  ///< "lexical", "remote", "engine"
  std::string file{};      ///< Of the engine.
};

Result<ModelChoice> model_choice(const Configuration& configuration);

/// The remote model or the engine; null for the lexical model, which needs a store. What is handed over must
/// outlive it. Errors: invalid_argument, and make_engine_model_blocking's.
Result<std::unique_ptr<model::LanguageModel>> make_configured_model_blocking(
    const Configuration& configuration, HttpClient& http, BlockingPool& pool, Metrics& metrics);

/// The model without a neural network, which weighs words by how rare they are in the store. Both must
/// outlive it.
std::unique_ptr<model::LanguageModel> make_lexical_model_over(memory::Search& search, BlockingPool& pool,
                                                              model::WordVectors vectors);

/// Which tasks the engine's file says it is better at; empty for other models and other files. Errors:
/// blend_of_file_blocking's.
Result<model::Blend> configured_blend_blocking(const Configuration& configuration);
/// Which words mean alike, as the engine's file says; empty for other models and other files. Errors:
/// WordVectors::of_file_blocking's.
Result<model::WordVectors> configured_word_vectors_blocking(const Configuration& configuration);

/// `configured`, or `lexical` where that is null; both together where there is a blend.
std::unique_ptr<model::LanguageModel> combine_models(model::Blend blend,
                                                     std::unique_ptr<model::LanguageModel> configured,
                                                     std::unique_ptr<model::LanguageModel> lexical);

/// Which addresses requests of tools and models may reach.
EgressPolicy egress_policy(const Configuration& configuration);

}  // namespace lyceum::cli
