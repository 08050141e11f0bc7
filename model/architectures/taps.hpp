#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lyceum::model {

/// Positions of a sequence, such as those of one source in a prompt.
struct PositionRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// One layer's routes of a chunk: `top_k` a token, one token after the other. Empty where a layer is dense.
struct LayerRoutes {
  std::size_t top_k = 0;
  std::vector<std::int32_t> experts{};
  std::vector<float> weights{};
  /// Of all experts, [tokens, num_experts]: the softmax of the router; only where asked for.
  std::vector<float> probabilities{};
};

/// What a request wants to see of a pass, and what it saw. Asking for nothing costs nothing.
struct ChunkTaps {
  bool wants_routes = false;
  bool wants_router_probabilities = false;  ///< With the routes
  bool wants_final_hidden = false;
  std::vector<std::size_t> hidden_layers{};
  std::vector<PositionRange> attention_spans{};

  std::vector<LayerRoutes> routes{};         ///< A layer each
  std::vector<float> final_hidden{};         ///< [tokens, num_hidden], normalised for the output
  std::vector<std::vector<float>> hidden{};  ///< After each of hidden_layers, [tokens, num_hidden]
  /// [tokens, spans]: the share of the attention that falls on a span, as the mean over layers and heads.
  std::vector<double> attention_mass{};
};

}  // namespace lyceum::model
