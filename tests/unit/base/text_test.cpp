#include "base/text.hpp"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lyceum {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  for (const auto range : split_sentences(text)) {
    sentences.emplace_back(text.substr(range.begin, range.end - range.begin));
  }
  return sentences;
}

TEST(IndexTerms, AreLowerCaseStems) {
  EXPECT_THAT(index_terms("The Engineers were BUILDING bridges"),
              ElementsAre("the", "engin", "were", "build", "bridg"));
}

TEST(IndexTerms, PossessiveAndBareNameAreTheSameTerm) {
  EXPECT_EQ(index_terms("Burney's"), index_terms("burney"));
  EXPECT_EQ(index_terms("Burney’s"), index_terms("burney"));
}

TEST(IndexTerms, NumbersStayWhole) {
  EXPECT_THAT(index_terms("3.14 and 1,000,000 (1914–1918), 1,2"),
              ElementsAre("3.14", "and", "1000000", "1914", "1918", "1", "2"));
}

TEST(IndexTerms, AcronymsLoseTheirPoints) {
  EXPECT_THAT(index_terms("the U.S. and U.S.A. end.Then a.b"),
              ElementsAre("the", "us", "and", "usa", "end", "then", "ab"));
}

TEST(IndexTerms, DiacriticsAndCaseOfOtherScriptsAreFolded) {
  EXPECT_EQ(index_terms("Beyoncé"), index_terms("beyonce"));
  EXPECT_EQ(index_terms("ÉCOLE"), index_terms("école"));
  EXPECT_EQ(index_terms("МОСКВА"), index_terms("москва"));
  EXPECT_THAT(index_terms("Straße"), ElementsAre("strass"));
}

TEST(IndexTerms, JapaneseIsBrokenIntoWords) {
  EXPECT_GE(index_terms("東京は日本の首都です。").size(), 4U);
}

TEST(IndexTerms, KoreanStaysComposed) {
  EXPECT_THAT(index_terms("한국"), ElementsAre("한국"));
}

TEST(IndexTerms, AreBoundedInSizeAndKeepWholeCharacters) {
  for (const auto& term : index_terms(std::string(1000, 'x'))) EXPECT_LE(term.size(), kMaxTermBytes);
  std::string accents;
  for (int i = 0; i < 500; ++i) accents += "ж";
  for (const auto& term : index_terms(accents)) {
    EXPECT_LE(term.size(), kMaxTermBytes);
    EXPECT_TRUE(is_utf8(term));
  }
}

TEST(IndexTerms, RandomBytesGiveTermsAndNoCrash) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    for (const auto& term : index_terms(bytes)) EXPECT_FALSE(term.empty());
    split_sentences(bytes);
  }
}

TEST(IndexTerms, AVisitorMayAnalyseTextItself) {
  std::vector<std::string> terms;
  visit_index_terms("alpha beta", [&](std::string_view, std::string_view term) {
    index_terms("entirely other words " + std::to_string(terms.size()));
    terms.emplace_back(term);
  });
  EXPECT_THAT(terms, ElementsAre("alpha", "beta"));
}

TEST(StopWords, AreFunctionAndQuestionWords) {
  for (const auto* word : {"the", "which", "what", "of", "don't", "yourselves", "a"})
    EXPECT_TRUE(is_stop_word(word)) << word;
  for (const auto* word : {"capital", "us", "engine", ""}) EXPECT_FALSE(is_stop_word(word)) << word;
}

TEST(Sentences, EndAtPointsAndMarks) {
  EXPECT_THAT(sentences_of("One is here. Two is there! Is three?  Four"),
              ElementsAre("One is here.", "Two is there!", "Is three?", "Four"));
}

TEST(Sentences, DoNotEndAfterAbbreviationsInitialsAndDecimals) {
  EXPECT_THAT(sentences_of("Dr. Smith met J. R. Tolkien at 3.14 p.m. on Jan. 5. It cost $3.50 approx. Nobody "
                           "paid, e.g. Mr. Fox."),
              ElementsAre("Dr. Smith met J. R. Tolkien at 3.14 p.m. on Jan. 5.",
                          "It cost $3.50 approx. Nobody paid, e.g. Mr. Fox."));
}

TEST(Sentences, MayEndAfterAnAbbreviationWhenAUsualFirstWordFollows) {
  EXPECT_THAT(
      sentences_of(
          "He moved to the U.S. In 1990 he founded Acme Inc. The firm grew. The U.S. Army bought it."),
      ElementsAre("He moved to the U.S.", "In 1990 he founded Acme Inc.", "The firm grew.",
                  "The U.S. Army bought it."));
}

TEST(Sentences, KeepClosingQuotesAndReferences) {
  EXPECT_THAT(sentences_of("He said “Go.” She went.[12] (They stayed.) \"Why?\" he asked."),
              ElementsAre("He said “Go.”", "She went.[12]", "(They stayed.)", "\"Why?\" he asked."));
}

TEST(Sentences, NumberSignsBeforeDigitsAreNoEnds) {
  EXPECT_THAT(sentences_of("See Fig. 3 and No. 5. He said no. Then he left."),
              ElementsAre("See Fig. 3 and No. 5.", "He said no.", "Then he left."));
}

TEST(Sentences, BlankLinesListItemsAndHeadingsDivide) {
  EXPECT_THAT(sentences_of("# Title\nA wrapped\nline\n\n- first item\n- second item\n1. Third item. "
                           "More\n\n| a | b |\n| c | d |"),
              ElementsAre("# Title", "A wrapped\nline", "- first item", "- second item", "1. Third item.",
                          "More", "| a | b |", "| c | d |"));
}

TEST(Sentences, ALongLineIsAParagraphOfItsOwn) {
  const std::string paragraph = "Word " + std::string(300, 'x');
  EXPECT_THAT(sentences_of("Early life\n" + paragraph + "\nLater life"),
              ElementsAre("Early life", paragraph, "Later life"));
}

TEST(Sentences, ChineseAndJapaneseNeedNoSpace) {
  EXPECT_THAT(sentences_of("東京は首都です。大阪は違う！本当？"),
              ElementsAre("東京は首都です。", "大阪は違う！", "本当？"));
}

TEST(Sentences, EmptyAndBlankTextsHaveNone) {
  EXPECT_THAT(split_sentences(""), IsEmpty());
  EXPECT_THAT(split_sentences(" \n\t\n "), IsEmpty());
}

TEST(Sentences, CoverEveryWordInOrderWithoutOverlap) {
  std::mt19937 random(11);
  const std::vector<std::string> pieces = {"word", " ", ". ", "\n", "\n\n", "Mr.", "- ",
                                           "?",    "é", "。", "\"", "A",    "3.1", "[4]"};
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += pieces[random() % pieces.size()];

    std::size_t end = 0;
    const auto is_space = [](char c) { return c == ' ' || c == '\n'; };
    for (const auto range : split_sentences(text)) {
      ASSERT_LT(range.begin, range.end);
      ASSERT_TRUE(std::all_of(text.begin() + static_cast<long>(end),
                              text.begin() + static_cast<long>(range.begin), is_space));
      ASSERT_FALSE(is_space(text[range.begin]) || is_space(text[range.end - 1]));
      end = range.end;
    }
    ASSERT_TRUE(std::all_of(text.begin() + static_cast<long>(end), text.end(), is_space)) << text;
  }
}

TEST(Utf8, RefusesEveryMalformedForm) {
  for (const auto* good : {"", "abc", "é", "東京", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string bad :
       {"\x80", "\xC0\x80", "\xC3", "\xE0\x9F\x80", "\xED\xA0\x80", "\xF0\x8F\x80\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "a\xFFz", "\xE2\x82"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

}  // namespace
}  // namespace lyceum
