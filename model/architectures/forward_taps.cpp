// What a pass shows of itself to the chunks that ask.
#include <algorithm>
#include <cmath>

#include "kernels/dot.hpp"
#include "kernels/rms_norm.hpp"
#include "kernels/softmax.hpp"
#include "model/architectures/forward_pass.hpp"

namespace lyceum::model {
namespace {

void append(std::vector<float>& target, std::span<const float> values) {
  target.insert(target.end(), values.begin(), values.end());
}

}  // namespace

void ForwardPass::prepare_taps() const {
  for (const SequenceChunk& chunk : batch_) {
    if (chunk.taps == nullptr) continue;
    ChunkTaps& taps = *chunk.taps;
    taps.routes.assign(taps.wants_routes ? config_.layers.size() : 0, {});
    taps.hidden.assign(taps.hidden_layers.size(), {});
    taps.final_hidden.clear();
    taps.attention_mass.assign(chunk.tokens.size() * taps.attention_spans.size(), 0.0);
  }
}

void ForwardPass::tap_hidden(std::size_t layer) const {
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    ChunkTaps* taps = rows_[row].chunk->taps;
    if (taps == nullptr) continue;
    const auto values = std::span(hidden_).subspan(row * config_.num_hidden, config_.num_hidden);
    for (std::size_t i = 0; i < taps->hidden_layers.size(); ++i) {
      if (taps->hidden_layers[i] == layer) append(taps->hidden[i], values);
    }
    if (layer + 1 < config_.layers.size() || !taps->wants_final_hidden) continue;
    std::vector<float> final_values(values.size());
    kernels::reference::rms_norm(values, weights_.output_norm, config_.norm_epsilon, final_values);
    append(taps->final_hidden, final_values);
  }
}

void ForwardPass::tap_routes(std::size_t layer, std::size_t row, std::span<const float> logits,
                             std::span<const std::int32_t> experts, std::span<const float> weights) const {
  ChunkTaps* taps = rows_[row].chunk->taps;
  if (taps == nullptr || !taps->wants_routes) return;
  LayerRoutes& routes = taps->routes[layer];
  routes.top_k = experts.size();
  routes.experts.insert(routes.experts.end(), experts.begin(), experts.end());
  append(routes.weights, weights);
  if (!taps->wants_router_probabilities) return;
  std::vector<float> probabilities(logits.begin(), logits.end());
  kernels::reference::softmax(probabilities);
  append(routes.probabilities, probabilities);
}

// Scores are computed once more, so that the kernels stay free of what few requests ask for.
void ForwardPass::tap_attention(std::size_t row, const kernels::AttentionShape& shape,
                                std::span<const float> query, std::span<const float* const> key_pages) const {
  const SequenceChunk& chunk = *rows_[row].chunk;
  if (chunk.taps == nullptr || chunk.taps->attention_spans.empty()) return;
  ChunkTaps& taps = *chunk.taps;
  const std::size_t first_row =
      static_cast<std::size_t>(std::ranges::find(rows_, rows_[row].chunk, &Row::chunk) - rows_.begin());
  const auto mass =
      std::span(taps.attention_mass)
          .subspan((row - first_row) * taps.attention_spans.size(), taps.attention_spans.size());
  const double share = 1.0 / static_cast<double>(config_.layers.size() * shape.num_heads);
  std::vector<float> scores(rows_[row].position + 1);
  for (std::size_t head = 0; head < shape.num_heads; ++head) {
    const std::size_t kv_head = head / (shape.num_heads / shape.num_kv_heads);
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const float* key = key_pages[j / kernels::kAttentionPage] +
                         j % kernels::kAttentionPage * shape.key_stride + kv_head * shape.key_dim;
      scores[j] =
          kernels::reference::dot(query.subspan(head * shape.key_dim, shape.key_dim), {key, shape.key_dim}) *
          shape.scale;
    }
    kernels::reference::softmax(scores);
    for (std::size_t span = 0; span < mass.size(); ++span) {
      const PositionRange range = taps.attention_spans[span];
      for (std::size_t j = range.begin; j < std::min(range.end, scores.size()); ++j)
        mass[span] += share * static_cast<double>(scores[j]);
    }
  }
}

}  // namespace lyceum::model
