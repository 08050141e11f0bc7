#include "model/architectures/tap_steps.hpp"

#include <algorithm>

#include "kernels/dot.hpp"
#include "kernels/softmax.hpp"

namespace lyceum::model {

void append_values(std::vector<float>& target, std::span<const float> values) {
  target.insert(target.end(), values.begin(), values.end());
}

void prepare_taps(ChunkTaps& taps, std::size_t num_layers, std::size_t num_tokens) {
  taps.routes.assign(taps.wants_routes ? num_layers : 0, {});
  taps.hidden.assign(taps.hidden_layers.size(), {});
  taps.final_hidden.clear();
  taps.attention_mass.assign(num_tokens * taps.attention_spans.size(), 0.0);
}

void append_routes(ChunkTaps& taps, std::size_t layer, std::span<const float> logits,
                   std::span<const std::int32_t> experts, std::span<const float> weights) {
  if (!taps.wants_routes) return;
  LayerRoutes& routes = taps.routes[layer];
  routes.top_k = experts.size();
  routes.experts.insert(routes.experts.end(), experts.begin(), experts.end());
  append_values(routes.weights, weights);
  if (!taps.wants_router_probabilities) return;
  std::vector<float> probabilities(logits.begin(), logits.end());
  kernels::reference::softmax(probabilities);
  append_values(routes.probabilities, probabilities);
}

void add_attention_mass(ChunkTaps& taps, const kernels::AttentionShape& shape,
                        const AttendedToken& attended) {
  if (taps.attention_spans.empty()) return;
  const auto mass = std::span(taps.attention_mass)
                        .subspan(attended.token * taps.attention_spans.size(), taps.attention_spans.size());
  std::vector<float> scores(attended.position + 1);
  for (std::size_t head = 0; head < shape.num_heads; ++head) {
    const std::size_t kv_head = head / (shape.num_heads / shape.num_kv_heads);
    const auto query = attended.query.subspan(head * shape.key_dim, shape.key_dim);
    for (std::size_t j = 0; j < scores.size(); ++j) {
      const float* key = attended.key_pages[j / kernels::kAttentionPage] +
                         j % kernels::kAttentionPage * shape.key_stride + kv_head * shape.key_dim;
      scores[j] = kernels::reference::dot(query, {key, shape.key_dim}) * shape.scale;
    }
    kernels::reference::softmax(scores);
    for (std::size_t span = 0; span < mass.size(); ++span) {
      const PositionRange range = taps.attention_spans[span];
      for (std::size_t j = range.begin; j < std::min(range.end, scores.size()); ++j)
        mass[span] += attended.share * static_cast<double>(scores[j]);
    }
  }
}

}  // namespace lyceum::model
