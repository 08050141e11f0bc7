#include "model/training/train_config.hpp"

#include <gmock/gmock.h>

namespace lyceum::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Json minimal() {
  return {{"data", "data"}, {"run", "run"}, {"phases", {{{"tokens", 100}, {"mixture", {{"language", 1}}}}}}};
}

std::string error_of(const Json& config) {
  const auto result = read_train_config(config);
  return result ? "" : result.error().message;
}

TEST(TrainConfig, WhatIsNotGivenHasADefault) {
  const auto config = read_train_config(minimal());

  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->shape, DecoderShape{});
  EXPECT_EQ(config->num_tokens(), 100U);
  EXPECT_EQ(config->experts.max, 4U);
}

TEST(TrainConfig, AWrongFieldIsNamed) {
  Json config = minimal();
  config["model"] = {{"hidden", 100}};
  EXPECT_THAT(error_of(config), HasSubstr("hidden is 100"));
  config = minimal();
  config["modell"] = 1;
  EXPECT_THAT(error_of(config), HasSubstr("modell"));
  config = minimal();
  config["phases"][0]["mixture"]["language"] = -1;
  EXPECT_THAT(error_of(config), HasSubstr("phases[0].mixture.language"));
  config = minimal();
  config["phases"][0]["mixture"] = Json::object();
  EXPECT_THAT(error_of(config), HasSubstr("phases[0].mixture names nothing"));
  config = minimal();
  config["experts"] = {{"fixed", {1, 2}}};
  EXPECT_THAT(error_of(config), HasSubstr("experts.fixed"));
  config = minimal();
  config["batch_tokens"] = 512;
  EXPECT_THAT(error_of(config), HasSubstr("batch_tokens"));
}

TEST(TrainConfig, ConstantRateWarmsUpAndDecaysAtTheEnd) {
  const LearningRate rate{.peak = 1.0, .final_share = 0.1, .warmup_tokens = 100, .decay_share = 0.2};

  EXPECT_LT(rate.at(0, 1000), 0.02);
  EXPECT_DOUBLE_EQ(rate.at(100, 1000), 1.0);
  EXPECT_DOUBLE_EQ(rate.at(800, 1000), 1.0);
  EXPECT_NEAR(rate.at(900, 1000), 0.55, 1e-9);
  EXPECT_NEAR(rate.at(1000, 1000), 0.1, 1e-9);
}

TEST(TrainConfig, CosineRateEndsAtItsFinalShare) {
  const LearningRate rate{.peak = 2.0, .final_share = 0.5, .is_cosine = true};

  EXPECT_DOUBLE_EQ(rate.at(0, 1000), 2.0);
  EXPECT_NEAR(rate.at(500, 1000), 1.5, 1e-9);
  EXPECT_NEAR(rate.at(1000, 1000), 1.0, 1e-9);
}

TEST(TrainConfig, ExpertsAreDrawnEvenlyForEachLayerAndStep) {
  const ExpertSchedule schedule{.min = 1, .max = 4};
  std::vector<int> counts(5);
  for (std::uint64_t step = 0; step < 1000; ++step) {
    for (const std::size_t k : schedule.draw(1, step, 0.0, 4)) ++counts[k];
  }

  EXPECT_EQ(counts[0], 0);
  for (std::size_t k = 1; k <= 4; ++k) EXPECT_NEAR(counts[k], 1000, 100);
  EXPECT_EQ(schedule.draw(1, 7, 0.0, 4), schedule.draw(1, 7, 0.5, 4));
}

TEST(TrainConfig, LowLayersAreDenseUntilTheSwitch) {
  const ExpertSchedule schedule{
      .min = 1, .max = 2, .num_dense_layers = 2, .num_dense_experts = 8, .dense_until = 0.9};
  const ExpertSchedule sparse{.min = 1, .max = 2};

  const auto early = schedule.draw(3, 5, 0.89, 4);
  const auto late = schedule.draw(3, 5, 0.9, 4);

  EXPECT_EQ(early[0], 8U);
  EXPECT_EQ(early[1], 8U);
  EXPECT_EQ(schedule.highest(), 8U);
  EXPECT_EQ(late, sparse.draw(3, 5, 0.9, 4));
}

TEST(TrainConfig, FixedExpertsAreNotDrawn) {
  const ExpertSchedule schedule{.fixed = {1, 3}};

  EXPECT_THAT(schedule.draw(1, 1, 0.0, 2), ElementsAre(1, 3));
  EXPECT_EQ(schedule.highest(), 3U);
}

TEST(TrainConfig, AShapeReadsBackAsItWasWritten) {
  const DecoderShape shape{.vocabulary_size = 96, .num_hidden = 64, .num_experts = 5};

  const auto again = read_decoder_shape(to_json(shape));

  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, shape);
}

TEST(TrainConfig, AMixtureNameCoversItsKinds) {
  EXPECT_TRUE(covers("language", "language.wikipedia"));
  EXPECT_TRUE(covers("span", "span"));
  EXPECT_FALSE(covers("lang", "language.wikipedia"));
}

}  // namespace
}  // namespace lyceum::model
