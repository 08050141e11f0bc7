#include "model/training/decoder.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "kernels/training/adamw.hpp"
#include "model/training/seeded.hpp"
#include "tests/unit/model/training/reference_decoder.hpp"

namespace lyceum::model {
namespace {

DecoderShape toy_shape() {
  return {.vocabulary_size = 64,
          .context_length = 64,
          .num_hidden = 32,
          .num_layers = 2,
          .num_heads = 2,
          .num_kv_heads = 1,
          .head_dim = 32,
          .num_experts = 4,
          .num_inner = 32};
}

/// Documents of 40, 1, 7 and 27 tokens; every second token is predicted, with different weights.
TokenBatch toy_batch() {
  SeededNumbers numbers(5, {});
  TokenBatch batch;
  for (const std::size_t length : {40U, 1U, 7U, 27U}) {
    const std::size_t first = batch.tokens.size();
    batch.documents.push_back({first, length});
    for (std::size_t i = 0; i < length; ++i) {
      batch.tokens.push_back(static_cast<std::uint16_t>(numbers.below(64)));
      if (i % 2 == 1)
        batch.predictions.push_back({first + i - 1, batch.tokens.back(), 0, i % 4 == 1 ? 1.0F : 3.0F});
    }
  }
  return batch;
}

/// Larger than a training's first weights, so that routing and attention are far from uniform.
std::vector<float> toy_parameters() {
  std::vector<float> parameters = initial_parameters(toy_shape(), 3);
  for (float& value : parameters) {
    if (value != 1.0F) value *= 2.0F;
  }
  return parameters;
}

double length_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

constexpr RouterLossWeights kRouterLoss{.balance = 0.05F, .z = 0.02F};

TEST(ReferenceDecoder, GradientsAgreeWithDifferencesInDouble) {
  ReferenceDecoder decoder(toy_shape());
  const ParameterLayout layout(toy_shape());
  const TokenBatch batch = toy_batch();
  const PassOptions options{.experts_per_layer = {1, 3}};
  const std::vector<float> narrow = toy_parameters();
  std::vector<double> parameters(narrow.begin(), narrow.end());
  std::vector<double> gradients(parameters.size());
  decoder.loss(parameters, batch, options, kRouterLoss, &gradients);

  for (const ParameterTensor& tensor : layout.tensors()) {
    // Along the gradient itself; small enough that no token chooses another expert.
    const auto gradient = std::span(gradients).subspan(tensor.offset, tensor.size());
    const double length = length_of(gradient);
    const double step = 1e-6 / length;
    std::vector<double> moved = parameters;
    double sides[2] = {};
    for (const int side : {0, 1}) {
      for (std::size_t i = 0; i < tensor.size(); ++i)
        moved[tensor.offset + i] = parameters[tensor.offset + i] + (side == 0 ? step : -step) * gradient[i];
      sides[side] = decoder.loss(moved, batch, options, kRouterLoss, nullptr);
    }
    const double derivative = (sides[0] - sides[1]) / (2.0 * step);
    EXPECT_NEAR(derivative / (length * length), 1.0, 1e-4) << tensor.name;
  }
}

struct PassCase {
  std::vector<std::size_t> experts{};
  bool is_causal = true;
};

class DecoderPassTest : public testing::TestWithParam<PassCase> {};

// Goal: every gradient of the fast decoder is that of the reference within what bf16 explains. Method: all
// experts in use, or so many tokens alike that none chooses otherwise for a rounding.
TEST_P(DecoderPassTest, LossAndEveryGradientAreTheReference) {
  kernels::WorkerPool workers(2);
  Decoder decoder(toy_shape(), kernels::training::best_gemm_path(), workers, 128, 4);
  const TokenBatch batch = toy_batch();
  const PassOptions options{GetParam().experts, GetParam().is_causal};
  const std::vector<float> parameters = toy_parameters();
  std::vector<float> gradients(parameters.size());
  ReferenceDecoder reference(toy_shape());
  std::vector<double> expected(parameters.size());
  const double expected_loss =
      reference.loss({parameters.begin(), parameters.end()}, batch, options, kRouterLoss, &expected);

  decoder.take_parameters(parameters);
  const RoutingReport routing = decoder.forward(batch, options);
  const PredictionReport report = decoder.predict(batch, gradients);
  decoder.backward(batch, options, kRouterLoss, gradients);

  const double loss = report.loss + static_cast<double>(kRouterLoss.balance) * routing.balance +
                      static_cast<double>(kRouterLoss.z) * routing.z;
  EXPECT_NEAR(loss, expected_loss, 0.01);
  for (const ParameterTensor& tensor : decoder.layout().tensors()) {
    const auto wanted = std::span(expected).subspan(tensor.offset, tensor.size());
    std::vector<double> difference;
    for (std::size_t i = 0; i < tensor.size(); ++i)
      difference.push_back(static_cast<double>(gradients[tensor.offset + i]) - wanted[i]);
    EXPECT_LT(length_of(difference) / length_of(wanted), 0.05) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, DecoderPassTest,
                         testing::Values(PassCase{{4, 4}, true}, PassCase{{4, 4}, false}));

TEST(Decoder, OneBatchIsLearnedByHeart) {
  kernels::WorkerPool workers(1);
  Decoder decoder(toy_shape(), kernels::training::best_gemm_path(), workers, 128, 2);
  const TokenBatch batch = toy_batch();
  const PassOptions options{.experts_per_layer = {2, 1}};
  std::vector<float> parameters = initial_parameters(toy_shape(), 1);
  std::vector<float> first(parameters.size());
  std::vector<float> second(parameters.size());
  double loss = 0.0;
  for (std::uint64_t step = 1; step <= 150; ++step) {
    std::vector<float> gradients(parameters.size());
    decoder.take_parameters(parameters);
    decoder.forward(batch, options);
    loss = decoder.predict(batch, gradients).loss;
    decoder.backward(batch, options, {}, gradients);
    kernels::training::AdamwStep update;
    update.step = step;
    update.learning_rate = 0.01F;
    kernels::training::adamw(update, parameters.size(), gradients.data(), parameters.data(), first.data(),
                             second.data());
  }
  EXPECT_LT(loss, 0.02);
}

TEST(Decoder, TheNumberOfWorkersChangesNoBit) {
  const TokenBatch batch = toy_batch();
  const PassOptions options{.experts_per_layer = {2, 3}};
  const std::vector<float> parameters = toy_parameters();
  std::vector<std::vector<float>> results;
  for (const std::size_t num_workers : {1U, 3U}) {
    kernels::WorkerPool workers(num_workers);
    Decoder decoder(toy_shape(), kernels::training::best_gemm_path(), workers, 128, 4);
    std::vector<float>& gradients = results.emplace_back(parameters.size());
    decoder.take_parameters(parameters);
    decoder.forward(batch, options);
    decoder.predict(batch, gradients);
    decoder.backward(batch, options, kRouterLoss, gradients);
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Decoder, ADocumentDoesNotSeeItsNeighbours) {
  kernels::WorkerPool workers(1);
  Decoder decoder(toy_shape(), kernels::training::best_gemm_path(), workers, 128, 2);
  const std::vector<float> parameters = toy_parameters();
  const PassOptions options{.experts_per_layer = {2, 2}};
  TokenBatch batch = toy_batch();
  decoder.take_parameters(parameters);
  decoder.forward(batch, options);
  const std::vector<float> before = decoder.logits();

  for (std::size_t i = 0; i < 40; ++i)
    batch.tokens[i] = static_cast<std::uint16_t>((batch.tokens[i] + 1) % 64);
  decoder.forward(batch, options);
  const std::vector<float> after = decoder.logits();

  const auto last_document = static_cast<std::ptrdiff_t>(batch.documents.back().first * 64);
  EXPECT_TRUE(std::equal(before.begin() + last_document, before.end(), after.begin() + last_document));
  EXPECT_FALSE(std::equal(before.begin(), before.begin() + 64, after.begin()));
}

}  // namespace
}  // namespace lyceum::model
