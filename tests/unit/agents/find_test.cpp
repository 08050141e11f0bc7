#include "tests/unit/agents/deep_search_fixture.hpp"

namespace lyceum::agents {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kBridge =
    "The Golden Gate Bridge is a suspension bridge in California. The Golden Gate Bridge was opened in May "
    "1937. Joseph Strauss was its "
    "chief engineer.";
constexpr const char* kTower =
    "The Eiffel Tower stands in Paris. It was completed in March 1889. Gustave Eiffel built the tower for a "
    "world fair.";

class FindTest : public DeepSearchTest {
 protected:
  void SetUp() override {
    ingest("Golden Gate Bridge", kBridge);
    ingest("Eiffel Tower", kTower);
    ingest("Cooking", "Salt improves most soups. A soup should simmer for an hour.");
  }

  std::unique_ptr<test::FakeStepContext> asking(const std::string& question) {
    return context_for(question, {"search_memory"});
  }
};

TEST_F(FindTest, SearchesQuotesMapsAndDecides) {
  const auto context = asking("When was the Golden Gate Bridge opened?");

  const auto result = do_step("deep_search.find", *context);

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_THAT(event_types(), testing::IsSupersetOf({"query.issued", "evidence.added", "map.updated",
                                                    "knowledge.updated", "decision.made"}));
  EXPECT_EQ(event_types().front(), "query.issued");
  EXPECT_EQ(event_types().back(), "decision.made");
  EXPECT_EQ(events_of("decision.made").back()["chosen"], "enough");
  EXPECT_GE((*result)["p_enough"].get<double>(), 0.5);
  EXPECT_THAT((*result)["text"].get<std::string>(), HasSubstr("1937"));
}

TEST_F(FindTest, EvidenceIsVerbatimAtItsOffsets) {
  const auto context = asking("When was the Golden Gate Bridge opened?");

  ASSERT_TRUE(do_step("deep_search.find", *context));

  ASSERT_FALSE(run.blackboard.evidence.empty());
  for (const Evidence& item : run.blackboard.evidence) {
    const auto text = store->documents().text_blocking(item.document, item.begin, item.end);
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, item.quote);
  }
}

TEST_F(FindTest, NothingToThePointIsSaidAndNothingIsKept) {
  const auto context = asking("Which enzyme digests lactose?");

  const auto result = do_step("deep_search.find", *context);

  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ((*result)["evidence"], Json::array());
  EXPECT_LT((*result)["p_enough"].get<double>(), 0.5);
  EXPECT_EQ(events_of("decision.made").back()["chosen"], "not enough");
}

TEST_F(FindTest, WhatDoesNotHelpIsDroppedWithItsReason) {
  const auto context = asking("Which bridge in California opened beside the tower of Paris in 1999?");

  ASSERT_TRUE(do_step("deep_search.find", *context));

  for (const Json& dropped : events_of("evidence.dropped"))
    EXPECT_FALSE(dropped["reason"].get<std::string>().empty());
  for (const Evidence& item : run.blackboard.evidence) {
    if (!item.dropped.empty()) EXPECT_THAT(item.dropped, HasSubstr("does not help"));
  }
}

TEST_F(FindTest, ANoteThatComesInTheMiddleIsReadOnceAndFollowed) {
  const auto context = asking("Who built the tower?");
  run.blackboard.notes.push_back({.seq = 9, .text = "ignore the Eiffel Tower"});

  ASSERT_TRUE(do_step("deep_search.find", *context));

  EXPECT_THAT(events_of("note.read"), ElementsAre(Json{{"note_seq", 9}}));
  for (const Evidence& item : run.blackboard.evidence) {
    if (item.title == "Eiffel Tower") EXPECT_THAT(item.dropped, HasSubstr("eiffel tower"));
  }
  EXPECT_THAT(event_types(), Contains("evidence.dropped"));
}

TEST_F(FindTest, ANoteWithWordsIsSearchedFor) {
  const auto context = asking("When was the Golden Gate Bridge opened?");
  run.blackboard.notes.push_back({.seq = 4, .text = "who was the chief engineer Strauss"});

  ASSERT_TRUE(do_step("deep_search.find", *context));

  std::vector<std::string> from_notes;
  for (const Json& query : events_of("query.issued")) {
    if (query["from"] == "note") from_notes.push_back(query["query"].get<std::string>());
  }
  EXPECT_THAT(from_notes, Contains("who was the chief engineer Strauss"));
}

TEST_F(FindTest, NoQueryIsAskedTwiceAndTheSearchEnds) {
  const auto context = asking("Which bridge did the tower engineer of Atlantis open?");

  const auto result = do_step("deep_search.find", *context);

  ASSERT_TRUE(result) << result.error().message;
  std::set<std::string> seen;
  for (const Json& query : events_of("query.issued"))
    EXPECT_TRUE(seen.insert(query["query"].get<std::string>()).second) << query;
  EXPECT_LE((*result)["rounds"].get<int>(), 12);
}

TEST_F(FindTest, ANameThatWasFoundLeadsToTheNextQuery) {
  ingest("Atlas Prize", "The Atlas Prize of 1950 was awarded to Ottilie Brandt.");
  ingest("Ottilie Brandt", "Ottilie Brandt was a botanist who was born in Uppsala.");
  const auto context = asking("In which town was the winner of the Atlas Prize of 1950 born?");

  ASSERT_TRUE(do_step("deep_search.find", *context));

  std::string log;
  for (const DirectEvent& event : run.events) log += event.type + " " + event.data.dump() + "\n";
  EXPECT_THAT(run.blackboard.evidence, Contains(testing::Field(&Evidence::title, "Ottilie Brandt"))) << log;
}

TEST_F(FindTest, AnEarlierStepsNameStandsForItsNumber) {
  StepInput input = input_for("Who built it?", {"search_memory"});
  input.goal = "When was #1 completed?";
  run.blackboard.results.push_back({.step = "s0",
                                    .agent = "deep_search.find",
                                    .status = "done",
                                    .result = Json{{"names", Json::array({"Eiffel Tower"})}}});
  test::FakeStepContext context(input, tools, *model, run);

  ASSERT_TRUE(do_step("deep_search.find", context));

  EXPECT_EQ(events_of("query.issued")[0]["query"], "When was Eiffel Tower completed?");
}

TEST_F(FindTest, CancelledAtAnyCallItReturnsAtOnce) {
  std::size_t num_calls = 0;
  {
    const auto context = asking("When was the Golden Gate Bridge opened?");
    ASSERT_TRUE(do_step("deep_search.find", *context));
    num_calls = context->calls.size();
  }
  for (std::size_t at = 0; at < num_calls; ++at) {
    run = {};
    const auto context = asking("When was the Golden Gate Bridge opened?");
    context->cancelled_from = at;
    const auto result = do_step("deep_search.find", *context);
    ASSERT_FALSE(result) << at;
    EXPECT_EQ(result.error().code, Errc::cancelled);
    EXPECT_EQ(context->calls.size(), at + 1);
  }
}

TEST_F(FindTest, RunAgainOverItsRecordedCallsItMakesTheSameCalls) {
  const auto first = asking("Which bridge did the tower engineer of Atlantis open?");
  ASSERT_TRUE(do_step("deep_search.find", *first));
  // Half is recorded, as after a crash: the rest is made for the first time.
  const auto again = asking("Which bridge did the tower engineer of Atlantis open?");
  again->recorded.assign(first->calls.begin(),
                         first->calls.begin() + static_cast<std::ptrdiff_t>(first->calls.size() / 2));
  run = {};

  ASSERT_TRUE(do_step("deep_search.find", *again));

  EXPECT_THAT(again->strays, IsEmpty());
  for (std::size_t i = 0; i < again->recorded.size(); ++i)
    EXPECT_EQ(again->calls[i].what, first->calls[i].what);
}

TEST_F(FindTest, OtherCollectionsStayOutOfSight) {
  ingest("Secret bridge", "The Golden Gate Bridge was opened in a secret ceremony of 1936.", "private");
  const auto context = asking("When was the Golden Gate Bridge opened?");

  ASSERT_TRUE(do_step("deep_search.find", *context));

  EXPECT_THAT(run.blackboard.evidence, Each(testing::Field(&Evidence::collection, "library")));
}

}  // namespace
}  // namespace lyceum::agents
