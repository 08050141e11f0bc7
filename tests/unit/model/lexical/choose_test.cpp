#include <numeric>

#include <gtest/gtest.h>

#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

const WordWeight kEqual = [](std::string_view) { return 3.0; };

std::vector<double> choose(const std::string& task, const Json& slots, std::vector<std::string> options,
                           const WordVectors* vectors = nullptr) {
  WordReader reader(kEqual, vectors);
  auto probabilities = choose_by_rules({{.task = task, .slots = slots}, std::move(options)}, reader);
  EXPECT_NEAR(std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1.0, 1e-9);
  return probabilities;
}

std::string kind_of(const std::string& question) {
  const std::vector<std::string> options = {"factoid",    "definition",  "list",
                                            "comparison", "explanation", "yes_no"};
  const auto p = choose("deep_search.question_kind", {{"question", question}}, options);
  return options[static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
}

TEST(ChooseQuestionKind, ReadsTheFormOfTheQuestion) {
  EXPECT_EQ(kind_of("Who designed the Eiffel Tower?"), "factoid");
  EXPECT_EQ(kind_of("When was the treaty of Tordesillas signed?"), "factoid");
  EXPECT_EQ(kind_of("What is photosynthesis?"), "definition");
  EXPECT_EQ(kind_of("Which countries border the Rhine valley?"), "list");
  EXPECT_EQ(kind_of("What is the difference between TCP and UDP?"), "comparison");
  EXPECT_EQ(kind_of("Which is older, Rome or Athens?"), "comparison");
  EXPECT_EQ(kind_of("Why did the bridge collapse?"), "explanation");
  EXPECT_EQ(kind_of("How does a lock gate work?"), "explanation");
  EXPECT_EQ(kind_of("Is Debian older than Ubuntu?"), "yes_no");
}

double enough(const std::string& question, const Json& quotes) {
  return choose("deep_search.enough", {{"question", question}, {"quotes", quotes}},
                {"enough", "not enough"})[0];
}

TEST(ChooseEnough, NeedsTheTermsAndTheKindOfAnswer) {
  const std::string question = "When was the Eiffel Tower completed?";

  EXPECT_GT(enough(question, {"The Eiffel Tower was completed in March 1889."}), 0.8);
  EXPECT_LT(enough(question, {"The Eiffel Tower is made of iron."}), 0.5);
  EXPECT_LT(enough(question, {"A bridge was completed in 1901."}), 0.3);
  EXPECT_LT(enough(question, Json::array()), 0.1);
}

TEST(ChooseEnough, MissingTermsSpeakAgainstIt) {
  Json slots = {{"question", "When was the Eiffel Tower completed?"},
                {"quotes", {"The Eiffel Tower was completed in March 1889."}}};
  const double without = choose("deep_search.enough", slots, {"enough", "not enough"})[0];
  slots["missing_terms"] = {"cost", "workers"};

  EXPECT_LT(choose("deep_search.enough", slots, {"enough", "not enough"})[0], without);
}

TEST(ChooseRelevant, FollowsTheOrderOfTheOptions) {
  const Json slots = {{"question", "Who founded Lyceum?"},
                      {"quote", "Aristotle founded the Lyceum in Athens."}};

  EXPECT_GT(choose("deep_search.relevant", slots, {"relevant", "not relevant"})[0], 0.8);
  EXPECT_LT(choose("deep_search.relevant", slots, {"not relevant", "relevant"})[0], 0.2);
}

std::string conflict(const std::string& question, const std::string& a, const std::string& b) {
  const std::vector<std::string> options = {"agree", "disagree", "unrelated"};
  const auto p = choose("deep_search.conflict", {{"question", question}, {"a", a}, {"b", b}}, options);
  return options[static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
}

TEST(ChooseConflict, SeesDifferingDatesNamesAndNegations) {
  const std::string when = "When was the Aldora bridge opened?";

  EXPECT_EQ(
      conflict(when, "The Aldora bridge was opened in 1931.", "The Aldora bridge opened in 1935 to traffic."),
      "disagree");
  EXPECT_EQ(conflict(when, "The Aldora bridge was opened in 1931.", "In 1931 the Aldora bridge was opened."),
            "agree");
  EXPECT_EQ(conflict(when, "The Aldora bridge was opened in 1931.", "Whales eat 400 kg of krill a day."),
            "unrelated");
  EXPECT_EQ(conflict("Who designed the Aldora bridge?", "The Aldora bridge was designed by Ada Quill.",
                     "The Aldora bridge was designed by Tom Brandt."),
            "disagree");
  EXPECT_EQ(conflict("Is the Aldora bridge open?", "The Aldora bridge is open to cars.",
                     "The Aldora bridge is not open to cars."),
            "disagree");
}

TEST(ChooseUnknownTask, PrefersTheOptionThatTheSlotsMention) {
  const auto p = choose("other.task", {{"text", "The vaccine contains no mercury"}},
                        {"sports result", "vaccine content"});

  EXPECT_GT(p[1], 0.6);
}

TEST(ChooseNamedTask, WithOtherOptionsFallsBackToOverlap) {
  const auto p = choose("deep_search.enough", {{"question", "red or blue"}}, {"red", "green", "yellow"});

  EXPECT_GT(p[0], p[1]);
}

TEST(Choose, TakesSlotsOfAnyShape) {
  const Json odd = {{"question", 7}, {"quotes", "text"}, {"quote", nullptr}, {"a", Json::array()}};
  for (const char* task : {"deep_search.question_kind", "deep_search.enough", "deep_search.relevant",
                           "deep_search.conflict", ""}) {
    choose(task, odd, {"enough", "not enough"});
    choose(task, odd, {"agree", "disagree", "unrelated"});
    choose(task, odd, {"relevant", "not relevant"});
  }
}

TEST(ChooseByOverlap, WithVectorsAnOptionOfLikeMeaningWins) {
  const auto vectors = WordVectors::make({"forecast", "weather", "rain", "invoice", "tax"},
                                         std::vector<float>{1, 0.1F, 0.9F, 0, 1, 0.2F, 0, 1, 0.1F, 1});
  const Json slots = {{"task", "Will there be rain tomorrow?"}};
  const std::vector<std::string> options = {"tax: invoice", "weather: forecast"};

  const auto by_words = choose("tool.choice", slots, options);
  EXPECT_NEAR(by_words[0], by_words[1], 1e-9);
  const auto by_meaning = choose("tool.choice", slots, options, &*vectors);
  EXPECT_GT(by_meaning[1], 0.9);
}

}  // namespace
}  // namespace lyceum::model::lexical
