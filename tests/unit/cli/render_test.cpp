#include "cli/render.hpp"

#include <gmock/gmock.h>

namespace lyceum::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Json event(const char* type, Json data) {
  return {{"type", type}, {"step", "s1"}, {"data", std::move(data)}};
}

TEST(RunRenderer, StepsQueriesAndEvidenceBecomeLines) {
  RunRenderer renderer{Terminal{}};

  EXPECT_THAT(renderer.take(event("step.started", {{"title", "Find the author"}})),
              ElementsAre("▸ Find the author"));
  EXPECT_THAT(renderer.take(event("query.issued", {{"query", "author of x"}, {"hits", 3}, {"fresh", 2}})),
              ElementsAre("  search “author of x” 3 hits, 2 new"));
  EXPECT_THAT(renderer.take(
                  event("evidence.added", {{"evidence", "e1"}, {"quote", "X wrote it."}, {"title", "Book"}})),
              ElementsAre("  [e1] “X wrote it.” Book"));
  EXPECT_THAT(renderer.take(event("step.finished", {{"status", "done"}, {"result", {{"text", "X"}}}})),
              ElementsAre("  done: Find the author — X"));
}

TEST(RunRenderer, TheAnswerNumbersItsCitationsInOrderOfAppearance) {
  RunRenderer renderer{Terminal{}};
  renderer.take(event("evidence.added", {{"evidence", "e1"}, {"quote", "first"}, {"title", "A"}}));
  renderer.take(
      event("evidence.added", {{"evidence", "e2"}, {"quote", "second"}, {"title", "B"}, {"section", "S"}}));
  EXPECT_FALSE(renderer.has_answer());

  renderer.take(event("answer.proposed", {{"sentences",
                                           {{{"text", "Two."}, {"citations", {"e2"}}},
                                            {{"text", "One and two."}, {"citations", {"e1", "e2"}}}}}}));

  EXPECT_EQ(renderer.answer(),
            "Two. [1] One and two. [2] [1]\n\n[1] “second”\n    B › S\n[2] “first”\n    A\n");
}

TEST(RunRenderer, AnAnswerThatWasNotFoundSaysSo) {
  RunRenderer renderer{Terminal{}};

  renderer.take(
      event("answer.proposed", {{"not_found", true}, {"sentences", Json::array()}, {"gaps", {"who"}}}));

  EXPECT_EQ(renderer.answer(), "Not found in the sources.\nOpen: who\n");
}

TEST(RunRenderer, UnknownAndIllFormedEventsGiveNoLineAndDoNoHarm) {
  RunRenderer renderer{Terminal{}};

  EXPECT_THAT(renderer.take(event("star.exploded", {})), IsEmpty());
  EXPECT_THAT(renderer.take(Json{{"type", 5}}), IsEmpty());
  renderer.take(event("plan.patched", {{"steps", "none"}, {"rev", "x"}}));
  renderer.take(event("answer.proposed", {{"sentences", {1, {{"citations", 7}}}}, {"not_found", "yes"}}));
  EXPECT_EQ(renderer.answer(), "\n");
}

TEST(RunRenderer, TextOfDocumentsCannotSteerTheTerminal) {
  RunRenderer renderer{Terminal{}};

  const auto lines = renderer.take(event("thought.noted", {{"text", "\033]0;title\007 x"}}));

  EXPECT_THAT(lines, ElementsAre("  · ]0;title x"));
}

TEST(HoldTitle, AnApprovalShowsToolArgumentsReasonAndRisk) {
  const Json hold = {{"kind", "approval"},
                     {"title", "fetch a page"},
                     {"detail",
                      {{"tool", "fetch_url"},
                       {"args", {{"url", "https://a"}}},
                       {"why", "to check"},
                       {"risk", "medium"},
                       {"effect", "idempotent"}}}};

  const std::string title = hold_title(hold);

  EXPECT_THAT(title, HasSubstr("fetch_url {\"url\":\"https://a\"}"));
  EXPECT_THAT(title, HasSubstr("why: to check"));
  EXPECT_THAT(title, HasSubstr("risk medium, effect idempotent"));
}

}  // namespace
}  // namespace lyceum::cli
