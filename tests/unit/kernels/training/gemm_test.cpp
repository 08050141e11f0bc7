#include "kernels/training/gemm.hpp"

#include <gtest/gtest.h>

#include "tests/unit/kernels/training/values.hpp"

namespace lyceum::kernels::training {
namespace {

class GemmTest : public testing::TestWithParam<GemmPath> {
 protected:
  void SetUp() override {
    if (!is_available(GetParam())) GTEST_SKIP() << "this processor has no " << name_of(GetParam());
  }
};

/// Sums of `depth` products of values below 1, each rounded to f32.
double bound(std::size_t depth) {
  return static_cast<double>(depth) * static_cast<double>(depth) * 0x1p-24;
}

TEST_P(GemmTest, AProductWithATransposedWeightIsTheSumOfProducts) {
  const GemmShape shape{64, 96, 1056};  // More depth than is summed at a time.
  TestValues values(1);
  const auto a = values.take_bf16(shape.rows * shape.depth);
  const auto w = values.take_bf16(shape.columns * shape.depth);
  std::vector<Bf16> packed(w.size());
  pack_transposed(floats(w).data(), shape.depth, shape.columns, shape.depth, packed.data());
  std::vector<float> c(shape.rows * shape.columns, 1.0F);

  Gemm(GetParam())
      .multiply(shape, bf16s(a).data(), shape.depth, packed.data(), c.data(), shape.columns, true);

  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t column = 0; column < shape.columns; ++column) {
      double sum = 1.0;
      for (std::size_t i = 0; i < shape.depth; ++i)
        sum += a[row * shape.depth + i] * w[column * shape.depth + i];
      ASSERT_NEAR(c[row * shape.columns + column], sum, bound(shape.depth)) << row << ", " << column;
    }
  }
}

TEST_P(GemmTest, AProductOverRowsIsTheSumOverTokens) {
  const GemmShape shape{32, 64, 96};
  TestValues values(2);
  const auto dy = values.take_bf16(shape.depth * shape.rows);
  const auto x = values.take_bf16(shape.depth * shape.columns);
  std::vector<Bf16> packed_dy(dy.size());
  std::vector<Bf16> packed_x(x.size());
  pack(bf16s(dy).data(), shape.rows, shape.depth, shape.rows, packed_dy.data());
  pack(floats(x).data(), shape.columns, shape.depth, shape.columns, packed_x.data());
  std::vector<float> c(shape.rows * shape.columns, 5.0F);

  Gemm(GetParam())
      .multiply_transposed(shape, packed_dy.data(), packed_x.data(), c.data(), shape.columns, false);

  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t column = 0; column < shape.columns; ++column) {
      double sum = 0.0;
      for (std::size_t i = 0; i < shape.depth; ++i)
        sum += dy[i * shape.rows + row] * x[i * shape.columns + column];
      ASSERT_NEAR(c[row * shape.columns + column], sum, bound(shape.depth)) << row << ", " << column;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllPaths, GemmTest,
                         testing::Values(GemmPath::scalar, GemmPath::avx2, GemmPath::avx512,
                                         GemmPath::avx512_bf16, GemmPath::amx_bf16),
                         [](const auto& path) { return std::string(name_of(path.param)); });

TEST(Gemm, PackingBf16AndF32GivesTheSame) {
  TestValues values(3);
  const auto w = values.take_bf16(64 * 96);
  std::vector<Bf16> from_bf16(w.size());
  std::vector<Bf16> from_f32(w.size());

  pack_transposed(bf16s(w).data(), 96, 64, 96, from_bf16.data());
  pack_transposed(floats(w).data(), 96, 64, 96, from_f32.data());
  EXPECT_EQ(from_bf16, from_f32);

  pack(bf16s(w).data(), 64, 96, 64, from_bf16.data());
  pack(floats(w).data(), 64, 96, 64, from_f32.data());
  EXPECT_EQ(from_bf16, from_f32);
}

}  // namespace
}  // namespace lyceum::kernels::training
