#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/async/blocking_pool.hpp"
#include "model/language_model.hpp"

namespace lyceum::model {

/// How telling a word is (its inverse document frequency in the corpus); thread-safe, may block.
using WordWeight = std::function<double(std::string_view word)>;

/// A provider without a neural network: choose by weighted overlap, quote by sentence scoring, write by
/// templates. Deterministic. An honest baseline: the limits in its info say what it cannot do. `pool` must
/// outlive it.
std::unique_ptr<LanguageModel> make_lexical_model(WordWeight weight, BlockingPool& pool);

}  // namespace lyceum::model
