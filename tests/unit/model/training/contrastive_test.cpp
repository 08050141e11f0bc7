#include "model/training/contrastive.hpp"

#include <cmath>

#include <gmock/gmock.h>

#include "tests/unit/model/training/training_folder.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kHidden = 8;

/// Two groups with texts of one to three tokens: query, positive, one negative.
ContrastiveBatch toy_groups() {
  ContrastiveBatch batch{.first_text = {0, 3}};
  for (const std::size_t length : {1U, 3U, 2U, 2U, 1U, 3U}) {
    batch.texts.documents.push_back({batch.texts.tokens.size(), length});
    batch.texts.tokens.resize(batch.texts.tokens.size() + length);
  }
  return batch;
}

std::vector<float> toy_states() {
  SeededNumbers numbers(9, {});
  std::vector<float> states(12 * kHidden);
  for (float& value : states) value = static_cast<float>(numbers.uniform() - 0.5);
  return states;
}

TEST(ContrastiveLoss, GradientsAgreeWithDifferences) {
  const ContrastiveConfig config{.temperature = 0.2, .hardness = 0.0, .weight = 1.0};
  const ContrastiveBatch batch = toy_groups();
  std::vector<float> states = toy_states();
  std::vector<float> gradients(states.size());
  contrastive_loss(batch, config, states, kHidden, gradients);

  constexpr float kStep = 1e-2F;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const float value = states[i];
    states[i] = value + kStep;
    const double above = contrastive_loss(batch, config, states, kHidden, {}).loss;
    states[i] = value - kStep;
    const double below = contrastive_loss(batch, config, states, kHidden, {}).loss;
    states[i] = value;
    EXPECT_NEAR(gradients[i], (above - below) / (2.0 * static_cast<double>(kStep)), 2e-3) << i;
  }
}

TEST(ContrastiveLoss, HardnessMovesTheGradientToTheNearestNegative) {
  const ContrastiveBatch batch{
      .texts = {.tokens = {0, 0, 0, 0}, .documents = {{0, 1}, {1, 1}, {2, 1}, {3, 1}}}, .first_text = {0}};
  // The query, a positive, a near and a far negative.
  const std::vector<float> states{1.0F, 0.0F, 0.9F, 0.4F, 0.8F, 0.6F, -0.6F, 0.8F};
  const auto pushed = [&](double hardness) {
    std::vector<float> gradients(states.size());
    contrastive_loss(batch, {.temperature = 1.0, .hardness = hardness}, states, 2, gradients);
    return std::pair{std::hypot(gradients[4], gradients[5]), std::hypot(gradients[6], gradients[7])};
  };

  const auto [near_alike, far_alike] = pushed(0.0);
  const auto [near_weighted, far_weighted] = pushed(5.0);

  EXPECT_GT(near_weighted, near_alike);
  EXPECT_LT(far_weighted, far_alike);
}

TEST(ContrastiveLoss, CountsQueriesWhosePositiveIsNearest) {
  const ContrastiveBatch batch{
      .texts = {.tokens = {0, 0, 0, 0}, .documents = {{0, 1}, {1, 1}, {2, 1}, {3, 1}}}, .first_text = {0, 2}};
  // The second query lies nearer to the first one's positive than to its own.
  const std::vector<float> states{1.0F, 0.0F, 0.9F, 0.1F, 1.0F, 0.1F, 0.0F, 1.0F};

  EXPECT_DOUBLE_EQ(contrastive_loss(batch, {}, states, 2, {}).first_share, 0.5);
}

class ContrastiveSamplerTest : public TrainingFolder {};

TEST_F(ContrastiveSamplerTest, GroupsAreCutToFitAndGoOnWhereTheyStood) {
  write_groups();
  const auto file = ContrastiveDataFile::open_blocking(path("train.lytp"));
  ASSERT_TRUE(file) << file.error().message;
  ContrastiveSampler first(*file, 1);
  for (int i = 0; i < 20; ++i) {
    const ContrastiveBatch batch = first.next(40, 16);
    EXPECT_LE(batch.texts.tokens.size(), 40U);
    EXPECT_GE(batch.first_text.size(), 1U);
    for (const BatchDocument& text : batch.texts.documents) EXPECT_LE(text.length, 16U);
  }
  ContrastiveSampler second(*file, 1);
  second.restore(first.pass(), first.next_group());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(first.next(40, 16).texts.tokens, second.next(40, 16).texts.tokens);
}

}  // namespace
}  // namespace lyceum::model
