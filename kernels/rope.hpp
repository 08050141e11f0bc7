#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace lyceum::kernels {

/// Which two values of a head turn together.
enum class RopePairs {
  adjacent,    ///< 2i and 2i + 1 (LLaMA, DeepSeek)
  half_split,  ///< i and i + dims / 2 (Qwen, OLMo: "NeoX")
};

/// Stretches a model to `factor` times the context it was trained on: slow pairs are interpolated, fast ones
/// kept. Source: Peng et al. 2023, arXiv:2309.00071, eq. 17-23.
struct Yarn {
  double original_context;  ///< Tokens, > 0
  double beta_fast = 32.0;  ///< Turns within the original context above which a pair is kept
  double beta_slow = 1.0;   ///< … below which it is interpolated in full
};

struct RopeParameters {
  std::size_t dims;                   ///< Even; the values of a head that turn
  double base = 10000.0;              ///< > 1
  double factor = 1.0;                ///< >= 1; positions are divided by it (in part with YaRN)
  std::optional<Yarn> yarn{};         ///< Absent: every pair is interpolated
  std::span<const float> divisors{};  ///< Of each pair's frequency; empty or dims / 2 values > 0
};

/// Radians that each pair turns by a position, [dims / 2], computed in double.
/// Source: Su et al. 2021, arXiv:2104.09864, eq. 15.
std::vector<double> rope_frequencies(const RopeParameters& parameters);

/// cos and sin of the angles of `position`, as `reference::rope` defines them: [dims / 2] each.
struct RopeTurn {
  std::span<const float> cosines{};
  std::span<const float> sines{};
};

void rope_factors(std::span<const double> frequencies, double magnitude, std::size_t position,
                  std::span<float> cosines, std::span<float> sines);

/// `reference::rope` with the factors of a position computed before, for all heads and layers at once.
void turn_head(const RopeTurn& turn, RopePairs pairs, std::span<float> head);

namespace reference {

/// Turns the first 2 * frequencies.size() values of `head` to `position`, in place.
///
/// Order: angle = position * frequency in double; cos and sin by the C library in double, each multiplied by
/// `magnitude` and rounded to f32; x' = x cos - y sin, y' = x sin + y cos in f32.
void rope(std::span<const double> frequencies, RopePairs pairs, double magnitude, std::size_t position,
          std::span<float> head);

}  // namespace reference
}  // namespace lyceum::kernels
