#include "model/training/batch_sampler.hpp"

#include <map>

#include <gmock/gmock.h>

#include "tests/unit/model/training/training_folder.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

class BatchSamplerTest : public TrainingFolder {
 protected:
  void SetUp() override {
    TrainingFolder::SetUp();
    auto file = TrainingDataFile::open_blocking(path("train.lytd"));
    ASSERT_TRUE(file);
    data_ = std::make_unique<TrainingDataFile>(std::move(*file));
  }

  BatchSampler sampler(const TrainConfig& config) const {
    auto sampler = BatchSampler::create(*data_, kinds_, config);
    EXPECT_TRUE(sampler);
    return std::move(*sampler);
  }

  std::unique_ptr<TrainingDataFile> data_{};
};

TEST_F(BatchSamplerTest, BatchesHoldWholePiecesWithinTheirLimits) {
  BatchSampler sampler = this->sampler(config());
  for (int i = 0; i < 50; ++i) {
    const TokenBatch batch = sampler.next(500);
    EXPECT_LE(batch.tokens.size(), 128U);
    std::size_t end = 0;
    for (const BatchDocument& document : batch.documents) {
      EXPECT_EQ(document.first, end);
      EXPECT_LE(document.length, 64U);
      end += document.length;
    }
    EXPECT_EQ(end, batch.tokens.size());
    for (const Prediction& prediction : batch.predictions)
      EXPECT_EQ(prediction.target, batch.tokens[prediction.row + 1]);
  }
}

TEST_F(BatchSamplerTest, TheMixtureHoldsAndAPhaseHasItsOwn) {
  BatchSampler sampler = this->sampler(config());
  for (const Prediction& prediction : sampler.next(0).predictions) EXPECT_EQ(prediction.kind, 0);
  std::map<int, double> tokens;
  for (int i = 0; i < 100; ++i) {
    const TokenBatch batch = sampler.next(300);
    std::map<std::size_t, int> kind_at;
    for (const Prediction& prediction : batch.predictions) kind_at[prediction.row] = prediction.kind;
    for (const BatchDocument& document : batch.documents) {
      const auto found = kind_at.lower_bound(document.first);
      tokens[found->second] += static_cast<double>(document.length);
    }
  }
  EXPECT_NEAR(tokens[0] / tokens[1], 1.0, 0.02);
}

TEST_F(BatchSamplerTest, ATasksPredictionsShareItsWeight) {
  BatchSampler sampler = this->sampler(config());
  double weight = 0.0;
  std::size_t count = 0;
  for (int i = 0; i < 20; ++i) {
    for (const Prediction& prediction : sampler.next(300).predictions) {
      if (prediction.kind == 0) EXPECT_EQ(prediction.weight, 1.0F);
      if (prediction.kind == 1) weight += static_cast<double>(prediction.weight);
      if (prediction.kind == 1) ++count;
    }
  }
  EXPECT_NEAR(weight / static_cast<double>(count), 5.0, 1e-6);  // One prediction a task in this data.
}

TEST_F(BatchSamplerTest, AnAsideIsPredictedAndNotRead) {
  const std::vector<std::uint16_t> tokens{1, 2, 7, 3, 8};
  const std::vector<std::uint8_t> weights{0, 0, kAside, 0, kAside};
  TokenBatch batch;

  append_document({.tokens = tokens, .weights = weights, .kind = 3}, 4.0F, batch);

  EXPECT_THAT(batch.tokens, testing::ElementsAre(1, 2, 3));
  ASSERT_EQ(batch.documents.size(), 1U);
  EXPECT_EQ(batch.documents[0].length, 3U);
  ASSERT_EQ(batch.predictions.size(), 2U);
  EXPECT_EQ(batch.predictions[0].row, 1U);
  EXPECT_EQ(batch.predictions[0].target, 7U);
  EXPECT_EQ(batch.predictions[1].row, 2U);
  EXPECT_EQ(batch.predictions[1].target, 8U);
  EXPECT_EQ(batch.predictions[1].weight, 2.0F);
}

TEST_F(BatchSamplerTest, ARestoredSamplerGoesOnWhereItStood) {
  BatchSampler first = sampler(config());
  for (int i = 0; i < 30; ++i) first.next(300);
  const Json position = first.position();
  BatchSampler second = sampler(config());
  ASSERT_TRUE(second.restore(position));

  for (int i = 0; i < 30; ++i) EXPECT_EQ(first.next(400).tokens, second.next(400).tokens);
}

TEST_F(BatchSamplerTest, ANewMixtureOwesNothingToTheOldOne) {
  BatchSampler first = sampler(config());
  for (int i = 0; i < 30; ++i) first.next(300);
  TrainConfig other = config();
  other.phases[1].mixture = {{"language", 1.0}, {"task", 3.0}};
  BatchSampler second = sampler(other);
  ASSERT_TRUE(second.restore(first.position()));

  std::size_t num_language = 0;
  for (int i = 0; i < 3; ++i) {
    for (const Prediction& prediction : second.next(400).predictions) num_language += prediction.kind == 0;
  }
  EXPECT_GT(num_language, 0U);
}

TEST_F(BatchSamplerTest, AnotherSeedDrawsAnotherOrder) {
  TrainConfig other = config();
  other.seed = 2;

  EXPECT_NE(sampler(config()).next(0).tokens, sampler(other).next(0).tokens);
}

TEST_F(BatchSamplerTest, APartWithoutDataIsNamed) {
  TrainConfig other = config();
  other.phases[0].mixture["nothing"] = 1.0;

  const auto sampler = BatchSampler::create(*data_, kinds_, other);

  ASSERT_FALSE(sampler);
  EXPECT_THAT(sampler.error().message, HasSubstr("nothing"));
}

}  // namespace
}  // namespace lyceum::model
