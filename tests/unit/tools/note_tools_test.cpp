#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "memory/store.hpp"
#include "tests/support/run_task.hpp"
#include "tools/builtin/make.hpp"

namespace lyceum::tools {
namespace {

class NoteTools : public testing::Test {
 protected:
  NoteTools() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lyceum-notes-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    store_ = *memory::open_store({.directory = directory_.string()}, clock_, ids_, metrics_);
    remember_ = make_remember(*store_, pool_);
    recall_ = make_recall(*store_, pool_);
  }

  ~NoteTools() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void keep(const std::string& key, const std::string& subject, const std::string& text) {
    const Json args = {{"subject", subject}, {"text", text}};
    const ToolCall call{.run_id = "run-1", .key = key, .now_ms = 7};
    const auto outcome = test::run_task(remember_->run(args, call));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }

  Json recalled(const std::string& subject) {
    const Json args = {{"subject", subject}};
    return test::run_task(recall_->run(args, ToolCall{}))->result["notes"];
  }

 private:
  ManualClock clock_;
  SeededRandom random_{3};
  IdGenerator ids_{clock_, random_};
  Metrics metrics_;
  BlockingPool pool_{1};
  std::filesystem::path directory_;
  std::unique_ptr<memory::Store> store_;
  std::unique_ptr<Tool> remember_;
  std::unique_ptr<Tool> recall_;
};

TEST_F(NoteTools, ANoteIsFoundByItsSubjectOnly) {
  keep("01A", "kérity", "The lighthouse was built in 1856.");

  ASSERT_EQ(recalled("kérity").size(), 1U);
  EXPECT_EQ(recalled("kérity")[0]["text"], "The lighthouse was built in 1856.");
  EXPECT_EQ(recalled("kérity")[0]["run"], "run-1");
  EXPECT_TRUE(recalled("other").empty());
}

TEST_F(NoteTools, TheSameCallMadeTwiceKeepsOneNote) {
  keep("01A", "kérity", "once");
  keep("01A", "kérity", "once");

  EXPECT_EQ(recalled("kérity").size(), 1U);
}

TEST_F(NoteTools, TheNewestComesFirst) {
  keep("01A", "kérity", "old");
  keep("01B", "kérity", "new");

  EXPECT_EQ(recalled("kérity")[0]["text"], "new");
}

}  // namespace
}  // namespace lyceum::tools
