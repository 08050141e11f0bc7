#include "cli/eval/figures.hpp"

#include <cmath>

#include <gmock/gmock.h>

namespace lyceum::cli {
namespace {

const std::vector<ChoiceOutcome> kOutcomes{
    {.right = "a", .chosen = "a", .confidence = 0.95},
    {.right = "a", .chosen = "a", .confidence = 0.95},
    {.right = "a", .chosen = "b", .confidence = 0.55},
    {.right = "b", .chosen = "b", .confidence = 0.55},
};

TEST(Figures, AccuracyIsTheShareOfRightChoices) {
  EXPECT_DOUBLE_EQ(accuracy(kOutcomes), 0.75);
  EXPECT_DOUBLE_EQ(accuracy({}), 0);
}

TEST(Figures, MacroF1WeighsLabelsAlike) {
  // a: precision 1, recall 2/3; b: precision 1/2, recall 1.
  EXPECT_NEAR(macro_f1(kOutcomes), (0.8 + 2.0 / 3) / 2, 1e-12);
}

TEST(Figures, CalibrationErrorComparesConfidenceWithAccuracyByBin) {
  // Bin 0.9: 2 of 2 right at 0.95. Bin 0.5: 1 of 2 right at 0.55.
  EXPECT_NEAR(calibration_error(kOutcomes), (2 * 0.05 + 2 * 0.05) / 4, 1e-12);
}

TEST(Figures, AreaUnderTheCurveCountsTiesHalf) {
  EXPECT_DOUBLE_EQ(area_under_curve({0.9, 0.5}, {0.5, 0.1}), (1 + 1 + 0.5 + 1) / 4);
}

TEST(Figures, AnswersAreComparedWithoutCaseArticlesAndPunctuation) {
  EXPECT_DOUBLE_EQ(exact_match("The Eiffel Tower.", {"Paris", "eiffel tower"}), 1);
  EXPECT_DOUBLE_EQ(exact_match("Eiffel", {"eiffel tower"}), 0);
  EXPECT_NEAR(token_f1("the Eiffel", {"Paris", "Eiffel tower"}), 2.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(token_f1("", {"Paris"}), 0);
}

TEST(Figures, GainIsDiscountedByRankAndMeasuredAgainstTheBestRanking) {
  const double second = 1 / std::log2(3.0);

  EXPECT_NEAR(ndcg_at_10({"x", "a"}, {"a"}), second, 1e-12);
  EXPECT_NEAR(ndcg_at_10({"b", "a"}, {"a", "b"}), 1, 1e-12);
  EXPECT_DOUBLE_EQ(ndcg_at_10({"x"}, {"a"}), 0);
  EXPECT_DOUBLE_EQ(recall_at({"x", "a", "b"}, {"a", "b"}, 2), 0.5);
}

TEST(Figures, FusionAddsStandardisedScores) {
  const auto fused = fused_scores({0, 0, 3}, {1, 0, 0}, 0.5);

  EXPECT_GT(fused[2], fused[0]);
  EXPECT_GT(fused[0], fused[1]);
  EXPECT_NEAR(fused[0] + fused[1] + fused[2], 0, 1e-12);
}

TEST(Figures, ScoresThatAllAgreeDoNotChangeTheOther) {
  const auto fused = fused_scores({2, 2, 2}, {0, 1, 2}, 1);

  EXPECT_LT(fused[0], fused[1]);
  EXPECT_LT(fused[1], fused[2]);
}

}  // namespace
}  // namespace lyceum::cli
