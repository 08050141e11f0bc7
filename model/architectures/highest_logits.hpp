#pragma once

#include <span>
#include <vector>

#include "model/architectures/transformer.hpp"

namespace lyceum::model {

/// Rows of logits that a chunk gets.
std::size_t num_logit_rows(const SequenceChunk& chunk);

/// Takes the rows of chunks that want the highest alone out of `rows`, and gives them those.
std::vector<float> take_highest(std::span<const SequenceChunk> batch, std::size_t width,
                                std::vector<float> rows);

}  // namespace lyceum::model
