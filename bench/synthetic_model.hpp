#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum {

/// Extents of a mixture-of-experts model without meaning, for speed alone.
struct SyntheticShape {
  std::string architecture = "olmoe";
  std::uint32_t num_layers = 16;
  std::uint32_t num_hidden = 2048;
  std::uint32_t num_heads = 16;
  std::uint32_t num_kv_heads = 16;
  std::uint32_t head_dim = 128;
  std::uint32_t num_experts = 64;
  std::uint32_t top_k = 8;
  std::uint32_t num_inner = 1024;
  std::uint32_t vocabulary_size = 50304;
};

/// "olmoe": OLMoE-1B-7B. "sigma": as Sigma-MoE-Tiny, 96 experts of which one is used, with fewer layers.
Result<SyntheticShape> synthetic_shape(std::string_view name);

/// Writes such a model. `type` is "q8_0", "bf16", or "q4_k_m": Q4_K with Q6_K for the output, the values and
/// half of the down projections. Rows repeat; routers are random throughout, so that experts are chosen
/// evenly.
Result<void> write_synthetic_model_blocking(const std::string& path, const SyntheticShape& shape,
                                            std::string_view type);

}  // namespace lyceum
