#include <gtest/gtest.h>

#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

using std::string_literals::operator""s;

const WordWeight kEqual = [](std::string_view) { return 3.0; };

std::vector<Quote> quote(const std::string& question, std::vector<std::string> sources,
                         std::size_t quotes_max = 5, const WordVectors* vectors = nullptr) {
  WordReader reader(kEqual, vectors);
  QuoteRequest request{
      {.task = "deep_search.evidence", .slots = {{"question", question}}}, std::move(sources), quotes_max};
  return quote_by_rules(request, reader);
}

std::string text_of(const Quote& found, const std::vector<std::string>& sources) {
  return sources[found.source].substr(found.begin, found.end - found.begin);
}

const std::vector<std::string> kTower = {"Iron was cheap in those years. Many towers were planned.",
                                         "The fair drew millions of visitors. The Eiffel Tower was completed "
                                         "in March 1889. It is painted every seven years."};

TEST(Quote, PicksTheSentenceThatAnswers) {
  const auto quotes = quote("When was the Eiffel Tower completed?", kTower);

  ASSERT_FALSE(quotes.empty());
  EXPECT_EQ(text_of(quotes[0], kTower), "The Eiffel Tower was completed in March 1889.");
  EXPECT_GT(quotes[0].score, 0.7);
  EXPECT_LE(quotes[0].score, 1.0);
}

TEST(Quote, SaysNothingWhenTheSourcesSayNothing) {
  EXPECT_TRUE(quote("Which enzyme digests lactose?", kTower).empty());
}

TEST(Quote, PrefersTheSentenceWithTheKindOfThingAsked) {
  const std::vector<std::string> sources = {
      "The Aldora bridge was painted by volunteers from the town. The Aldora bridge was painted in 1931."};

  const auto quotes = quote("When was the Aldora bridge painted?", sources);

  ASSERT_FALSE(quotes.empty());
  EXPECT_NE(text_of(quotes[0], sources).find("1931"), std::string::npos);
}

TEST(Quote, JoinsTwoSentencesWhenOnlyTogetherTheyAnswer) {
  const std::vector<std::string> sources = {
      "Marta Quill studied physics in Leiden. She discovered the comet Ostara in 1911. Rain fell on that "
      "day."};

  const auto quotes = quote("Which comet did physics student Marta Quill from Leiden discover?", sources, 1);

  ASSERT_EQ(quotes.size(), 1U);
  EXPECT_NE(text_of(quotes[0], sources).find("Ostara"), std::string::npos);
}

TEST(Quote, ObeysTheLimitSortsAndDoesNotOverlap) {
  std::string source;
  for (int i = 0; i < 40; ++i) source += "The tower number " + std::to_string(i) + " was completed late. ";

  const auto quotes = quote("When was the tower completed?", {source}, 7);

  ASSERT_EQ(quotes.size(), 7U);
  for (std::size_t i = 1; i < quotes.size(); ++i) {
    EXPECT_GE(quotes[i - 1].score, quotes[i].score);
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_TRUE(quotes[i].end <= quotes[j].begin || quotes[j].end <= quotes[i].begin);
    }
  }
}

TEST(Quote, TakesAnyBytesAsASource) {
  const auto quotes = quote("When was \xFF\xC3 it?", {"\xFF\xFE. \xE2\x80 tower\0was. 1889"s, "", "   \n\n"});

  for (const auto& found : quotes) EXPECT_LT(found.begin, found.end);
}

TEST(Quote, WithVectorsTheSentenceOfLikeMeaningGoesFirst) {
  const auto vectors =
      WordVectors::make({"famous", "renowned", "closed"}, std::vector<float>{1, 0, 1, 0.1F, 0, 1});
  const std::vector<std::string> sources = {
      "The Rhine is closed in winter. The Rhine is renowned for castles."};
  const std::string question = "What is the Rhine famous for?";

  EXPECT_EQ(text_of(quote(question, sources)[0], sources), "The Rhine is closed in winter.");
  EXPECT_EQ(text_of(quote(question, sources, 5, &*vectors)[0], sources),
            "The Rhine is renowned for castles.");
}

}  // namespace
}  // namespace lyceum::model::lexical
