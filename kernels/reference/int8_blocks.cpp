#include "kernels/int8_blocks.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"

namespace lyceum::kernels::reference {

void quantize_int8_blocks(std::span<const float> x, std::span<Int8Block> blocks) {
  LYCEUM_CHECK(x.size() == blocks.size() * kInt8BlockSize);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto values = x.subspan(b * kInt8BlockSize, kInt8BlockSize);
    float top = 0.0F;
    for (const float value : values) top = std::max(top, std::fabs(value));
    blocks[b].scale = top / 127.0F;
    // A top so small that its inverse overflows would make infinities of zeros.
    const float inverse = blocks[b].scale > 0.0F ? 127.0F / top : 0.0F;
    const bool is_usable = std::isfinite(inverse);
    if (!is_usable) blocks[b].scale = 0.0F;
    for (std::size_t i = 0; i < kInt8BlockSize; ++i) {
      const float rounded = is_usable ? std::nearbyint(values[i] * inverse) : 0.0F;
      blocks[b].values[i] = static_cast<std::int8_t>(std::clamp(rounded, -127.0F, 127.0F));
    }
  }
}

float dot_int8_blocks(std::span<const Int8Block> a, std::span<const Int8Block> b) {
  LYCEUM_CHECK(a.size() == b.size());
  float total = 0.0F;
  for (std::size_t block = 0; block < a.size(); ++block) {
    std::int32_t exact = 0;
    for (std::size_t i = 0; i < kInt8BlockSize; ++i)
      exact += std::int32_t{a[block].values[i]} * std::int32_t{b[block].values[i]};
    total += static_cast<float>(exact) * (a[block].scale * b[block].scale);
  }
  return total;
}

}  // namespace lyceum::kernels::reference
