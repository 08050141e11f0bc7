#include "model/training/data_file.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/temporary_folder.hpp"

namespace lyceum::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DataFileTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }

  std::string written_documents() const {
    TrainingDataBuilder builder(100);
    EXPECT_TRUE(builder.add(std::vector<std::uint16_t>{1, 2, 3}, std::vector<std::uint8_t>{0, 1, 1}, 4));
    EXPECT_TRUE(builder.add(std::vector<std::uint16_t>{99}, std::vector<std::uint8_t>{0}, 0));
    EXPECT_TRUE(builder.write_blocking(path("a.lytd")));
    return path("a.lytd");
  }

  void change_byte(const std::string& file, std::streamoff offset, char value) const {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(offset);
    stream.put(value);
  }

  const test::TemporaryFolder folder_{};
};

TEST_F(DataFileTest, DocumentsComeBackAsTheyWereWritten) {
  const auto file = TrainingDataFile::open_blocking(written_documents());

  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->vocabulary_size(), 100U);
  ASSERT_EQ(file->num_documents(), 2U);
  EXPECT_EQ(file->num_tokens(), 4U);
  EXPECT_THAT(file->document(0).tokens, ElementsAre(1, 2, 3));
  EXPECT_THAT(file->document(0).weights, ElementsAre(0, 1, 1));
  EXPECT_EQ(file->document(0).kind, 4);
  EXPECT_THAT(file->document(1).tokens, ElementsAre(99));
}

TEST_F(DataFileTest, AFileThatEndsEarlyOrGoesOnIsRefused) {
  const std::string name = written_documents();
  const auto size = std::filesystem::file_size(name);
  for (std::uintmax_t shorter = 1; shorter < size; ++shorter) {
    std::filesystem::copy_file(name, path("cut"), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(path("cut"), shorter);
    const auto file = TrainingDataFile::open_blocking(path("cut"));
    ASSERT_FALSE(file) << shorter;
    EXPECT_EQ(file.error().code, Errc::malformed);
  }
  std::filesystem::resize_file(name, size + 1);
  EXPECT_THAT(TrainingDataFile::open_blocking(name).error().message, HasSubstr("1 bytes follow"));
}

TEST_F(DataFileTest, OffsetsTokensAndWeightsAreChecked) {
  constexpr std::streamoff kOffsets = 28;
  constexpr std::streamoff kTokens = kOffsets + 3 * 8;
  constexpr std::streamoff kWeights = kTokens + 4 * 2;
  change_byte(written_documents(), kOffsets + 8, 9);
  EXPECT_THAT(TrainingDataFile::open_blocking(path("a.lytd")).error().message,
              HasSubstr("offsets must rise"));
  change_byte(written_documents(), kTokens, 100);
  EXPECT_THAT(TrainingDataFile::open_blocking(path("a.lytd")).error().message,
              HasSubstr("token 100 is not in the vocabulary of 100"));
  change_byte(written_documents(), kWeights, 3);
  EXPECT_THAT(TrainingDataFile::open_blocking(path("a.lytd")).error().message, HasSubstr("weights"));
  change_byte(written_documents(), kWeights, kAside);
  EXPECT_THAT(TrainingDataFile::open_blocking(path("a.lytd")).error().message, HasSubstr("aside"));
  change_byte(written_documents(), 4, 2);
  EXPECT_EQ(TrainingDataFile::open_blocking(path("a.lytd")).error().code, Errc::unsupported);
}

TEST_F(DataFileTest, WhatWouldNotReadBackIsRefusedBeforeItIsWritten) {
  TrainingDataBuilder builder(10);
  EXPECT_FALSE(builder.add({}, {}, 0));
  EXPECT_FALSE(builder.add(std::vector<std::uint16_t>{10}, std::vector<std::uint8_t>{1}, 0));
  EXPECT_FALSE(builder.add(std::vector<std::uint16_t>{1}, std::vector<std::uint8_t>{2}, 0));
  EXPECT_FALSE(builder.add(std::vector<std::uint16_t>{1}, {}, 0));
  EXPECT_EQ(builder.num_documents(), 0U);
}

TEST_F(DataFileTest, GroupsComeBackAsTheyWereWritten) {
  const std::vector<std::uint16_t> query{1, 2};
  const std::vector<std::uint16_t> positive{3};
  const std::vector<std::uint16_t> negative{4, 5, 6};
  ContrastiveDataBuilder builder(7);
  ASSERT_TRUE(builder.add({query, positive, {negative, positive}}));
  ASSERT_TRUE(builder.add({positive, query, {}}));
  EXPECT_FALSE(builder.add({positive, {}, {}}));
  ASSERT_TRUE(builder.write_blocking(path("a.lytp")));

  const auto file = ContrastiveDataFile::open_blocking(path("a.lytp"));

  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->num_groups(), 2U);
  EXPECT_THAT(file->group(0).query, ElementsAre(1, 2));
  EXPECT_THAT(file->group(0).positive, ElementsAre(3));
  ASSERT_EQ(file->group(0).hard_negatives.size(), 2U);
  EXPECT_THAT(file->group(0).hard_negatives[0], ElementsAre(4, 5, 6));
  EXPECT_THAT(file->group(1).positive, ElementsAre(1, 2));
  EXPECT_TRUE(file->group(1).hard_negatives.empty());
}

TEST_F(DataFileTest, AGroupWithoutAPositiveIsRefused) {
  const std::vector<std::uint16_t> text{1};
  ContrastiveDataBuilder builder(7);
  ASSERT_TRUE(builder.add({text, text, {}}));
  ASSERT_TRUE(builder.write_blocking(path("a.lytp")));
  constexpr std::streamoff kGroupSizes = 36 + 3 * 8;
  change_byte(path("a.lytp"), kGroupSizes, 1);

  EXPECT_THAT(ContrastiveDataFile::open_blocking(path("a.lytp")).error().message,
              HasSubstr("a group of 1 documents"));
}

}  // namespace
}  // namespace lyceum::model
