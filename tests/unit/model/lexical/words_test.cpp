#include "model/lexical/words.hpp"

#include <gtest/gtest.h>

namespace lyceum::model::lexical {
namespace {

using std::string_literals::operator""s;

std::vector<std::string> lower_words(std::string_view text) {
  const WordWeight weight = [](std::string_view) { return 1.0; };
  WordReader reader(weight);
  std::vector<std::string> words;
  for (const auto& word : reader.read(text)) words.push_back(word.lower);
  return words;
}

using Words = std::vector<std::string>;

TEST(WordReader, KeepsNumbersWholeAndDropsWhatAnApostropheLeaves) {
  EXPECT_EQ(lower_words("NFL's 10,000 fans, 6.5 sacks."), (Words{"nfl", "10000", "fans", "6.5", "sacks"}));
}

TEST(WordReader, TakesDashesAndCurlyQuotesAsBorders) {
  EXPECT_EQ(lower_words("“Pooh”—1926–1928 café"), (Words{"pooh", "1926", "1928", "café"}));
}

TEST(WordReader, ReadsAnyBytes) {
  EXPECT_NO_FATAL_FAILURE(lower_words("\xE2\x80 \xC2 \xFF\xFE \xE3\x80"s));
}

TEST(WordReader, RangesPointIntoTheText) {
  const WordWeight weight;
  WordReader reader(weight);
  const std::string text = "In Paris, 1889";

  const auto words = reader.read(text);

  ASSERT_EQ(words.size(), 3U);
  EXPECT_EQ(text.substr(words[1].begin, words[1].end - words[1].begin), "Paris");
  EXPECT_TRUE(words[1].is_capital);
  EXPECT_FALSE(words[1].starts_sentence);
  EXPECT_TRUE(words[0].starts_sentence);
  EXPECT_TRUE(is_date_word(words[2]));
}

TEST(WordReader, AWeightThatIsNoNumberDoesNotSpoilTheSum) {
  const WordWeight weight = [](std::string_view) { return std::numeric_limits<double>::quiet_NaN(); };
  WordReader reader(weight);

  EXPECT_EQ(reader.read("castle")[0].weight, 1);
}

}  // namespace
}  // namespace lyceum::model::lexical
