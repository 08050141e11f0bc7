#include <gtest/gtest.h>

#include "tests/support/run_task.hpp"
#include "tools/builtin/make.hpp"
#include "tools/builtin/workspace_path.hpp"

namespace lyceum::tools {
namespace {

using test::run_task;

Result<ToolOutcome> write(const std::string& path, const std::string& content, ToolCall call) {
  const auto tool = make_write_file();
  return run_task(tool->run(Json{{"path", path}, {"content", content}}, std::move(call)));
}

TEST(WorkspacePath, HasOneSpelling) {
  EXPECT_EQ(*normalise_workspace_path("notes/a.md"), "notes/a.md");
  EXPECT_EQ(*normalise_workspace_path("./notes//./a.md"), "notes/a.md");
  EXPECT_EQ(*normalise_workspace_path("..a/b..c"), "..a/b..c");
}

TEST(WorkspacePath, RefusesEveryWayOut) {
  for (const char* path :
       {"", "/etc/passwd", "../a", "a/../../b", "a/..", "a\\..\\b", "a/", ".", "./.", "a\nb", "a\x7f"}) {
    EXPECT_FALSE(normalise_workspace_path(path)) << path;
  }
  EXPECT_FALSE(normalise_workspace_path(std::string("a\0b", 3)));
  EXPECT_FALSE(normalise_workspace_path(std::string(kMaxPathBytes + 1, 'a')));
}

TEST(WriteFile, ReturnsTheChangeAndDoesNothingItself) {
  const auto outcome = write("./report.md", "# Title", {});

  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->files.size(), 1U);
  EXPECT_EQ(outcome->files[0].path, "report.md");
  EXPECT_EQ(outcome->files[0].content, "# Title");
  EXPECT_EQ(outcome->result, (Json{{"path", "report.md"}, {"bytes", 7}}));
}

TEST(WriteFile, BoundsTheWorkspace) {
  ToolCall full;
  for (int i = 0; i < 256; ++i) full.files.emplace_back("f" + std::to_string(i), "hash");

  EXPECT_EQ(write("one-more", "x", full).error().code, Errc::too_large);
  EXPECT_TRUE(write("f7", "x", full));
  EXPECT_EQ(write("big", std::string((1U << 20U) + 1, 'x'), {}).error().code, Errc::too_large);
}

TEST(WriteFile, AFileCannotBecomeAFolder) {
  ToolCall call;
  call.files.emplace_back("notes/a.md", "hash");

  EXPECT_EQ(write("notes", "x", call).error().code, Errc::conflict);
  EXPECT_EQ(write("notes/a.md/b", "x", call).error().code, Errc::conflict);
  EXPECT_TRUE(write("notes/b.md", "x", call));
}

TEST(ListFiles, ListsByPath) {
  ToolCall call;
  call.files.emplace_back("b", "2");
  call.files.emplace_back("a", "1");
  const auto tool = make_list_files();

  const auto outcome = run_task(tool->run(Json::object(), call));

  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->result.dump(), R"({"files":[{"hash":"1","path":"a"},{"hash":"2","path":"b"}]})");
}

}  // namespace
}  // namespace lyceum::tools
