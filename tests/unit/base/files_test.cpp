#include "base/files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace lyceum {
namespace {

class Files : public testing::Test {
 protected:
  std::string write(const std::string& content) const {
    const std::string path = folder_.path("file");
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  test::TemporaryFolder folder_{};
};

TEST_F(Files, AreReadWholeUpToTheLimitAndNotBeyond) {
  const std::string content = std::string(200'000, 'x') + '\0' + "\r\n";
  const std::string path = write(content);

  const auto read = read_file_blocking(path, content.size());

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, content);
  const auto refused = read_file_blocking(path, content.size() - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
  EXPECT_EQ(refused.error().message, path + ": larger than 200002 bytes");
}

TEST_F(Files, SayWhyTheyCannotBeRead) {
  const auto missing = read_file_blocking(folder_.path("none"), 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_TRUE(missing.error().message.starts_with(folder_.path() + "/none: cannot be opened: "));
  const auto directory = read_file_blocking(folder_.path(), 1);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, Errc::io);
}

TEST_F(Files, OfJsonAreNamedInItsErrors) {
  const auto json = read_json_file_blocking(write("{\"a\": 1}\n"), 100);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(*json, Json({{"a", 1}}));
  const std::string path = write("{\"a\": ");
  const auto malformed = read_json_file_blocking(path, 100);
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, Errc::malformed);
  EXPECT_TRUE(malformed.error().message.starts_with(path + ": ")) << malformed.error().message;
}

}  // namespace
}  // namespace lyceum
