#include "cli/commands/train_curves.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "base/json.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lyceum::cli {
namespace {

class TrainCurvesTest : public testing::Test {
 protected:
  void write(const std::vector<Json>& lines) const {
    std::ofstream file(folder_.path("metrics.jsonl"));
    for (const Json& line : lines) file << line.dump() << "\n";
  }

  static Json step(std::uint64_t tokens, double loss, const std::vector<double>& shares) {
    return {{"tokens", tokens}, {"loss", loss}, {"expert_shares", {shares}}};
  }

  std::string shown(std::size_t rows, bool is_json, int expected = 0) const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(train_curves({.run = folder_.path(), .rows = rows}, is_json), expected);
    return testing::internal::GetCapturedStdout();
  }

  test::TemporaryFolder folder_{};
};

TEST_F(TrainCurvesTest, ShowsTheMeanOfEachStretchAndItsLeastAndMostUsedExpert) {
  write({step(100, 4, {0.9, 0.1}),
         step(200, 2, {0.5, 0.5}),
         {{"tokens", 200}, {"by_experts", Json::object()}},
         step(300, 1, {0.5, 0.5})});

  const Json rows = Json::parse(shown(1, true)).at("rows");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("tokens"), 300);
  EXPECT_NEAR(rows[0].at("loss").get<double>(), 7.0 / 3, 1e-9);
  EXPECT_NEAR(rows[0].at("layers")[0].at("most").get<double>(), (1.8 + 1 + 1) / 3, 1e-9);
  EXPECT_NEAR(rows[0].at("layers")[0].at("least").get<double>(), (0.2 + 1 + 1) / 3, 1e-9);

  EXPECT_THAT(shown(3, false), testing::HasSubstr("0.20-1.80"));
  EXPECT_EQ(Json::parse(shown(50, true)).at("rows").size(), 3U) << "no more rows than steps";
}

TEST_F(TrainCurvesTest, ARunThatHasNotBegunIsAnError) {
  testing::internal::CaptureStderr();
  write({});
  EXPECT_TRUE(shown(3, true, 1).empty());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("no steps yet"));
}

}  // namespace
}  // namespace lyceum::cli
