#include "cli/data_folder.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_folder.hpp"

namespace lyceum::cli {
namespace {

class DataFolderTest : public testing::Test {
 protected:
  DataFolder folder() const { return DataFolder(root_.path("data")); }

  test::TemporaryFolder root_;
  SeededRandom random_{7};
};

TEST_F(DataFolderTest, TheFirstStartMakesACredentialThatOnlyTheOwnerCanRead) {
  ASSERT_TRUE(folder().make_blocking());

  const auto first = folder().credential_blocking("", random_);
  const auto second = folder().credential_blocking("", random_);

  ASSERT_TRUE(first);
  EXPECT_GE(first->size(), 32U);
  EXPECT_EQ(*first, *second);

  struct stat status {};

  ASSERT_EQ(::stat(folder().token_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(DataFolderTest, AConfiguredCredentialIsNotStored) {
  ASSERT_TRUE(folder().make_blocking());

  EXPECT_EQ(*folder().credential_blocking("configured", random_), "configured");
  EXPECT_FALSE(std::filesystem::exists(folder().token_file()));
}

TEST_F(DataFolderTest, ARunningServerIsFoundAndADeadOneIsNot) {
  ASSERT_TRUE(folder().make_blocking());
  EXPECT_FALSE(folder().running_server_blocking());

  ASSERT_TRUE(folder().write_running_server_blocking({"http://127.0.0.1:1", "token", ::getpid()}));
  const auto running = folder().running_server_blocking();
  ASSERT_TRUE(folder().write_running_server_blocking({"http://127.0.0.1:1", "token", INT32_MAX}));
  const auto dead = folder().running_server_blocking();

  ASSERT_TRUE(running);
  EXPECT_EQ(running->url, "http://127.0.0.1:1");
  EXPECT_FALSE(dead);
}

TEST_F(DataFolderTest, ABrokenServerFileIsAsNone) {
  ASSERT_TRUE(folder().make_blocking());
  std::ofstream(root_.path("data/server.json")) << "{\"url\": 5";

  EXPECT_FALSE(folder().running_server_blocking());
}

TEST_F(DataFolderTest, AFileInThePlaceOfTheFolderIsAnErrorThatNamesIt) {
  std::ofstream(root_.path("data")) << "x";

  const auto made = folder().make_blocking();

  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find(root_.path("data")), std::string::npos);
}

}  // namespace
}  // namespace lyceum::cli
