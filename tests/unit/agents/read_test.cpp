#include "tests/unit/agents/deep_search_fixture.hpp"

namespace lyceum::agents {
namespace {

using testing::HasSubstr;

constexpr const char* kQuestion =
    "What does https://bridges.example/gate say about when the Golden Gate Bridge was opened?";

/// Returns one page, whatever the address.
class PageTool final : public tools::Tool {
 public:
  PageTool(std::string text, int status) : text_(std::move(text)), status_(status) {
    spec_.name = "fetch_url";
    spec_.description = "A page.";
    spec_.parameters =
        Json::parse(R"({"type":"object","required":["url"],"properties":{"url":{"type":"string"}}})");
  }

  const Spec& spec() const override { return spec_; }

  Task<Result<tools::ToolOutcome>> run(Json args, tools::ToolCall call) override {
    static_cast<void>(call);
    co_return tools::ToolOutcome{.result = {{"url", args["url"]},
                                            {"final_url", "https://bridges.example/gate.html"},
                                            {"status", status_},
                                            {"title", "Gate"},
                                            {"text", text_}}};
  }

 private:
  std::string text_;
  int status_;
  Spec spec_{};
};

class ReadTest : public DeepSearchTest {
 protected:
  Result<Json> read(const std::string& text, int status) {
    tools::Registry pages;
    pages.add(std::make_unique<PageTool>(text, status));
    StepInput input = input_for(kQuestion, {"fetch_url"});
    input.goal = "https://bridges.example/gate";
    test::FakeStepContext context(input, pages, *model, run);
    return do_step("deep_search.read", context);
  }
};

TEST_F(ReadTest, QuotesFromThePageWithItsAddressAndOffsets) {
  std::string page;
  for (int i = 0; i < 500; ++i) page += "Nothing of note happens in paragraph " + std::to_string(i) + ".\n\n";
  page += "The Golden Gate Bridge was opened in May 1937.\n";

  const auto result = read(page, 200);

  ASSERT_TRUE(result) << result.error().message;
  ASSERT_FALSE(run.blackboard.evidence.empty());
  const Evidence& best = run.blackboard.evidence[0];
  EXPECT_THAT(best.quote, HasSubstr("1937"));
  EXPECT_EQ(best.url, "https://bridges.example/gate.html");
  EXPECT_EQ(best.title, "Gate");
  EXPECT_EQ(page.substr(best.begin, best.end - best.begin), best.quote);
}

TEST_F(ReadTest, APageThatIsNotThereFailsTheStep) {
  const auto result = read("Not here.", 404);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::unavailable);
  EXPECT_THAT(result.error().message, HasSubstr("404"));
}

TEST_F(ReadTest, AStepWithoutAnAddressIsRefused) {
  StepInput input = input_for("Who?", {"fetch_url"});
  input.goal = "the gate page";
  test::FakeStepContext context(input, tools, *model, run);

  const auto result = do_step("deep_search.read", context);

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace lyceum::agents
