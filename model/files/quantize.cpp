#include "model/files/quantize.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

namespace lyceum::model {
namespace {

constexpr std::size_t kSuperBlock = 256;
constexpr std::size_t kNumGroups = 8;  // Of Q4_K and Q5_K, of 32 values
constexpr std::size_t kGroup = kSuperBlock / kNumGroups;
constexpr std::size_t kNumSmallGroups = 16;  // Of Q6_K, of 16 values
constexpr std::size_t kSmallGroup = kSuperBlock / kNumSmallGroups;
constexpr float kMaxF16 = 65504.0F;
constexpr float kNegligible = 0x1p-60F;

void put_u16(std::uint16_t value, std::byte* at) {
  std::memcpy(at, &value, sizeof(value));
}

/// Stores as F16 and returns what was stored.
float put_f16(float value, std::byte* at) {
  const std::uint16_t bits = f16_of_float(value);
  put_u16(bits, at);
  return float_of_f16(bits);
}

std::byte byte_of(int value) {
  return static_cast<std::byte>(static_cast<std::uint8_t>(value));
}

/// Ties to even, for magnitudes below 2^22: where the sum's step is 1. Several times as fast as the call.
int nearest(float value) {
  constexpr float kShift = 0x1.8p23F;
  return static_cast<int>(std::bit_cast<std::uint32_t>(value + kShift) & 0x7FFFFFU) - 0x400000;
}

/// Zero for what is so small that no format here tells it from zero, so that products stay finite.
float inverse(float value) {
  return std::abs(value) < kNegligible ? 0.0F : 1.0F / value;
}

/// Of the value with the largest magnitude, sign kept.
float peak_of(std::span<const float> values) {
  float peak = 0.0F;
  for (const float value : values) {
    if (std::abs(value) > std::abs(peak)) peak = value;
  }
  return peak;
}

void write_f32(const float* values, std::byte* block) {
  std::memcpy(block, values, sizeof(float));
}

void write_f16(const float* values, std::byte* block) {
  put_u16(f16_of_float(*values), block);
}

void write_bf16(const float* values, std::byte* block) {
  put_u16(bf16_of_float(*values), block);
}

void write_q8_0(const float* values, std::byte* block) {
  const float scale = std::abs(peak_of({values, 32})) / 127.0F;
  const float per_step = inverse(scale);
  put_f16(scale, block);
  for (std::size_t i = 0; i < 32; ++i)
    block[2 + i] = byte_of(std::clamp(static_cast<int>(std::round(values[i] * per_step)), -127, 127));
}

void write_q4_0(const float* values, std::byte* block) {
  // The peak becomes -8, the one end of the range that is a step longer.
  const float scale = peak_of({values, 32}) / -8.0F;
  const float per_step = inverse(scale);
  put_f16(scale, block);
  const auto code = [per_step](float value) {
    return std::clamp(static_cast<int>(value * per_step + 8.5F), 0, 15);
  };
  for (std::size_t i = 0; i < 16; ++i) block[2 + i] = byte_of(code(values[i]) | (code(values[i + 16]) << 4));
}

/// value = scale * code - min, with scale and min not negative.
struct ScaleAndMin {
  float scale = 0.0F;
  float min = 0.0F;
};

/// Errors count by these: the group's root mean square plus the magnitude.
std::array<float, kGroup> weights_of(std::span<const float, kGroup> values) {
  float sum_squares = 0.0F;
  for (const float value : values) sum_squares += value * value;
  const float root = std::sqrt(sum_squares / static_cast<float>(kGroup));
  std::array<float, kGroup> weights{};
  for (std::size_t i = 0; i < kGroup; ++i) weights[i] = root + std::abs(values[i]);
  return weights;
}

struct Fit {
  ScaleAndMin factors{};
  float error = 0.0F;
};

/// The least-squares line through the codes that `per_step` and `smallest` give. The error is the weighted
/// squared one.
Fit fit_line(std::span<const float, kGroup> values, std::span<const float, kGroup> weights, float smallest,
             float per_step, int max_code) {
  std::array<float, kGroup> codes{};
  float sum_w = 0, sum_x = 0, sum_c = 0, sum_cc = 0, sum_xc = 0;
  for (std::size_t i = 0; i < kGroup; ++i) {
    codes[i] = static_cast<float>(std::clamp(nearest(per_step * (values[i] - smallest)), 0, max_code));
    const float w = weights[i];
    sum_w += w;
    sum_x += w * values[i];
    sum_c += w * codes[i];
    sum_cc += w * codes[i] * codes[i];
    sum_xc += w * codes[i] * values[i];
  }
  Fit fit{.factors = {.scale = inverse(per_step), .min = -smallest}};
  const float determinant = sum_w * sum_cc - sum_c * sum_c;
  if (determinant > 0.0F) {
    fit.factors.scale = (sum_w * sum_xc - sum_x * sum_c) / determinant;
    fit.factors.min = -(sum_cc * sum_x - sum_c * sum_xc) / determinant;
    if (fit.factors.min < 0.0F) fit.factors = {.scale = sum_xc / sum_cc, .min = 0.0F};
  }
  for (std::size_t i = 0; i < kGroup; ++i) {
    const float difference = fit.factors.scale * codes[i] - fit.factors.min - values[i];
    fit.error += weights[i] * difference * difference;
  }
  return fit;
}

/// Tries code ranges a little below and above `max_code` and keeps the best line.
ScaleAndMin search_line(std::span<const float, kGroup> values, int max_code) {
  const auto weights = weights_of(values);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const float smallest = std::min(*low, 0.0F);
  if (*high - smallest < kNegligible) return {.scale = 0.0F, .min = -smallest};
  constexpr int kNumTries = 21;
  Fit best;
  for (int attempt = 0; attempt < kNumTries; ++attempt) {
    const float steps = static_cast<float>(max_code) - 1.0F + 0.1F * static_cast<float>(attempt);
    const Fit fit = fit_line(values, weights, smallest, steps / (*high - smallest), max_code);
    const bool is_usable = fit.factors.scale > 0.0F && std::isfinite(fit.error);
    if (is_usable && (best.factors.scale == 0.0F || fit.error < best.error)) best = fit;
  }
  if (best.factors.scale > 0.0F) return best.factors;
  return {.scale = (*high - smallest) / static_cast<float>(max_code), .min = -smallest};
}

/// The 12 bytes of 6-bit pairs; see quantized.hpp.
void pack_pairs(std::span<const int, kNumGroups> scales, std::span<const int, kNumGroups> mins,
                std::byte* at) {
  for (std::size_t i = 0; i < 4; ++i) {
    at[i] = byte_of(scales[i] | ((scales[i + 4] >> 4) << 6));
    at[i + 4] = byte_of(mins[i] | ((mins[i + 4] >> 4) << 6));
    at[i + 8] = byte_of((scales[i + 4] & 15) | ((mins[i + 4] & 15) << 4));
  }
}

using Codes = std::array<int, kSuperBlock>;

/// Writes scales and mins of a Q4_K or Q5_K block; returns the codes.
Codes write_k_factors(const float* values, int max_code, std::byte* block) {
  std::array<ScaleAndMin, kNumGroups> lines;
  ScaleAndMin largest;
  for (std::size_t group = 0; group < kNumGroups; ++group) {
    lines[group] = search_line(std::span<const float, kGroup>(values + group * kGroup, kGroup), max_code);
    largest.scale = std::max(largest.scale, lines[group].scale);
    largest.min = std::max(largest.min, lines[group].min);
  }
  constexpr float kMaxFactor = 63.0F;
  const float d = put_f16(largest.scale / kMaxFactor, block);
  const float m = put_f16(largest.min / kMaxFactor, block + 2);
  std::array<int, kNumGroups> scales{};
  std::array<int, kNumGroups> mins{};
  Codes codes{};
  for (std::size_t group = 0; group < kNumGroups; ++group) {
    scales[group] = std::min(63, nearest(lines[group].scale * (kMaxFactor * inverse(largest.scale))));
    mins[group] = std::min(63, nearest(lines[group].min * (kMaxFactor * inverse(largest.min))));
    const float per_step = inverse(d * static_cast<float>(scales[group]));
    const float min = m * static_cast<float>(mins[group]);
    for (std::size_t i = group * kGroup; i < (group + 1) * kGroup; ++i)
      codes[i] = nearest(std::clamp((values[i] + min) * per_step, 0.0F, static_cast<float>(max_code)));
  }
  pack_pairs(scales, mins, block + 4);
  return codes;
}

void write_nibbles(const Codes& codes, std::byte* at) {
  for (std::size_t i = 0; i < kSuperBlock / 2; ++i) {
    const std::size_t low = i / 32 * 64 + i % 32;
    at[i] = byte_of((codes[low] & 15) | ((codes[low + 32] & 15) << 4));
  }
}

void write_q4_k(const float* values, std::byte* block) {
  write_nibbles(write_k_factors(values, 15, block), block + 16);
}

void write_q5_k(const float* values, std::byte* block) {
  const Codes codes = write_k_factors(values, 31, block);
  for (std::size_t i = 0; i < 32; ++i) {
    int fifths = 0;
    for (std::size_t group = 0; group < kNumGroups; ++group)
      fifths |= (codes[group * kGroup + i] >> 4) << group;
    block[16 + i] = byte_of(fifths);
  }
  write_nibbles(codes, block + 48);
}

/// The scale of value = scale * code with codes from -32 to 31 that leaves the least squared error, errors
/// weighted by the value's square. Its sign is that which gives the peak the longer side.
float search_scale(std::span<const float, kSmallGroup> values) {
  const float peak = peak_of(values);
  if (std::abs(peak) < kNegligible) return 0.0F;
  float best_gain = 0.0F;
  float best_scale = 0.0F;
  for (int attempt = -9; attempt <= 9; ++attempt) {
    const float per_step = -(32.0F + 0.1F * static_cast<float>(attempt)) / peak;
    float sum_xc = 0.0F;
    float sum_cc = 0.0F;
    for (const float value : values) {
      const auto code = static_cast<float>(std::clamp(nearest(per_step * value), -32, 31));
      // Relative to the peak, so that squares of squares of small weights do not vanish.
      const float w = value / peak * (value / peak);
      sum_xc += w * (value / peak) * code;
      sum_cc += w * code * code;
    }
    // The error that this scale takes away.
    const float gain = sum_cc > 0.0F ? sum_xc * sum_xc / sum_cc : 0.0F;
    if (gain > best_gain) {
      best_gain = gain;
      best_scale = sum_xc / sum_cc * peak;
    }
  }
  return best_scale;
}

void write_q6_k(const float* values, std::byte* block) {
  std::array<float, kNumSmallGroups> scales{};
  for (std::size_t group = 0; group < kNumSmallGroups; ++group)
    scales[group] =
        search_scale(std::span<const float, kSmallGroup>(values + group * kSmallGroup, kSmallGroup));
  const float largest = peak_of(scales);
  const float d = put_f16(largest / -128.0F, block + 208);
  std::memset(block, 0, 192);
  for (std::size_t group = 0; group < kNumSmallGroups; ++group) {
    const int scale = std::clamp(nearest(scales[group] * inverse(largest) * -128.0F), -128, 127);
    block[192 + group] = byte_of(scale);
    const float per_step = inverse(d * static_cast<float>(scale));
    for (std::size_t i = group * kSmallGroup; i < (group + 1) * kSmallGroup; ++i) {
      const int code = nearest(std::clamp(values[i] * per_step, -32.0F, 31.0F)) + 32;
      const std::size_t half = i / 128;
      const std::size_t quarter = i % 128 / 32;
      const std::size_t l = i % 32;
      block[half * 64 + quarter % 2 * 32 + l] |= byte_of((code & 15) << (quarter < 2 ? 0 : 4));
      block[128 + half * 32 + l] |= byte_of((code >> 4) << (2 * quarter));
    }
  }
}

using BlockWriter = void (*)(const float* values, std::byte* block);

BlockWriter writer_of(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return write_f32;
    case TensorType::f16:
      return write_f16;
    case TensorType::bf16:
      return write_bf16;
    case TensorType::q8_0:
      return write_q8_0;
    case TensorType::q4_0:
      return write_q4_0;
    case TensorType::q4_k:
      return write_q4_k;
    case TensorType::q5_k:
      return write_q5_k;
    case TensorType::q6_k:
      return write_q6_k;
  }
  return nullptr;
}

Result<void> check_values(TensorType type, std::span<const float> values) {
  const bool has_f16 = type != TensorType::f32 && type != TensorType::bf16;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]))
      return Error{Errc::invalid_argument, "value " + std::to_string(i) + " of the row is not finite"};
    if (has_f16 && std::abs(values[i]) > kMaxF16) {
      return Error{Errc::too_large, "value " + std::to_string(i) + " of the row is " +
                                        std::to_string(values[i]) + ", " + name_of(type) +
                                        " holds magnitudes up to 65504"};
    }
  }
  return ok();
}

}  // namespace

Result<void> quantize_row(TensorType type, std::span<const float> values, std::span<std::byte> bytes) {
  const BlockWriter write = writer_of(type);
  if (write == nullptr) return Error{Errc::unsupported, name_of(type) + " is not supported"};
  TRY(const std::uint64_t size_bytes, row_size_bytes(type, values.size()));
  if (bytes.size() != size_bytes) {
    return Error{Errc::invalid_argument, "a row of " + std::to_string(values.size()) + " values in " +
                                             name_of(type) + " has " + std::to_string(size_bytes) +
                                             " bytes, not " + std::to_string(bytes.size())};
  }
  TRY_OK(check_values(type, values));
  const BlockLayout layout = block_layout(type);
  std::byte* block = bytes.data();
  for (std::size_t i = 0; i < values.size(); i += layout.num_values) {
    write(values.data() + i, block);
    block += layout.size_bytes;
  }
  return ok();
}

std::uint16_t f16_of_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const float magnitude = std::abs(value);
  if (!(magnitude < 65520.0F)) {
    const bool is_nan = std::isnan(value);
    return static_cast<std::uint16_t>(sign | (is_nan ? 0x7E00U : 0x7C00U));
  }
  if (magnitude < 0x1p-14F) {
    // Below the smallest normal number: a fixed step of 2^-24. The result may be that number itself.
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(magnitude * 0x1p24F)));
  }
  const std::uint32_t wide = (bits & 0x7FFFFFFFU) - (112U << 23U);
  const std::uint32_t rounded = wide + 0x0FFFU + ((wide >> 13U) & 1U);
  return static_cast<std::uint16_t>(sign | (rounded >> 13U));
}

std::uint16_t bf16_of_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

}  // namespace lyceum::model
