#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "kernels/small_floats.hpp"

/// Element types of GGUF tensors and their block layouts. All are little endian; a block is stored without
/// padding, and a row is a whole number of blocks.
///
///   type  values  bytes  layout of a block (d, m: F16)
///   Q8_0      32     34  d; 32 x int8 q                          value = d * q
///   Q4_0      32     18  d; 16 bytes, value i in the low and     value = d * (q - 8)
///                        value i + 16 in the high nibble of byte i
///   Q4_K     256    144  d, m; 12 bytes with 8 pairs of 6-bit    value = d * scale * q - m * min
///                        (scale, min), one pair per 32 values; 128 bytes: of 64 values the first 32 in the
///                        low, the other 32 in the high nibbles of 32 bytes
///   Q5_K     256    176  as Q4_K, with 32 bytes between scales and nibbles that hold the fifth bits: bit
///                        2 g of byte i belongs to value 64 g + i, bit 2 g + 1 to value 64 g + 32 + i
///   Q6_K     256    210  128 bytes of low nibbles, 64 bytes of   value = d * scale * (q - 32)
///                        high bit pairs, 16 x int8 scale (one per 16 values), d. Of each 128 values: low
///                        bits of value l, l + 32 (next 32 bytes) in low nibbles, l + 64, l + 96 in high
///                        nibbles; the four pairs of high bits of these in byte l, lowest first
/// Source: ggml's ggml-common.h and dequantize_row_* in ggml-quants.c.
namespace lyceum::model {

/// The numbers are the file format's. Those that this engine computes with; a file may hold others.
enum class TensorType : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q8_0 = 8,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  bf16 = 30,
};

/// True for the enumerators of TensorType.
bool is_supported(TensorType type);

/// The format's name ("Q4_K"), also of types that the format knows and this engine does not; "type 77" else.
std::string name_of(TensorType type);

/// How many values a block holds and in how many bytes. Zeros for a number that the format does not know.
struct BlockLayout {
  std::size_t num_values = 0;
  std::size_t size_bytes = 0;
};

BlockLayout block_layout(TensorType type);

/// Bytes of a row of `num_values` values. invalid_argument when that is not a whole number of blocks,
/// unsupported for a type without a known layout, too_large when it does not fit in 63 bits.
Result<std::uint64_t> row_size_bytes(TensorType type, std::uint64_t num_values);

/// Writes the values of one row exactly as the format defines them: products and sums in F32, in the order
/// given above. `bytes` must be the row's size (checked). invalid_argument when sizes do not fit,
/// unsupported for a type outside TensorType. Needs no alignment.
Result<void> dequantize_row(TensorType type, std::span<const std::byte> bytes, std::span<float> values);

using kernels::float_of_bf16;
using kernels::float_of_f16;

}  // namespace lyceum::model
