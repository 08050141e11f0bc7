#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/async/blocking_pool.hpp"
#include "model/language_model.hpp"
#include "model/word_vectors.hpp"

namespace lyceum::model {

/// How telling a word is (its inverse document frequency in the corpus); thread-safe, may block.
using WordWeight = std::function<double(std::string_view word)>;

/// A provider without a neural network: choose by weighted overlap, quote by sentence scoring, write by
/// templates. Deterministic. An honest baseline: the limits in its info say what it cannot do. `pool` must
/// outlive it. With `vectors`, words that mean alike count in part where the same word is not there.
std::unique_ptr<LanguageModel> make_lexical_model(WordWeight weight, BlockingPool& pool,
                                                  WordVectors vectors = {});

}  // namespace lyceum::model
