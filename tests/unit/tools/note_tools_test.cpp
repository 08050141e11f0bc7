#include "tests/unit/tools/store_fixture.hpp"

namespace lyceum::tools {
namespace {

class NoteTools : public BuiltinToolsTest {
 protected:
  void keep(const std::string& key, const std::string& subject, const std::string& text) {
    const Json args = {{"subject", subject}, {"text", text}};
    const auto outcome = call("remember", args, {.run_id = "run-1", .key = key, .now_ms = 7});
    ASSERT_TRUE(outcome) << outcome.error().message;
  }

  Json recalled(const std::string& subject) {
    const Json args = {{"subject", subject}};
    return call("recall", args, ToolCall{})->result["notes"];
  }
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
