#include "model/training/trainer.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "model/training.hpp"
#include "tests/unit/model/training/training_folder.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

class TrainerTest : public TrainingFolder {
 protected:
  void SetUp() override {
    TrainingFolder::SetUp();
    auto file = TrainingDataFile::open_blocking(path("train.lytd"));
    ASSERT_TRUE(file);
    data_ = std::make_unique<TrainingDataFile>(std::move(*file));
    write_groups();
    auto groups = ContrastiveDataFile::open_blocking(path("train.lytp"));
    ASSERT_TRUE(groups);
    groups_ = std::make_unique<ContrastiveDataFile>(std::move(*groups));
  }

  std::unique_ptr<Trainer> trainer(const TrainConfig& config) const {
    auto trainer =
        Trainer::create(config, {data_.get(), groups_.get(), kinds_}, kernels::training::best_gemm_path());
    EXPECT_TRUE(trainer);
    return std::move(*trainer);
  }

  std::string written_config(const Json& json) const {
    std::ofstream(path("config.json")) << json.dump();
    return path("config.json");
  }

  std::unique_ptr<TrainingDataFile> data_{};
  std::unique_ptr<ContrastiveDataFile> groups_{};
};

TEST_F(TrainerTest, TheSameSeedGivesTheSameBitsForAnyNumberOfThreads) {
  TrainConfig parallel = config();
  parallel.num_threads = 3;
  const auto one = trainer(config());
  const auto many = trainer(parallel);
  for (int step = 0; step < 5; ++step) {
    one->run_step();
    many->run_step();
  }
  EXPECT_EQ(one->parameters(), many->parameters());
  EXPECT_NE(one->parameters(), initial_parameters(config().shape, 1));
}

TEST_F(TrainerTest, ARunGoesOnFromItsCheckpointToTheBit) {
  TrainConfig config = this->config();
  config.contrastive.every = 3;
  const auto unbroken = trainer(config);
  const auto broken = trainer(config);
  for (int step = 0; step < 4; ++step) {
    unbroken->run_step();
    broken->run_step();
  }
  ASSERT_TRUE(write_checkpoint_blocking(broken->checkpoint(), path("a.lytc")));
  auto checkpoint = read_checkpoint_blocking(path("a.lytc"));
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto continued = trainer(config);
  ASSERT_TRUE(continued->restore(std::move(*checkpoint)));

  for (int step = 0; step < 4; ++step) {
    const StepReport expected = unbroken->run_step();
    const StepReport report = continued->run_step();
    EXPECT_EQ(report.predictions.loss, expected.predictions.loss);
    EXPECT_EQ(report.experts_per_layer, expected.experts_per_layer);
  }
  EXPECT_EQ(continued->parameters(), unbroken->parameters());
}

TEST_F(TrainerTest, GroupsAreLearnedEveryThirdStep) {
  TrainConfig config = this->config();
  config.contrastive.every = 3;
  const auto trainer = this->trainer(config);
  double first = 0.0;
  double last = 0.0;
  for (int step = 1; step <= 150; ++step) {
    const StepReport report = trainer->run_step();
    EXPECT_EQ(report.contrastive.num_groups > 0, step % 3 == 0);
    if (step == 3) first = report.contrastive.loss;
    if (step == 150) last = report.contrastive.loss;
  }
  EXPECT_LT(last, 0.5 * first);
}

TEST_F(TrainerTest, AFileThatIsNoCheckpointIsRefused) {
  const auto some = trainer(config());
  ASSERT_TRUE(write_checkpoint_blocking(some->checkpoint(), path("a.lytc")));
  std::filesystem::resize_file(path("a.lytc"), std::filesystem::file_size(path("a.lytc")) - 4);
  EXPECT_THAT(read_checkpoint_blocking(path("a.lytc")).error().message, HasSubstr("expected"));
  EXPECT_EQ(read_checkpoint_blocking(path("train.lytd")).error().code, Errc::malformed);
}

TEST_F(TrainerTest, ACheckpointOfAnotherShapeIsRefused) {
  TrainConfig other = config();
  other.shape.num_experts = 5;

  EXPECT_EQ(trainer(config())->restore(trainer(other)->checkpoint()).error().code, Errc::invalid_argument);
}

TEST_F(TrainerTest, AStoppedRunResumesToTheSameEndAsAnUnstoppedOne) {
  Json whole = config_json();
  whole["run"] = path("whole");
  ASSERT_TRUE(train_blocking({.config = written_config(whole)}));
  int num_asked = 0;
  const std::string parts = written_config(config_json());

  ASSERT_TRUE(train_blocking({.config = parts, .should_stop = [&] { return ++num_asked > 3; }}));
  EXPECT_EQ(train_blocking({.config = parts}).error().code, Errc::conflict);
  ASSERT_TRUE(train_blocking({.config = parts, .resumes = true}));

  const auto expected = read_checkpoint_blocking(*newest_checkpoint_blocking(path("whole")));
  const auto resumed = read_checkpoint_blocking(*newest_checkpoint_blocking(path("run")));
  ASSERT_TRUE(expected);
  ASSERT_TRUE(resumed);
  EXPECT_GE(resumed->num_tokens, 1000U);
  EXPECT_EQ(resumed->step, expected->step);
  EXPECT_EQ(resumed->parameters, expected->parameters);
}

TEST_F(TrainerTest, MetricsAreOneJsonObjectALine) {
  ASSERT_TRUE(train_blocking({.config = written_config(config_json())}));
  std::ifstream metrics(path("run") + "/metrics.jsonl");
  std::vector<Json> lines;
  for (std::string line; std::getline(metrics, line);) lines.push_back(Json::parse(line));

  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines.front()["event"], "start");
  EXPECT_EQ(lines.back()["event"], "validation");
  EXPECT_TRUE(lines.back()["by_experts"]["4"]["task"]["loss"].is_number());
}

TEST_F(TrainerTest, OldCheckpointsAreDeleted) {
  for (std::uint64_t step = 8; step <= 12; ++step)
    std::ofstream(checkpoint_path(folder_.path(), step)) << "x";

  prune_checkpoints_blocking(folder_.path(), 2);

  EXPECT_FALSE(std::filesystem::exists(checkpoint_path(folder_.path(), 10)));
  EXPECT_TRUE(std::filesystem::exists(checkpoint_path(folder_.path(), 11)));
  EXPECT_EQ(newest_checkpoint_blocking(folder_.path()), checkpoint_path(folder_.path(), 12));
}

}  // namespace
}  // namespace lyceum::model
