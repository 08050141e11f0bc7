#include "model/architectures/weights.hpp"

#include <algorithm>
#include <cmath>

#include "model/architectures/tensor_table.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {
namespace {

Matrix matrix_of(const std::vector<float>& values, std::size_t num_inputs) {
  return {kernels::WeightType::f32, num_inputs, values.size() / num_inputs,
          std::as_bytes(std::span(values)).data()};
}

/// Loads one layer's tensors; `name("attn_q")` is "blk.3.attn_q.weight".
class LayerLoader {
 public:
  LayerLoader(TensorTable& table, const ModelConfig& config, std::size_t layer,
              std::deque<std::vector<float>>& dequantized)
      : table_(table),
        config_(config),
        layer_(config.layers[layer]),
        prefix_("blk." + std::to_string(layer) + "."),
        dequantized_(dequantized) {}

  LayerWeights load() {
    LayerWeights weights;
    weights.attention_norm = table_.take(name("attn_norm"), {config_.num_hidden});
    if (config_.attention.latent) {
      load_latent(*config_.attention.latent, weights);
    } else {
      load_grouped(weights);
    }
    const AttentionConfig& attention = config_.attention;
    weights.attention_output = table_.take_matrix(
        name("attn_output"), {attention.num_heads * attention.value_dim, config_.num_hidden});
    weights.feed_forward_norm = table_.take(name("ffn_norm"), {config_.num_hidden});
    if (layer_.experts) {
      load_experts(*layer_.experts, weights);
    } else {
      weights.dense = take_feed_forward("", layer_.num_inner);
    }
    return weights;
  }

 private:
  std::string name(const std::string& part, const std::string& kind = "weight") const {
    return prefix_ + part + "." + kind;
  }

  void load_grouped(LayerWeights& weights) {
    const AttentionConfig& attention = config_.attention;
    const std::size_t query_size = attention.num_heads * attention.key_dim;
    const std::size_t key_size = attention.num_kv_heads * attention.key_dim;
    const std::size_t value_size = attention.num_kv_heads * attention.value_dim;
    weights.query = table_.take_matrix(name("attn_q"), {config_.num_hidden, query_size});
    weights.key = table_.take_matrix(name("attn_k"), {config_.num_hidden, key_size});
    weights.value = table_.take_matrix(name("attn_v"), {config_.num_hidden, value_size});
    if (config_.architecture.has_query_key_value_bias) {
      weights.query_bias = table_.take(name("attn_q", "bias"), {query_size});
      weights.key_bias = table_.take(name("attn_k", "bias"), {key_size});
      weights.value_bias = table_.take(name("attn_v", "bias"), {value_size});
    }
    const QueryKeyNorm norm = config_.architecture.query_key_norm;
    if (norm == QueryKeyNorm::none) return;
    const bool is_whole = norm == QueryKeyNorm::whole;
    weights.query_norm = table_.take(name("attn_q_norm"), {is_whole ? query_size : attention.key_dim});
    weights.key_norm = table_.take(name("attn_k_norm"), {is_whole ? key_size : attention.key_dim});
  }

  void load_latent(const LatentAttention& latent, LayerWeights& weights) {
    const AttentionConfig& attention = config_.attention;
    const std::size_t query_size = attention.num_heads * attention.key_dim;
    if (latent.query_rank > 0) {
      weights.query_latent = table_.take_matrix(name("attn_q_a"), {config_.num_hidden, latent.query_rank});
      weights.query_latent_norm = table_.take(name("attn_q_a_norm"), {latent.query_rank});
      weights.query = table_.take_matrix(name("attn_q_b"), {latent.query_rank, query_size});
    } else {
      weights.query = table_.take_matrix(name("attn_q"), {config_.num_hidden, query_size});
    }
    weights.kv_latent =
        table_.take_matrix(name("attn_kv_a_mqa"), {config_.num_hidden, latent.kv_rank + config_.rope.dims});
    weights.kv_latent_norm = table_.take(name("attn_kv_a_norm"), {latent.kv_rank});
    if (table_.has(name("attn_kv_b"))) {
      split_kv(latent, weights);
      return;
    }
    weights.head_key =
        table_.take_matrix(name("attn_k_b"), {latent.plain_dim, latent.kv_rank, attention.num_heads});
    weights.head_value =
        table_.take_matrix(name("attn_v_b"), {latent.kv_rank, attention.value_dim, attention.num_heads});
  }

  /// Files of an older conversion hold keys and values of a head in one matrix: [plain_dim + value_dim,
  /// kv_rank].
  void split_kv(const LatentAttention& latent, LayerWeights& weights) {
    const AttentionConfig& attention = config_.attention;
    const std::size_t num_rows = latent.plain_dim + attention.value_dim;
    const Weight both = table_.take(name("attn_kv_b"), {latent.kv_rank, attention.num_heads * num_rows});
    if (both.empty()) return;
    auto& keys = dequantized_.emplace_back(attention.num_heads * latent.kv_rank * latent.plain_dim);
    auto& values = dequantized_.emplace_back();
    for (std::size_t head = 0; head < attention.num_heads; ++head) {
      const Weight rows = both.subspan(head * num_rows * latent.kv_rank, num_rows * latent.kv_rank);
      for (std::size_t rank = 0; rank < latent.kv_rank; ++rank) {
        for (std::size_t plain = 0; plain < latent.plain_dim; ++plain)
          keys[(head * latent.kv_rank + rank) * latent.plain_dim + plain] =
              rows[plain * latent.kv_rank + rank];
      }
      const Weight value_rows = rows.subspan(latent.plain_dim * latent.kv_rank);
      values.insert(values.end(), value_rows.begin(), value_rows.end());
    }
    weights.head_key = matrix_of(keys, latent.plain_dim);
    weights.head_value = matrix_of(values, latent.kv_rank);
  }

  FeedForwardWeights take_feed_forward(const std::string& suffix, std::size_t num_inner) {
    return {.gate = table_.take_matrix(name("ffn_gate" + suffix), {config_.num_hidden, num_inner}),
            .up = table_.take_matrix(name("ffn_up" + suffix), {config_.num_hidden, num_inner}),
            .down = table_.take_matrix(name("ffn_down" + suffix), {num_inner, config_.num_hidden})};
  }

  void load_experts(const ExpertsConfig& experts, LayerWeights& weights) {
    const std::size_t hidden = config_.num_hidden;
    const std::size_t count = experts.num_experts;
    weights.router = table_.take_matrix(name("ffn_gate_inp"), {hidden, count});
    weights.router_bias = table_.take_optional(name("exp_probs_b", "bias"), {count});
    weights.experts.gate = table_.take_matrix(name("ffn_gate_exps"), {hidden, experts.num_inner, count});
    weights.experts.up = table_.take_matrix(name("ffn_up_exps"), {hidden, experts.num_inner, count});
    weights.experts.down = table_.take_matrix(name("ffn_down_exps"), {experts.num_inner, hidden, count});
    if (experts.num_shared_inner == 0) return;
    weights.shared = take_feed_forward("_shexp", experts.num_shared_inner);
    if (config_.architecture.has_gated_shared_expert)
      weights.shared_gate = table_.take(name("ffn_gate_inp_shexp"), {hidden});
  }

  TensorTable& table_;
  const ModelConfig& config_;
  const LayerConfig& layer_;
  std::string prefix_;
  std::deque<std::vector<float>>& dequantized_;
};

}  // namespace

Result<ModelWeights> load_weights_blocking(const GgufFile& file, const ModelConfig& config) {
  ModelWeights weights;
  TensorTable table(file, weights.dequantized);
  const std::string output = "output.weight";
  weights.embedding = table.take_matrix("token_embd.weight", {config.num_hidden, config.vocabulary_size});
  weights.output_norm = table.take("output_norm.weight", {config.num_hidden});
  weights.output = table.has(output) ? table.take_matrix(output, {config.num_hidden, config.vocabulary_size})
                                     : weights.embedding;
  weights.rope_divisors = table.take_optional("rope_freqs.weight", {config.rope.dims / 2});
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer)
    weights.layers.push_back(LayerLoader(table, config, layer, weights.dequantized).load());
  TRY_OK(table.finish());
  const auto is_divisor = [](float value) { return std::isfinite(value) && value > 0.0F; };
  if (!std::ranges::all_of(weights.rope_divisors, is_divisor))
    return Error{Errc::malformed, file.path() + ": rope_freqs.weight must be positive"};
  return weights;
}

}  // namespace lyceum::model
