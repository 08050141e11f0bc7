#include "model/speed.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/model/architectures/tiny_model.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

class MeasureSpeed : public testing::Test {
 protected:
  MeasureSpeed() { std::ofstream(path, std::ios::binary) << TinyModel().bytes(); }

  ~MeasureSpeed() override { std::filesystem::remove(path); }

  const std::string path = testing::TempDir() + "speed_" + std::to_string(::getpid()) + ".gguf";
};

TEST_F(MeasureSpeed, MeasuresEachNumberOfThreadsWithinTheContext) {
  const auto result = measure_speed_blocking(path, {.thread_counts = {2, 1}, .prefill_length = 1'000'000});
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->runs.size(), 2U);
  EXPECT_EQ(result->runs[0].num_threads, 2U);
  EXPECT_EQ(result->runs[1].num_threads, 1U);
  for (const SpeedOfThreads& run : result->runs) {
    EXPECT_GT(run.prefill_tokens_per_second, 0.0);
    EXPECT_GT(run.decode_tokens_per_second, 0.0);
    EXPECT_GT(run.decode_of_8_tokens_per_second, 0.0);
    EXPECT_GT(run.read_bytes_per_second, 0.0);
  }
  EXPECT_EQ(result->file_bytes, std::filesystem::file_size(path));
  EXPECT_LT(result->prefill_length, 1'000'000U);
  EXPECT_GT(result->bytes_per_token, 0.0);
  EXPECT_LE(result->bytes_per_token, static_cast<double>(result->file_bytes));
}

TEST_F(MeasureSpeed, NamesWhatCannotBeMeasured) {
  const auto no_threads = measure_speed_blocking(path, {.thread_counts = {1, 0}});
  ASSERT_FALSE(no_threads);
  EXPECT_THAT(no_threads.error().message, HasSubstr("number of threads is 0"));
  EXPECT_FALSE(measure_speed_blocking(path, {.prefill_length = 0}));
  const auto no_file = measure_speed_blocking(path + "x", {.thread_counts = {1}});
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().code, Errc::not_found);
}

}  // namespace
}  // namespace lyceum::model
