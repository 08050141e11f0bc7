#pragma once

#include <cstdint>
#include <span>

#include "kernels/attention.hpp"
#include "model/architectures/taps.hpp"

namespace lyceum::model {

/// Empties what a pass fills: of `num_tokens` tokens through `num_layers` layers.
void prepare_taps(ChunkTaps& taps, std::size_t num_layers, std::size_t num_tokens);

void append_values(std::vector<float>& target, std::span<const float> values);

/// One token's routes in one layer, where they are wanted; `logits` are the router's.
void append_routes(ChunkTaps& taps, std::size_t layer, std::span<const float> logits,
                   std::span<const std::int32_t> experts, std::span<const float> weights);

/// Adds `share` of a token's attention in one layer to the spans. Scores are computed once more, so that the
/// kernels stay free of what few requests ask for. `token` is its place in the chunk, `position` in the
/// sequence.
struct AttendedToken {
  std::size_t token = 0;
  std::size_t position = 0;
  double share = 0.0;
  std::span<const float> query{};
  std::span<const float* const> key_pages{};
};

void add_attention_mass(ChunkTaps& taps, const kernels::AttentionShape& shape, const AttendedToken& attended);

}  // namespace lyceum::model
