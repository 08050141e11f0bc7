// Goal: the kernels of every instruction set give the bits of the reference, for odd sizes, alone and in any
// batch, with any number of threads. Method: both as Operations on the same random input, compared as bits.
#include "kernels/operations.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "kernels/cpu/isa.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/matmul.hpp"
#include "kernels/rms_norm.hpp"
#include "tests/unit/kernels/emulated_tile_kernels.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

/// Kernels of an instruction set, perhaps with other tiles.
struct Variant {
  const char* name;
  Isa isa;
  const cpu::TileKernels* tiles = nullptr;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

constexpr std::array kVariants {
  Variant{"portable", Isa::portable}, Variant{"avx2", Isa::avx2}, Variant{"avx512", Isa::avx512},
      Variant{"amx", Isa::amx}, Variant{"portable_emulating_tiles", Isa::portable, &cpu::kEmulatedTiles},
#if defined(__x86_64__)
      Variant{"avx512_emulating_tiles", Isa::avx512, &cpu::kEmulatedTilesAvx512},
#endif
};
constexpr std::array kTypes{WeightType::f32,  WeightType::f16,  WeightType::bf16, WeightType::q8_0,
                            WeightType::q4_0, WeightType::q4_k, WeightType::q5_k, WeightType::q6_k};

testing::AssertionResult have_same_bits(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size())
    return testing::AssertionFailure() << a.size() << " and " << b.size() << " values";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]))
      return testing::AssertionFailure() << "value " << i << ": " << a[i] << " and " << b[i];
  }
  return testing::AssertionSuccess();
}

class OperationsOfIsa : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    const auto& [name, isa, tiles] = GetParam();
    const auto available = available_isas();
    if (std::ranges::find(available, isa) == available.end())
      GTEST_SKIP() << "this processor lacks " << name_of(isa);
    table = cpu::kernels_of(isa);
    if (tiles != nullptr) table.tiles = tiles;
    one_thread = std::make_unique<cpu::CpuOperations>(table, 1);
    three_threads = std::make_unique<cpu::CpuOperations>(table, 3);
  }

  testing::AssertionResult gives_the_bits_of_the_reference(const WeightMatrix& weight,
                                                           std::span<const float> x) {
    const std::size_t num_tokens = x.size() / weight.num_inputs;
    std::vector<float> expected(num_tokens * weight.num_outputs);
    reference::matmul(num_tokens, x, weight, expected);
    for (Operations* operations : {one_thread.get(), three_threads.get()}) {
      std::vector<float> y(expected.size(), 9.0F);
      const Product product{weight, y};
      operations->matmul(num_tokens, x, {&product, 1});
      if (const auto same = have_same_bits(y, expected); !same) return same;
    }
    return testing::AssertionSuccess();
  }

  cpu::KernelTable table{};
  std::unique_ptr<Operations> one_thread{};
  std::unique_ptr<Operations> three_threads{};
  std::unique_ptr<Operations> specification = make_reference_operations();
};

TEST_P(OperationsOfIsa, MultiplyAllTypesToTheBit) {
  std::uint64_t seed = 0;
  for (const WeightType type : kTypes) {
    // Depths of one block, of a part of a panel and of more than one; rows around lanes and panels.
    const std::size_t block =
        std::max<std::size_t>(weight_block(type).num_values, is_quantized(type) ? 32 : 5);
    for (const std::size_t depth : {block, 3 * block, 1280 / block * block, 7 * block}) {
      for (const std::size_t num_outputs : {1U, 15U, 33U, 70U, 130U}) {
        for (const std::size_t num_tokens : {1U, 2U, 3U, 4U, 19U}) {
          const auto w = random_matrix(type, depth, num_outputs, ++seed);
          const auto x = random_values(num_tokens * depth, ++seed);
          ASSERT_TRUE(gives_the_bits_of_the_reference(w.view, x))
              << "type " << static_cast<int>(type) << ", " << depth << " inputs, " << num_outputs
              << " outputs, " << num_tokens << " tokens";
        }
      }
    }
  }
}

// Goal: tiles of tokens and of rows, full and in part, over one step of their depth and several.
TEST_P(OperationsOfIsa, MultiplyManyTokensToTheBit) {
  std::uint64_t seed = 1000;
  for (const WeightType type : kTypes) {
    if (!is_quantized(type)) continue;
    const std::size_t block = weight_block(type).num_values;
    for (const std::size_t depth : {block, 768 / block * block + block}) {
      for (const auto& [num_tokens, num_outputs] :
           {std::pair{16U, 15U}, {17U, 130U}, {45U, 33U}, {64U, 16U}}) {
        const auto w = random_matrix(type, depth, num_outputs, ++seed);
        const auto x = random_values(num_tokens * depth, ++seed);
        EXPECT_TRUE(gives_the_bits_of_the_reference(w.view, x))
            << "type " << static_cast<int>(type) << ", " << depth << " inputs, " << num_outputs
            << " outputs, " << num_tokens << " tokens";
      }
    }
  }
}

TEST_P(OperationsOfIsa, MultiplySeveralMatricesOfDifferentTypesAtOnce) {
  const auto a = random_matrix(WeightType::q8_0, 256, 100, 1);
  const auto b = random_matrix(WeightType::f32, 256, 3, 2);
  const auto c = random_matrix(WeightType::q6_k, 256, 65, 3);
  const auto x = random_values(4 * 256, 4);
  std::vector<std::vector<float>> expected;
  std::vector<std::vector<float>> y;
  std::vector<Product> products;
  for (const RandomMatrix* w : {&a, &b, &c}) {
    reference::matmul(4, x, w->view, expected.emplace_back(4 * w->view.num_outputs));
    y.emplace_back(4 * w->view.num_outputs);
    products.push_back({w->view, y.back()});
  }
  three_threads->matmul(4, x, products);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(have_same_bits(y[i], expected[i])) << i;
}

TEST_P(OperationsOfIsa, MultiplyExtremeCodesAndActivations) {
  for (const std::size_t num_tokens : {1U, 16U}) {
    // Q8_0 has -128, and products must not saturate.
    auto w = random_matrix(WeightType::q8_0, 64, 16, 1);
    for (std::size_t at = 0; at < w.bytes.size(); ++at) {
      if (at % 34 >= 2) w.bytes[at] = static_cast<std::byte>(at % 3 == 0 ? 127 : 128);
    }
    std::vector<float> x(num_tokens * 64, 1.0F);
    x[40] = -1.0F;
    EXPECT_TRUE(gives_the_bits_of_the_reference(w.view, x)) << num_tokens << " tokens";

    // Activations too small for a scale.
    x.assign(num_tokens * 64, 1e-44F);
    EXPECT_TRUE(gives_the_bits_of_the_reference(w.view, x)) << num_tokens << " tokens";

    // The largest codes, scales and minimums, and the lowest codes with scales of either sign.
    for (const WeightType type : {WeightType::q4_k, WeightType::q5_k, WeightType::q6_k}) {
      for (const int byte : {0xFF, 0x7F, 0x80, 0x00}) {
        auto k = random_matrix(type, 256, 16, 2);
        const std::size_t codes = type == WeightType::q6_k ? 0 : 4;
        for (std::size_t row = 0; row < 16; ++row)
          std::memset(k.bytes.data() + row * k.view.row_bytes() + codes, byte,
                      k.view.row_bytes() - (codes == 0 ? 2 : codes));
        x.assign(num_tokens * 256, 1.0F);
        EXPECT_TRUE(gives_the_bits_of_the_reference(k.view, x)) << static_cast<int>(type) << ", " << byte;
        x.assign(num_tokens * 256, -1.0F);
        EXPECT_TRUE(gives_the_bits_of_the_reference(k.view, x)) << static_cast<int>(type) << ", " << byte;
      }
    }
  }
}

TEST_P(OperationsOfIsa, NormaliseAndGateRowsToTheBit) {
  for (const std::size_t size : {1U, 15U, 64U, 77U, 1030U}) {
    const auto x = random_values(11 * size, 6);
    const auto weight = random_values(size, 7);
    std::vector<float> expected(x.size());
    std::vector<float> y(x.size());
    specification->rms_norm(x, weight, 1e-6F, expected);
    three_threads->rms_norm(x, weight, 1e-6F, y);
    EXPECT_TRUE(have_same_bits(y, expected)) << size;
  }
  // All of the exponential's range, with its ends.
  std::vector<float> gate = random_values(5000, 8);
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= i % 2 == 0 ? 100.0F : 3.0F;
  const std::array ends{0.0F, -0.0F, 87.33F, -87.33F, 88.72F, -88.73F, 1e30F, -1e30F};
  std::ranges::copy(ends, gate.begin());
  const auto up = random_values(gate.size(), 9);
  std::vector<float> expected = gate;
  specification->swiglu(expected, up);
  three_threads->swiglu(gate, up);
  EXPECT_TRUE(have_same_bits(gate, expected));
}

/// A sequence's keys and values in pages.
struct Sequence {
  std::vector<std::vector<float>> pages{};
  std::vector<const float*> key_pages{};
  std::vector<const float*> value_pages{};

  Sequence(const AttentionShape& shape, std::size_t num_keys, std::uint64_t seed) {
    for (std::size_t page = 0; page * kAttentionPage < num_keys; ++page) {
      pages.push_back(random_values(kAttentionPage * shape.key_stride, ++seed * 100));
      key_pages.push_back(pages.back().data());
    }
    for (std::size_t page = 0; page * kAttentionPage < num_keys; ++page) {
      pages.push_back(random_values(kAttentionPage * shape.value_stride, ++seed * 100));
      value_pages.push_back(pages.back().data());
    }
  }
};

TEST_P(OperationsOfIsa, AttendToTheBitAloneAndTogether) {
  const std::array shapes{AttentionShape{4, 2, 24, 20, 48, 40, 0.8F},
                          AttentionShape{2, 2, 128, 128, 256, 256, 0.1F},
                          AttentionShape{3, 1, 70, 64, 70, 64, 1.0F}};
  for (const AttentionShape& shape : shapes) {
    const Sequence left(shape, 140, 1);
    const Sequence right(shape, 64, 2);
    const std::size_t query_size = shape.num_heads * shape.key_dim;
    const std::size_t out_size = shape.num_heads * shape.value_dim;
    // Neighbours of one sequence, across the ends of pages, then another sequence.
    const std::vector<std::size_t> num_keys{1, 2, 3, 62, 63, 64, 65, 66, 127, 128, 129, 140, 1, 5, 64};
    const auto queries = random_values(num_keys.size() * query_size, 12);
    std::vector<float> together(num_keys.size() * out_size);
    std::vector<AttentionQuery> asked;
    for (std::size_t i = 0; i < num_keys.size(); ++i) {
      const Sequence& sequence = i < 12 ? left : right;
      asked.push_back({std::span(queries).subspan(i * query_size, query_size),
                       {sequence.key_pages, sequence.value_pages, num_keys[i]},
                       std::span(together).subspan(i * out_size, out_size)});
    }
    three_threads->attention(shape, asked);
    for (std::size_t i = 0; i < num_keys.size(); ++i) {
      std::vector<float> expected(out_size);
      std::vector<float> alone(out_size);
      const AttentionQuery exact{asked[i].query, asked[i].seen, expected};
      const AttentionQuery single{asked[i].query, asked[i].seen, alone};
      specification->attention(shape, {&exact, 1});
      one_thread->attention(shape, {&single, 1});
      EXPECT_TRUE(have_same_bits(alone, expected)) << num_keys[i] << " keys";
      EXPECT_TRUE(have_same_bits(asked[i].out, expected)) << num_keys[i] << " keys";
    }
  }
}

TEST_P(OperationsOfIsa, MixExpertsToTheBit) {
  for (const WeightType type : kTypes) {
    const ExpertsShape shape{5, 256, is_quantized(type) ? 256U : 90U};
    const auto gate = random_matrix(type, shape.num_hidden, 5 * shape.num_inner, 31);
    const auto up = random_matrix(type, shape.num_hidden, 5 * shape.num_inner, 32);
    const auto down = random_matrix(type, shape.num_inner, 5 * shape.num_hidden, 33);
    // Small enough for a gate that does not saturate.
    auto x = random_values(23 * shape.num_hidden, 34);
    for (float& value : x) value *= 1e-3F;
    std::vector<std::size_t> first{0};
    std::vector<std::int32_t> experts;
    // Token 3 uses no expert, the others one to three; expert 4 is used by none.
    for (std::size_t token = 0; token < 23; ++token) {
      for (std::size_t rank = 0; token != 3 && rank < 1 + token % 3; ++rank)
        experts.push_back(static_cast<std::int32_t>((token * 7 + rank) % 4));
      first.push_back(experts.size());
    }
    const auto weights = random_values(experts.size(), 35);
    const ExpertRoutes routes{first, experts, weights};
    std::vector<float> expected(x.size());
    specification->moe_experts(shape, {gate.view, up.view, down.view}, routes, x, expected);
    for (Operations* operations : {one_thread.get(), three_threads.get()}) {
      std::vector<float> y(x.size(), 9.0F);
      operations->moe_experts(shape, {gate.view, up.view, down.view}, routes, x, y);
      EXPECT_TRUE(have_same_bits(y, expected)) << static_cast<int>(type);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, OperationsOfIsa, testing::ValuesIn(kVariants),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lyceum::kernels
