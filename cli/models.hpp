#pragma once

#include <memory>

#include "base/async/blocking_pool.hpp"
#include "base/http_client.hpp"
#include "base/result.hpp"
#include "cli/configuration.hpp"
#include "memory/search.hpp"
#include "model/language_model.hpp"
#include "model/remote.hpp"

namespace lyceum::cli {

/// What the configuration says about the remote model, with the key from the environment. Errors:
/// invalid_argument.
Result<model::RemoteModelOptions> remote_model_options(const Configuration& configuration);

/// The model without a neural network, which weighs words by how rare they are in the store. Both must
/// outlive it.
std::unique_ptr<model::LanguageModel> make_lexical_model_over(memory::Search& search, BlockingPool& pool);

/// Which addresses requests of tools and models may reach.
EgressPolicy egress_policy(const Configuration& configuration);

}  // namespace lyceum::cli
