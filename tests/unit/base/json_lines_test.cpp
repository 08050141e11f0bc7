#include "base/json_lines.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/temporary_folder.hpp"

namespace lyceum {
namespace {

/// {"n":1} and {"n":2} on two lines, packed by xz.
constexpr char kPacked[] =
    "\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3"
    "\x01\x00\x0f\x7b\x22\x6e\x22\x3a\x31\x7d\x0a\x7b\x22\x6e\x22\x3a\x32\x7d\x0a\x00\xfe\x69\xd7\x44"
    "\xbe\x2b\x1d\x1c\x00\x01\x28\x10\xe5\x0b\x6c\x60\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";

class JsonLinesTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view bytes) const {
    const std::string path = folder_.path(name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static Result<std::vector<int>> numbers_in(const std::string& path) {
    std::vector<int> numbers;
    TRY_OK(read_json_lines_blocking(path, [&](const Json& row) {
      numbers.push_back(row.at("n").get<int>());
      return numbers.size() < 2;
    }));
    return numbers;
  }

  test::TemporaryFolder folder_;
};

TEST_F(JsonLinesTest, RowsComeInOrderUntilTheVisitorHasEnough) {
  const auto numbers = numbers_in(write("a.jsonl", "{\"n\":1}\n\n{\"n\":2}\n{\"n\":3}"));

  ASSERT_TRUE(numbers.has_value());
  EXPECT_THAT(*numbers, ::testing::ElementsAre(1, 2));
}

TEST_F(JsonLinesTest, PackedFilesAreUnpacked) {
  const auto numbers = numbers_in(write("a.jsonl.xz", std::string_view(kPacked, sizeof kPacked - 1)));

  ASSERT_TRUE(numbers.has_value()) << numbers.error().message;
  EXPECT_THAT(*numbers, ::testing::ElementsAre(1, 2));
}

TEST_F(JsonLinesTest, ADamagedPackedFileIsMalformedByItsName) {
  const auto numbers = numbers_in(write("a.jsonl.xz", std::string_view(kPacked, sizeof kPacked - 9)));

  ASSERT_FALSE(numbers.has_value());
  EXPECT_EQ(numbers.error().code, Errc::malformed);
  EXPECT_NE(numbers.error().message.find("a.jsonl.xz"), std::string::npos);
}

TEST_F(JsonLinesTest, ABadLineIsNamedByFileAndNumber) {
  for (const char* bad : {"{\"n\":1}\nnonsense\n", "{\"n\":1}\n[1]\n", "{\"n\":1}\n{\"m\":1}\n"}) {
    const auto numbers = numbers_in(write("a.jsonl", bad));

    ASSERT_FALSE(numbers.has_value()) << bad;
    EXPECT_EQ(numbers.error().code, Errc::malformed);
    EXPECT_NE(numbers.error().message.find("a.jsonl, line 2"), std::string::npos) << numbers.error().message;
  }
}

TEST_F(JsonLinesTest, FilesAreListedByNameAndPrefix) {
  write("train-b.jsonl", "");
  write("train-a.jsonl.xz", "");
  write("test.jsonl", "");
  write("README.md", "");

  const auto files = list_json_lines_blocking(folder_.path(), "train");

  ASSERT_TRUE(files.has_value());
  EXPECT_THAT(*files,
              ::testing::ElementsAre(folder_.path("train-a.jsonl.xz"), folder_.path("train-b.jsonl")));
  EXPECT_EQ(list_json_lines_blocking(folder_.path(), "corpus").error().code, Errc::not_found);
  EXPECT_EQ(list_json_lines_blocking(folder_.path("none"), "").error().code, Errc::not_found);
}

}  // namespace
}  // namespace lyceum
