#include <gtest/gtest.h>

#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

const WordWeight kEqual = [](std::string_view) { return 3.0; };

Json sub_questions(const std::string& question, const std::string& kind = "") {
  WordReader reader(kEqual);
  return write_sub_questions({{"question", question}, {"kind", kind}, {"entities", Json::array()}}, reader)
      .at("sub_questions");
}

TEST(WriteSubQuestions, ASimpleQuestionStaysItself) {
  EXPECT_EQ(sub_questions("Who designed the bridge over river Kell and its towers?"),
            Json({"Who designed the bridge over river Kell and its towers?"}));
}

TEST(WriteSubQuestions, SplitsAtAndBeforeAQuestionWord) {
  EXPECT_EQ(sub_questions("When was Debian founded and who leads it?"),
            Json({"When was Debian founded?", "Who leads it?"}));
  EXPECT_EQ(sub_questions("Who leads Debian? Where is it based?"),
            Json({"Who leads Debian?", "Where is it based?"}));
}

TEST(WriteSubQuestions, AsksForBothSidesOfAComparison) {
  EXPECT_EQ(sub_questions("What is the difference between TCP and UDP?", "comparison"),
            Json({"What is TCP?", "What is UDP?", "What is the difference between TCP and UDP?"}));
  EXPECT_EQ(sub_questions("Which is older, Rome or Athens?", "comparison"),
            Json({"Which is older: Rome?", "Which is older: Athens?", "Which is older, Rome or Athens?"}));
}

TEST(WriteSubQuestions, AnEmptyQuestionGivesNone) {
  EXPECT_TRUE(sub_questions("  ").empty());
}

Json queries(Json slots) {
  WordReader reader(kEqual);
  return write_queries(slots, reader).at("queries");
}

TEST(WriteQueries, StartsWithTheTellingWords) {
  const Json found = queries({{"question", "Who designed the Eiffel Tower in Paris?"}});

  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0], "designed Eiffel Tower Paris");
}

TEST(WriteQueries, NeverRepeatsWhatWasAskedEvenInAnotherForm) {
  const Json slots = {{"question", "Who designed the Eiffel Tower?"}, {"seen", {"the TOWER, Eiffel design"}}};

  for (const auto& query : queries(slots)) EXPECT_NE(query, "designed Eiffel Tower");
}

TEST(WriteQueries, GoesOnWithMissingTermsAndWordsOfWhatWasFound) {
  const Json slots = {{"question", "Who designed the Eiffel Tower?"},
                      {"seen", {"designed Eiffel Tower"}},
                      {"found", {"Koechlin drew the pylon. Koechlin worked for the company."}},
                      {"missing_terms", {"architect"}}};

  const Json next = queries(slots);

  ASSERT_GE(next.size(), 2U);
  EXPECT_EQ(next[0], "Eiffel Tower architect");
  EXPECT_NE(next[1].get<std::string>().find("Koechlin"), std::string::npos) << next[1];
}

Json answer(const Json& slots) {
  WordReader reader(kEqual);
  return write_answer(slots, reader).at("sentences");
}

Json item(int n, const std::string& quote, const std::string& title) {
  return {{"n", n}, {"quote", quote}, {"title", title}, {"section", ""}};
}

TEST(WriteAnswer, TellsTheSentenceThatAnswersAndCitesIt) {
  const Json sentences =
      answer({{"question", "When was the Eiffel Tower completed?"},
              {"evidence", {item(3, "The fair was big. The Eiffel Tower was completed in 1889.", "Paris")}},
              {"conflicts", Json::array()}});

  EXPECT_EQ(sentences,
            Json::parse(R"([{"text":"The Eiffel Tower was completed in 1889.","citations":[3]}])"));
}

TEST(WriteAnswer, MergesTheSameSentenceFromTwoSources) {
  const Json sentences = answer({{"question", "When was the Eiffel Tower completed?"},
                                 {"evidence",
                                  {item(1, "The Eiffel Tower was completed in 1889.", "A"),
                                   item(2, "The Eiffel Tower was completed in 1889", "B")}}});

  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_EQ(sentences[0].at("citations"), Json({1, 2}));
}

TEST(WriteAnswer, NamesTheSourceWhereASentenceBeginsWithAPronoun) {
  const Json sentences = answer({{"question", "When was the tower completed?"},
                                 {"evidence", {item(1, "It was completed in 1889.", "Eiffel Tower")}}});

  ASSERT_EQ(sentences.size(), 1U);
  EXPECT_EQ(sentences[0].at("text"), "According to Eiffel Tower, it was completed in 1889.");
}

TEST(WriteAnswer, PresentsDisagreementAsDisagreement) {
  const Json sentences = answer({{"question", "When was the Aldora bridge opened?"},
                                 {"evidence",
                                  {item(1, "The Aldora bridge was opened in 1931.", "Guide"),
                                   item(2, "The Aldora bridge opened in 1935.", "Chronicle")}},
                                 {"conflicts", {{{"about", "the year of opening"}, {"a", 1}, {"b", 2}}}}});

  ASSERT_EQ(sentences.size(), 3U);
  EXPECT_EQ(sentences[0].at("text"), "The sources disagree about the year of opening.");
  EXPECT_EQ(sentences[0].at("citations"), Json({1, 2}));
  EXPECT_EQ(sentences[1].at("text"), "According to Guide, the Aldora bridge was opened in 1931.");
  EXPECT_EQ(sentences[2].at("citations"), Json({2}));
}

TEST(WriteAnswer, WithoutUsableEvidenceSaysNothing) {
  EXPECT_TRUE(answer({{"question", "When?"}}).empty());
  EXPECT_TRUE(
      answer({{"question", "When?"}, {"evidence", {7, {{"n", "x"}}, {{"n", 1}, {"quote", " "}}}}}).empty());
}

TEST(WriteByTemplate, AnUnknownJsonTaskIsUnsupported) {
  WordReader reader(kEqual);

  const auto written = write_by_template({{.task = "other.task"}, {{"type", "object"}}}, reader);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::unsupported);
}

TEST(WriteByTemplate, AnUnknownTextTaskExtractsSentencesFromItsSlots) {
  WordReader reader(kEqual);
  const Json slots = {{"question", "When was the tower completed?"},
                      {"text", "Iron rusts. The tower was completed in 1889."}};

  const auto written = write_by_template({{.task = "other.task", .slots = slots}}, reader);

  ASSERT_TRUE(written);
  EXPECT_NE(written->text.find("1889"), std::string::npos);
}

TEST(WriteByTemplate, AResultThatBreaksTheCallersSchemaIsMalformed) {
  WordReader reader(kEqual);
  const WriteRequest request{{.task = "deep_search.sub_questions", .slots = {{"question", "Who?"}}},
                             {{"type", "object"}, {"required", {"other"}}}};

  const auto written = write_by_template(request, reader);

  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::malformed);
}

}  // namespace
}  // namespace lyceum::model::lexical
