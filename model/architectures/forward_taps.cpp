// What a pass shows of itself to the chunks that ask.
#include <algorithm>

#include "kernels/rms_norm.hpp"
#include "model/architectures/forward_pass.hpp"
#include "model/architectures/tap_steps.hpp"

namespace lyceum::model {

void ForwardPass::prepare_taps() const {
  for (const SequenceChunk& chunk : batch_) {
    if (chunk.taps != nullptr) model::prepare_taps(*chunk.taps, config_.layers.size(), chunk.tokens.size());
  }
}

void ForwardPass::tap_hidden(std::size_t layer) const {
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    ChunkTaps* taps = rows_[row].chunk->taps;
    if (taps == nullptr) continue;
    const auto values = std::span(hidden_).subspan(row * config_.num_hidden, config_.num_hidden);
    for (std::size_t i = 0; i < taps->hidden_layers.size(); ++i) {
      if (taps->hidden_layers[i] == layer) append_values(taps->hidden[i], values);
    }
    if (layer + 1 < config_.layers.size() || !taps->wants_final_hidden) continue;
    std::vector<float> final_values(values.size());
    kernels::reference::rms_norm(values, weights_.output_norm, config_.norm_epsilon, final_values);
    append_values(taps->final_hidden, final_values);
  }
}

void ForwardPass::tap_routes(std::size_t layer, std::size_t row, std::span<const float> logits,
                             std::span<const std::int32_t> experts, std::span<const float> weights) const {
  ChunkTaps* taps = rows_[row].chunk->taps;
  if (taps != nullptr) append_routes(*taps, layer, logits, experts, weights);
}

void ForwardPass::tap_attention(std::size_t row, const kernels::AttentionShape& shape,
                                std::span<const float> query, std::span<const float* const> key_pages) const {
  const SequenceChunk& chunk = *rows_[row].chunk;
  if (chunk.taps == nullptr || chunk.taps->attention_spans.empty()) return;
  const auto first_row =
      static_cast<std::size_t>(std::ranges::find(rows_, rows_[row].chunk, &Row::chunk) - rows_.begin());
  add_attention_mass(*chunk.taps, shape,
                     {.token = row - first_row,
                      .position = rows_[row].position,
                      .share = 1.0 / static_cast<double>(config_.layers.size() * shape.num_heads),
                      .query = query,
                      .key_pages = key_pages});
}

}  // namespace lyceum::model
