#include <gtest/gtest.h>

#include "kernels/training/adamw.hpp"
#include "kernels/training/cross_entropy.hpp"
#include "kernels/training/expert_layer.hpp"
#include "kernels/training/normalization.hpp"
#include "kernels/training/packed_attention.hpp"
#include "kernels/training/reference.hpp"
#include "kernels/training/vectors.hpp"
#include "tests/unit/kernels/training/values.hpp"

// Goal: the fast operations mean what the reference means. Method: inputs that bf16 holds exactly; the result
// in double; the error of a vector stays within what rounding its values to bf16 (2^-9 each) explains.
namespace lyceum::kernels::training {
namespace {

constexpr double kRounded = 0x1p-8;
constexpr double kExact = 1e-5;

using Values = std::vector<double>;

TEST(TrainingOperations, RmsNormIsTheReference) {
  constexpr std::size_t kRows = 5;
  constexpr std::size_t kDim = 48;
  constexpr float kEpsilon = 1e-3F;
  TestValues values(1);
  const Values x = values.take(kRows * kDim);
  const Values weight = values.take(kDim);
  const Values dy = values.take(kRows * kDim);
  Values y(x.size());
  Values dx(x.size());
  Values dweight(kDim);
  reference::rms_norm<double>(x, weight, 1e-3, y);
  reference::rms_norm_backward<double>(x, weight, 1e-3, dy, dx, dweight);
  std::vector<Bf16> fast_y(x.size());
  std::vector<float> inverse(kRows);
  std::vector<float> fast_dx(x.size());
  std::vector<float> fast_dweight(kDim);

  rms_norm_forward(floats(x).data(), floats(weight), kEpsilon, kRows, fast_y.data(), inverse.data());
  rms_norm_backward(floats(x).data(), floats(weight), inverse.data(), floats(dy).data(), kRows,
                    fast_dx.data(), fast_dweight.data());

  EXPECT_LT(relative_error(doubles(fast_y), y), kRounded);
  EXPECT_LT(relative_error(doubles(fast_dx), dx), kExact);
  EXPECT_LT(relative_error(doubles(fast_dweight), dweight), kExact);
}

TEST(TrainingOperations, HeadsAreNormalisedTurnedAndScaledAsInTheReference) {
  constexpr std::size_t kRows = 9;
  constexpr std::size_t kDim = 32;
  constexpr std::size_t kStride = 96;
  TestValues values(2);
  const Values x = values.take_bf16(kRows * kDim);
  const Values weight = values.take(kDim);
  const Values dy = values.take(kRows * kDim);
  std::vector<float> cosines;
  std::vector<float> sines;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t i = 0; i < kDim / 2; ++i) {
      const double angle =
          static_cast<double>(row) * std::pow(10000.0, -static_cast<double>(i) / (kDim / 2.0));
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  Values y(x.size());
  reference::rms_norm<double>(x, weight, 1e-6, y);
  reference::rope<double>(kDim, 10000.0, 1.0, y);
  for (double& value : y) value *= 0.25;
  Values turned = dy;
  for (double& value : turned) value *= 0.25;
  reference::rope<double>(kDim, 10000.0, -1.0, turned);
  Values dx(x.size());
  Values dweight(kDim);
  reference::rms_norm_backward<double>(x, weight, 1e-6, turned, dx, dweight);
  std::vector<Bf16> strided(kRows * kStride);
  for (std::size_t i = 0; i < x.size(); ++i)
    strided[i / kDim * kStride + i % kDim] = bf16_of(static_cast<float>(x[i]));
  std::vector<Bf16> fast_y(x.size());
  std::vector<Bf16> fast_dx(strided.size());
  std::vector<float> fast_dweight(kDim);

  head_norm_rope_forward(strided.data(), kStride, floats(weight), 1e-6F, {cosines.data(), sines.data()},
                         0.25F, kRows, fast_y.data());
  head_norm_rope_backward(strided.data(), kStride, floats(weight), 1e-6F, {cosines.data(), sines.data()},
                          0.25F, kRows, floats(dy).data(), fast_dx.data(), fast_dweight.data());

  Values dense_dx;
  for (std::size_t i = 0; i < x.size(); ++i)
    dense_dx.push_back(static_cast<double>(f32_of(fast_dx[i / kDim * kStride + i % kDim])));
  EXPECT_LT(relative_error(doubles(fast_y), y), kRounded);
  EXPECT_LT(relative_error(dense_dx, dx), kRounded);
  EXPECT_LT(relative_error(doubles(fast_dweight), dweight), kExact);
}

struct AttentionCase {
  std::size_t num_rows;
  bool is_causal;
};

class DocumentAttentionTest : public testing::TestWithParam<AttentionCase> {};

TEST_P(DocumentAttentionTest, OutputAndGradientsAreTheReference) {
  constexpr std::size_t kDim = 32;
  constexpr std::size_t kOutStride = 64;
  const auto [num_rows, is_causal] = GetParam();
  const AttentionExtents extents{num_rows, kDim, 1, is_causal};
  TestValues values(3);
  const Values queries = values.take_bf16(num_rows * kDim);
  const Values keys = values.take_bf16(num_rows * kDim);
  const Values weights = values.take_bf16(num_rows * kDim);
  const Values dout = values.take_bf16(num_rows * kDim);
  Values out(queries.size());
  Values dqueries(queries.size());
  Values dkeys(queries.size());
  Values dvalues(queries.size());
  reference::attention<double>(kDim, is_causal, 1.0, queries, keys, weights, out);
  reference::attention_backward<double>(kDim, is_causal, 1.0, queries, keys, weights, dout,
                                        {dqueries, dkeys, dvalues});
  const std::size_t padded = extents.padded_rows() * kDim;
  const auto pad = [&](const Values& rows) {
    std::vector<Bf16> result = bf16s(rows);
    result.resize(padded);
    return result;
  };
  std::vector<Bf16> fast_out(num_rows * kOutStride);
  std::vector<float> log_sums(num_rows);
  std::vector<float> fast_dqueries(padded);
  std::vector<float> fast_dkeys(padded);
  std::vector<float> fast_dvalues(padded);
  const Gemm gemm(best_gemm_path());
  AttentionScratch scratch;
  DocumentAttention attention(gemm, extents, scratch);

  attention.take_keys(pad(keys).data(), pad(weights).data());
  attention.forward(pad(queries).data(), fast_out.data(), kOutStride, log_sums.data());
  attention.backward(pad(queries).data(), fast_out.data(), kOutStride, log_sums.data(), pad(dout).data(),
                     {fast_dqueries.data(), fast_dkeys.data(), fast_dvalues.data()});

  Values dense_out;
  for (std::size_t i = 0; i < out.size(); ++i)
    dense_out.push_back(static_cast<double>(f32_of(fast_out[i / kDim * kOutStride + i % kDim])));
  EXPECT_LT(relative_error(dense_out, out), 2 * kRounded);
  EXPECT_LT(relative_error(doubles(fast_dvalues), dvalues), 2 * kRounded);
  if (num_rows == 1) return;  // One key has a share of 1 whatever its score: no gradient.
  EXPECT_LT(relative_error(doubles(fast_dqueries), dqueries), 4 * kRounded);
  EXPECT_LT(relative_error(doubles(fast_dkeys), dkeys), 4 * kRounded);
}

INSTANTIATE_TEST_SUITE_P(Lengths, DocumentAttentionTest,
                         testing::Values(AttentionCase{1, true}, AttentionCase{31, true},
                                         AttentionCase{32, true}, AttentionCase{100, true},
                                         AttentionCase{33, false}, AttentionCase{64, false}));

TEST(TrainingOperations, SwigluIsTheReference) {
  constexpr std::size_t kInner = 32;
  TestValues values(4);
  const Values both = values.take_bf16(2 * kInner);
  const Values gate(both.begin(), both.begin() + kInner);
  const Values up(both.begin() + kInner, both.end());
  const Values dinner = values.take(kInner);
  Values inner(kInner);
  Values dboth(2 * kInner);
  reference::swiglu<double>(gate, up, inner);
  reference::swiglu_backward<double>(gate, up, dinner, std::span(dboth).first(kInner),
                                     std::span(dboth).last(kInner));
  const SwigluRows rows{1, kInner, 2 * kInner, kInner};
  std::vector<Bf16> kept(2 * kInner);
  std::vector<Bf16> fast_inner(kInner);
  std::vector<Bf16> again(kInner);
  std::vector<Bf16> gradient(2 * kInner);

  swiglu_forward(rows, floats(both).data(), 2 * kInner, kept.data(), fast_inner.data());
  swiglu_backward(rows, kept.data(), floats(dinner).data(), kInner, gradient.data(), again.data());

  EXPECT_LT(relative_error(doubles(fast_inner), inner), kRounded);
  EXPECT_EQ(again, fast_inner);
  EXPECT_LT(relative_error(doubles(gradient), dboth), kRounded);
}

TEST(TrainingOperations, RoutingIsTheReference) {
  const RouterExtents extents{
      .num_tokens = 3, .num_hidden = 32, .num_experts = 5, .top_k = 2, .route_stride = 4};
  TestValues values(5);
  const Values x = values.take_bf16(3 * 32);
  const Values router = values.take(5 * 32);
  const Values dweights = values.take(3 * 4);
  const Values shares = values.take(5);
  std::vector<float> probabilities(3 * 5);
  std::vector<float> log_sums(3);
  std::vector<std::int32_t> experts(3 * 4);
  std::vector<float> weights(3 * 4);
  std::vector<float> dlogits(3 * 5);
  std::vector<float> dx(3 * 32);
  std::vector<float> drouter(5 * 32);
  const RouterState state{probabilities.data(), log_sums.data(), experts.data(), weights.data()};
  const std::vector<float> float_shares = floats(shares);

  route_forward(extents, {0, 3}, bf16s(x).data(), floats(router).data(), state);
  route_backward(extents, {0, 3}, state, {0.5F, 0.25F, float_shares}, floats(dweights).data(),
                 dlogits.data());
  route_backward_input(extents, {0, 3}, dlogits.data(), floats(router).data(), dx.data());
  for (std::size_t expert = 0; expert < 5; ++expert)
    route_backward_weight(extents, expert, dlogits.data(), bf16s(x).data(), drouter.data() + expert * 32);

  Values logits(3 * 5);
  reference::matmul<double>(32, 5, x, router, logits);
  Values balance = shares;
  for (double& value : balance) value *= 0.5 * 5.0 / 3.0;
  Values expected(3 * 5);
  for (std::size_t token = 0; token < 3; ++token) {
    const auto route = reference::route<double>(std::span<const double>(logits).subspan(token * 5, 5), 2);
    for (std::size_t rank = 0; rank < 2; ++rank) {
      EXPECT_EQ(experts[token * 4 + rank], static_cast<std::int32_t>(route.experts[rank]));
      EXPECT_NEAR(weights[token * 4 + rank], route.weights[rank], 1e-5);
    }
    reference::route_backward<double>(route, std::span(dweights).subspan(token * 4, 2), balance, 0.25 / 3.0,
                                      std::span(expected).subspan(token * 5, 5));
  }
  EXPECT_LT(relative_error(doubles(dlogits), expected), kExact);
  Values expected_dx(3 * 32);
  Values expected_drouter(5 * 32);
  reference::matmul_backward<double>(32, 5, x, router, expected, expected_dx, expected_drouter);
  EXPECT_LT(relative_error(doubles(dx), expected_dx), kExact);
  EXPECT_LT(relative_error(doubles(drouter), expected_drouter), kExact);
}

TEST(TrainingOperations, EqualProbabilitiesChooseTheLowestExperts) {
  const RouterExtents extents{
      .num_tokens = 1, .num_hidden = 16, .num_experts = 4, .top_k = 3, .route_stride = 3};
  const std::vector<Bf16> x(16);
  const std::vector<float> router(4 * 16);
  std::vector<float> probabilities(4);
  float log_sum = 0.0F;
  std::vector<std::int32_t> experts(3);
  std::vector<float> weights(3);

  route_forward(extents, {0, 1}, x.data(), router.data(),
                {probabilities.data(), &log_sum, experts.data(), weights.data()});

  EXPECT_EQ(experts, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST(TrainingOperations, CrossEntropyIsTheReference) {
  TestValues values(6);
  Values logits = values.take(64);
  for (double& value : logits) value *= 20.0;
  Values dlogits(64);
  reference::cross_entropy_backward<double>(logits, 7, 0.5, dlogits);
  std::vector<float> row = floats(logits);
  std::vector<Bf16> gradient(64);

  const RowLoss loss = cross_entropy_row(row.data(), 64, 7, 0.5F, gradient.data());

  EXPECT_NEAR(loss.loss, reference::cross_entropy(std::span<const double>(logits), 7), 1e-4);
  EXPECT_LT(relative_error(doubles(gradient), dlogits), kRounded);
  const auto highest =
      static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
  std::vector<float> again = floats(logits);
  EXPECT_FALSE(loss.is_highest);
  EXPECT_TRUE(cross_entropy_row(again.data(), 64, highest, 1.0F, nullptr).is_highest);
}

TEST(TrainingOperations, AdamwFollowsThePaper) {
  constexpr double kRate = 0.1;
  constexpr double kDecay = 0.01;
  TestValues values(7);
  Values parameter = values.take(16);
  std::vector<float> fast = floats(parameter);
  std::vector<float> first(16);
  std::vector<float> second(16);
  Values m(16);
  Values v(16);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    const Values gradient = values.take(16);
    AdamwStep options;
    options.step = step;
    options.learning_rate = static_cast<float>(kRate);
    options.weight_decay = static_cast<float>(kDecay);
    options.gradient_scale = 0.5F;

    adamw(options, 16, floats(gradient).data(), fast.data(), first.data(), second.data());

    for (std::size_t i = 0; i < 16; ++i) {
      const double g = 0.5 * gradient[i];
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.95 * v[i] + 0.05 * g * g;
      const double count = static_cast<double>(step);
      parameter[i] -= kRate * (m[i] / (1.0 - std::pow(0.9, count)) /
                                   (std::sqrt(v[i] / (1.0 - std::pow(0.95, count))) + 1e-8) +
                               kDecay * parameter[i]);
    }
  }
  EXPECT_LT(relative_error(doubles(fast), parameter), kExact);
}

}  // namespace
}  // namespace lyceum::kernels::training
