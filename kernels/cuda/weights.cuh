#pragma once

#include "kernels/cuda/matrix_unit.cuh"
#include "kernels/weight_matrix.hpp"

// Weights as their file holds them, eight at a time. `row` is where a row begins, `first` a multiple of 8;
// inputs from `num_inputs` on are zeros. The layouts are those of kernels/reference/weight_group.cpp.
namespace lyceum::kernels::cuda {

template <Narrow kind>
LYCEUM_DEVICE std::uint32_t pair_of(float first, float second) {
  return static_cast<std::uint32_t>(narrowed(kind, first)) |
         static_cast<std::uint32_t>(narrowed(kind, second)) << 16U;
}

template <Narrow kind>
LYCEUM_DEVICE Eight eight_of(const float (&values)[8]) {
  Eight eight;
  for (int i = 0; i < 4; ++i) eight.pairs[i] = pair_of<kind>(values[2 * i], values[2 * i + 1]);
  return eight;
}

LYCEUM_DEVICE bool is_aligned_to(const void* at, std::uintptr_t bytes) {
  return reinterpret_cast<std::uintptr_t>(at) % bytes == 0;
}

/// Blocks of quantised weights lie at even addresses.
LYCEUM_DEVICE std::uint32_t half_word(const std::uint8_t* at) {
  return *reinterpret_cast<const std::uint16_t*>(at);
}

LYCEUM_DEVICE std::uint32_t word(const std::uint8_t* at) {
  return half_word(at) | half_word(at + 2) << 16U;
}

LYCEUM_DEVICE float half_at(const std::uint8_t* at) {
  return wide_f16(static_cast<std::uint16_t>(half_word(at)));
}

/// Eight values of 16 bits that are already what the matrix unit takes.
LYCEUM_DEVICE Eight load_plain(const std::uint8_t* row, int first, int num_inputs) {
  const std::uint8_t* const at = row + std::int64_t{2} * first;
  if (first + 8 <= num_inputs && is_aligned_to(at, 16)) return *reinterpret_cast<const Eight*>(at);
  Eight eight{};
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (first + i < num_inputs)
      eight.pairs[i / 2] |= half_word(at + 2 * i) << static_cast<unsigned>(i % 2 * 16);
  }
  return eight;
}

template <WeightType type>
struct Block;

template <>
struct Block<WeightType::q8_0> {
  LYCEUM_DEVICE static void load(const std::uint8_t* row, int first, float (&values)[8]) {
    const std::uint8_t* const block = row + std::int64_t{first / 32} * 34;
    const float scale = half_at(block);
    for (int half = 0; half < 2; ++half) {
      const std::uint32_t codes = word(block + 2 + first % 32 + 4 * half);
      for (int i = 0; i < 4; ++i) {
        const auto code = static_cast<std::int8_t>(codes >> static_cast<unsigned>(8 * i));
        values[4 * half + i] = scale * static_cast<float>(code);
      }
    }
  }
};

template <>
struct Block<WeightType::q4_0> {
  LYCEUM_DEVICE static void load(const std::uint8_t* row, int first, float (&values)[8]) {
    const std::uint8_t* const block = row + std::int64_t{first / 32} * 18;
    const float scale = half_at(block);
    const auto shift = static_cast<unsigned>(first % 32 / 16 * 4);
    for (int half = 0; half < 2; ++half) {
      const std::uint32_t codes = word(block + 2 + first % 16 + 4 * half) >> shift;
      for (int i = 0; i < 4; ++i) {
        const auto code = static_cast<int>(codes >> static_cast<unsigned>(8 * i) & 15U);
        values[4 * half + i] = scale * static_cast<float>(code - 8);
      }
    }
  }
};

/// Q4_K, and with kHighBits Q5_K.
template <bool kHighBits>
struct BlockOfK {
  static constexpr int kBytes = kHighBits ? 176 : 144;

  LYCEUM_DEVICE static void load(const std::uint8_t* row, int first, float (&values)[8]) {
    const std::uint8_t* const block = row + std::int64_t{first / 256} * kBytes;
    const int group = first % 256 / 32;
    const std::uint8_t* const factors = block + 4;
    std::uint32_t scale = factors[group] & 63U;
    std::uint32_t min = factors[group + 4] & 63U;
    if (group >= 4) {
      scale = (std::uint32_t{factors[group + 4]} & 15U) | (std::uint32_t{factors[group - 4]} >> 6U) << 4U;
      min = (std::uint32_t{factors[group + 4]} >> 4U) | (std::uint32_t{factors[group]} >> 6U) << 4U;
    }
    const float wide_scale = half_at(block) * static_cast<float>(scale);
    const float wide_min = half_at(block + 2) * static_cast<float>(min);
    const std::uint8_t* const codes = block + (kHighBits ? 48 : 16) + group / 2 * 32 + first % 32;
    const auto shift = static_cast<unsigned>(group % 2 * 4);
    for (int half = 0; half < 2; ++half) {
      std::uint32_t bits = word(codes + 4 * half) >> shift & 0x0F0F0F0FU;
      if constexpr (kHighBits)
        bits |= (word(block + 16 + first % 32 + 4 * half) >> static_cast<unsigned>(group) & 0x01010101U)
                << 4U;
      for (int i = 0; i < 4; ++i) {
        const std::uint32_t code = bits >> static_cast<unsigned>(8 * i) & 255U;
        values[4 * half + i] = wide_scale * static_cast<float>(code) - wide_min;
      }
    }
  }
};

template <>
struct Block<WeightType::q4_k> : BlockOfK<false> {};

template <>
struct Block<WeightType::q5_k> : BlockOfK<true> {};

template <>
struct Block<WeightType::q6_k> {
  LYCEUM_DEVICE static void load(const std::uint8_t* row, int first, float (&values)[8]) {
    const std::uint8_t* const block = row + std::int64_t{first / 256} * 210;
    const int at = first % 256;
    const int half_block = at / 128;
    const int quarter = at % 128 / 32;
    const float scale =
        half_at(block + 208) * static_cast<float>(static_cast<std::int8_t>(block[192 + at / 16]));
    const std::uint8_t* const low = block + half_block * 64 + quarter % 2 * 32 + at % 32;
    const std::uint8_t* const high = block + 128 + half_block * 32 + at % 32;
    for (int half = 0; half < 2; ++half) {
      const std::uint32_t bits = (word(low + 4 * half) >> (quarter < 2 ? 0U : 4U) & 0x0F0F0F0FU) |
                                 (word(high + 4 * half) >> static_cast<unsigned>(2 * quarter) & 0x03030303U)
                                     << 4U;
      for (int i = 0; i < 4; ++i) {
        const auto code = static_cast<int>(bits >> static_cast<unsigned>(8 * i) & 255U);
        values[4 * half + i] = scale * static_cast<float>(code - 32);
      }
    }
  }
};

/// Whether the file has what the matrix unit takes.
template <WeightType type, Narrow kind>
constexpr bool is_plain() {
  return type == WeightType::bf16 || (type == WeightType::f16 && kind == Narrow::f16);
}

/// What the matrix unit takes of any type but F32. Rows of quantised types end with a whole block, so that
/// `first` is within.
template <WeightType type, Narrow kind>
LYCEUM_DEVICE Eight load_eight(const std::uint8_t* row, int first, int num_inputs) {
  if constexpr (is_plain<type, kind>()) {
    return load_plain(row, first, num_inputs);
  } else if constexpr (type == WeightType::f16) {
    const Eight halves = load_plain(row, first, num_inputs);
    Eight eight;
    for (int i = 0; i < 4; ++i)
      eight.pairs[i] = pair_of<kind>(wide_f16(static_cast<std::uint16_t>(halves.pairs[i])),
                                     wide_f16(static_cast<std::uint16_t>(halves.pairs[i] >> 16U)));
    return eight;
  } else {
    float values[8];
    Block<type>::load(row, first, values);
    return eight_of<kind>(values);
  }
}

/// One weight of any type as f32, for embeddings and where a row is wanted whole.
LYCEUM_DEVICE float load_one(WeightType type, const std::uint8_t* row, int index) {
  float values[8];
  switch (type) {
    case WeightType::f32:
      return reinterpret_cast<const float*>(row)[index];
    case WeightType::f16:
      return half_at(row + std::int64_t{2} * index);
    case WeightType::bf16:
      return wide_bf16(static_cast<std::uint16_t>(half_word(row + std::int64_t{2} * index)));
    case WeightType::q8_0:
      Block<WeightType::q8_0>::load(row, index / 8 * 8, values);
      break;
    case WeightType::q4_0:
      Block<WeightType::q4_0>::load(row, index / 8 * 8, values);
      break;
    case WeightType::q4_k:
      Block<WeightType::q4_k>::load(row, index / 8 * 8, values);
      break;
    case WeightType::q5_k:
      Block<WeightType::q5_k>::load(row, index / 8 * 8, values);
      break;
    case WeightType::q6_k:
      Block<WeightType::q6_k>::load(row, index / 8 * 8, values);
      break;
  }
  return values[index % 8];
}

LYCEUM_BOTH std::int64_t row_bytes_of(WeightType type, int num_inputs) {
  switch (type) {
    case WeightType::f32:
      return std::int64_t{4} * num_inputs;
    case WeightType::f16:
    case WeightType::bf16:
      return std::int64_t{2} * num_inputs;
    case WeightType::q8_0:
      return std::int64_t{num_inputs / 32} * 34;
    case WeightType::q4_0:
      return std::int64_t{num_inputs / 32} * 18;
    case WeightType::q4_k:
      return std::int64_t{num_inputs / 256} * 144;
    case WeightType::q5_k:
      return std::int64_t{num_inputs / 256} * 176;
    case WeightType::q6_k:
      return std::int64_t{num_inputs / 256} * 210;
  }
  return 0;
}

}  // namespace lyceum::kernels::cuda
