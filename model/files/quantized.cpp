#include "model/files/quantized.hpp"

#include <bit>
#include <cstring>
#include <limits>

namespace lyceum::model {
namespace {

constexpr std::size_t kSuperBlock = 256;
constexpr std::size_t kKScaleBytes = 12;

struct KnownType {
  TensorType type{};
  const char* name = "";
  BlockLayout layout{};
};

constexpr TensorType number(std::uint32_t value) {
  return static_cast<TensorType>(value);
}

/// Every type of the format, so that a file with tensors that this engine cannot use can still be checked and
/// described.
constexpr KnownType kKnownTypes[] = {
    {TensorType::f32, "F32", {1, 4}},
    {TensorType::f16, "F16", {1, 2}},
    {TensorType::q4_0, "Q4_0", {32, 18}},
    {number(3), "Q4_1", {32, 20}},
    {number(6), "Q5_0", {32, 22}},
    {number(7), "Q5_1", {32, 24}},
    {TensorType::q8_0, "Q8_0", {32, 34}},
    {number(9), "Q8_1", {32, 36}},
    {number(10), "Q2_K", {256, 84}},
    {number(11), "Q3_K", {256, 110}},
    {TensorType::q4_k, "Q4_K", {256, 144}},
    {TensorType::q5_k, "Q5_K", {256, 176}},
    {TensorType::q6_k, "Q6_K", {256, 210}},
    {number(15), "Q8_K", {256, 292}},
    {number(16), "IQ2_XXS", {256, 66}},
    {number(17), "IQ2_XS", {256, 74}},
    {number(18), "IQ3_XXS", {256, 98}},
    {number(19), "IQ1_S", {256, 50}},
    {number(20), "IQ4_NL", {32, 18}},
    {number(21), "IQ3_S", {256, 110}},
    {number(22), "IQ2_S", {256, 82}},
    {number(23), "IQ4_XS", {256, 136}},
    {number(24), "I8", {1, 1}},
    {number(25), "I16", {1, 2}},
    {number(26), "I32", {1, 4}},
    {number(27), "I64", {1, 8}},
    {number(28), "F64", {1, 8}},
    {number(29), "IQ1_M", {256, 56}},
    {TensorType::bf16, "BF16", {1, 2}},
    {number(34), "TQ1_0", {256, 54}},
    {number(35), "TQ2_0", {256, 66}},
    {number(39), "MXFP4", {32, 17}},
};

const KnownType* find_type(TensorType type) {
  for (const KnownType& known : kKnownTypes) {
    if (known.type == type) return &known;
  }
  return nullptr;
}

std::uint8_t byte_at(const std::byte* at) {
  return std::to_integer<std::uint8_t>(*at);
}

std::int8_t signed_at(const std::byte* at) {
  return std::bit_cast<std::int8_t>(*at);
}

std::uint16_t u16_at(const std::byte* at) {
  std::uint16_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

float f16_at(const std::byte* at) {
  return float_of_f16(u16_at(at));
}

void read_f32(const std::byte* block, float* values) {
  std::memcpy(values, block, sizeof(float));
}

void read_f16(const std::byte* block, float* values) {
  *values = f16_at(block);
}

void read_bf16(const std::byte* block, float* values) {
  *values = float_of_bf16(u16_at(block));
}

void read_q8_0(const std::byte* block, float* values) {
  const float d = f16_at(block);
  for (std::size_t i = 0; i < 32; ++i) values[i] = d * static_cast<float>(signed_at(block + 2 + i));
}

void read_q4_0(const std::byte* block, float* values) {
  const float d = f16_at(block);
  for (std::size_t i = 0; i < 16; ++i) {
    const int q = byte_at(block + 2 + i);
    values[i] = d * static_cast<float>((q & 15) - 8);
    values[i + 16] = d * static_cast<float>((q >> 4) - 8);
  }
}

struct ScaleAndMin {
  float scale = 0;
  float min = 0;
};

/// The pairs 0 to 3 lie in the low six bits of bytes 0 to 7; pairs 4 to 7 have their low four bits in bytes 8
/// to 11 and their high two in the upper bits of bytes 0 to 7.
ScaleAndMin k_scale(const std::byte* scales, std::size_t pair) {
  const auto at = [scales](std::size_t i) -> unsigned { return byte_at(scales + i); };
  if (pair < 4) return {static_cast<float>(at(pair) & 63U), static_cast<float>(at(pair + 4) & 63U)};
  return {static_cast<float>((at(pair + 4) & 15U) | ((at(pair - 4) >> 6U) << 4U)),
          static_cast<float>((at(pair + 4) >> 4U) | ((at(pair) >> 6U) << 4U))};
}

/// Q4_K, and with `high_bits` Q5_K.
void read_k_block(const std::byte* block, const std::byte* high_bits, const std::byte* nibbles,
                  float* values) {
  const float d = f16_at(block);
  const float m = f16_at(block + 2);
  for (std::size_t pair = 0; pair < 8; ++pair) {
    const ScaleAndMin factors = k_scale(block + 4, pair);
    const float scale = d * factors.scale;
    const float min = m * factors.min;
    const unsigned shift = pair % 2 == 0 ? 0 : 4;
    for (std::size_t i = 0; i < 32; ++i) {
      unsigned q = (byte_at(nibbles + pair / 2 * 32 + i) >> shift) & 15U;
      if (high_bits != nullptr) q |= ((byte_at(high_bits + i) >> pair) & 1U) << 4U;
      values[pair * 32 + i] = scale * static_cast<float>(q) - min;
    }
  }
}

void read_q4_k(const std::byte* block, float* values) {
  read_k_block(block, nullptr, block + 4 + kKScaleBytes, values);
}

void read_q5_k(const std::byte* block, float* values) {
  const std::byte* high_bits = block + 4 + kKScaleBytes;
  read_k_block(block, high_bits, high_bits + 32, values);
}

void read_q6_k(const std::byte* block, float* values) {
  const std::byte* scales = block + 192;
  const float d = f16_at(block + 208);
  for (std::size_t i = 0; i < kSuperBlock; ++i) {
    const std::size_t half = i / 128;
    const std::size_t quarter = i % 128 / 32;
    const std::size_t l = i % 32;
    const unsigned low = (byte_at(block + half * 64 + quarter % 2 * 32 + l) >> (quarter < 2 ? 0U : 4U)) & 15U;
    const unsigned high = (byte_at(block + 128 + half * 32 + l) >> (2 * quarter)) & 3U;
    const int q = static_cast<int>(low | (high << 4U)) - 32;
    values[i] = d * static_cast<float>(signed_at(scales + i / 16)) * static_cast<float>(q);
  }
}

using BlockReader = void (*)(const std::byte* block, float* values);

BlockReader reader_of(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return read_f32;
    case TensorType::f16:
      return read_f16;
    case TensorType::bf16:
      return read_bf16;
    case TensorType::q8_0:
      return read_q8_0;
    case TensorType::q4_0:
      return read_q4_0;
    case TensorType::q4_k:
      return read_q4_k;
    case TensorType::q5_k:
      return read_q5_k;
    case TensorType::q6_k:
      return read_q6_k;
  }
  return nullptr;
}

}  // namespace

bool is_supported(TensorType type) {
  return reader_of(type) != nullptr;
}

std::string name_of(TensorType type) {
  const KnownType* known = find_type(type);
  return known != nullptr ? known->name : "type " + std::to_string(static_cast<std::uint32_t>(type));
}

BlockLayout block_layout(TensorType type) {
  const KnownType* known = find_type(type);
  return known != nullptr ? known->layout : BlockLayout{};
}

Result<std::uint64_t> row_size_bytes(TensorType type, std::uint64_t num_values) {
  const BlockLayout layout = block_layout(type);
  if (layout.num_values == 0) return Error{Errc::unsupported, name_of(type) + " has no known layout"};
  if (num_values % layout.num_values != 0) {
    return Error{Errc::invalid_argument, "a row of " + std::to_string(num_values) +
                                             " values is no multiple of " + name_of(type) + "'s block of " +
                                             std::to_string(layout.num_values)};
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::uint64_t num_blocks = num_values / layout.num_values;
  if (num_blocks > kMax / layout.size_bytes) {
    return Error{Errc::too_large, "a row of " + std::to_string(num_values) + " values overflows"};
  }
  return num_blocks * layout.size_bytes;
}

Result<void> dequantize_row(TensorType type, std::span<const std::byte> bytes, std::span<float> values) {
  const BlockReader read = reader_of(type);
  if (read == nullptr) return Error{Errc::unsupported, name_of(type) + " is not supported"};
  TRY(const std::uint64_t size_bytes, row_size_bytes(type, values.size()));
  if (bytes.size() != size_bytes) {
    return Error{Errc::invalid_argument, "a row of " + std::to_string(values.size()) + " values in " +
                                             name_of(type) + " has " + std::to_string(size_bytes) +
                                             " bytes, not " + std::to_string(bytes.size())};
  }
  const BlockLayout layout = block_layout(type);
  const std::byte* block = bytes.data();
  for (std::size_t i = 0; i < values.size(); i += layout.num_values) {
    read(block, values.data() + i);
    block += layout.size_bytes;
  }
  return ok();
}

}  // namespace lyceum::model
