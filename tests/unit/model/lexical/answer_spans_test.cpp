#include "model/lexical/answer_spans.hpp"

#include <gtest/gtest.h>

namespace lyceum::model::lexical {
namespace {

const WordWeight kEqual = [](std::string_view) { return 3.0; };

/// Blank-separated words without the punctuation around them, all of one probability but those given.
std::string answer(const std::string& question, const std::string& sentence,
                   const std::map<std::string, double>& likely = {}) {
  std::vector<TextRange> words;
  std::vector<double> probabilities;
  for (std::size_t begin = 0; begin < sentence.size();) {
    const std::size_t end = std::min(sentence.find(' ', begin), sentence.size());
    std::size_t first = begin;
    std::size_t last = end;
    while (first < last && std::ispunct(static_cast<unsigned char>(sentence[first])) != 0) ++first;
    while (last > first && std::ispunct(static_cast<unsigned char>(sentence[last - 1])) != 0) --last;
    words.push_back({first, last});
    const auto found = likely.find(sentence.substr(first, last - first));
    probabilities.push_back(found == likely.end() ? 0.1 : found->second);
    begin = end + 1;
  }
  WordReader reader(kEqual);
  const Question asked = read_question(question, reader);
  const AnswerSpan span = best_answer_span({asked, sentence, words, probabilities, reader});
  EXPECT_LT(span.begin, span.end);
  return sentence.substr(words[span.begin].begin, words[span.end - 1].end - words[span.begin].begin);
}

TEST(AnswerSpans, FollowWhatTheModelThinksOfTheWords) {
  EXPECT_EQ(answer("What did she paint?", "She painted old bridges and young rivers there.",
                   {{"old", 0.7}, {"bridges", 0.8}}),
            "old bridges");
  EXPECT_EQ(answer("What did she paint?", "She painted old bridges and young rivers there.",
                   {{"young", 0.7}, {"rivers", 0.8}}),
            "young rivers");
}

TEST(AnswerSpans, AreOfTheKindThatIsAskedForWhereTheModelDoesNotKnow) {
  const std::string sentence =
      "The tower by Gustave Eiffel was opened in March 1889, with 300 workers still there.";
  EXPECT_EQ(answer("When was the tower opened?", sentence), "March 1889");
  EXPECT_EQ(answer("How many workers were there?", sentence), "300");
  EXPECT_EQ(answer("Who designed the tower?", sentence), "Gustave Eiffel");
}

TEST(AnswerSpans, DoNotCutNamesAndNumbersInTwo) {
  EXPECT_EQ(answer("Who wrote it?", "It was written by John Ronald Tolkien in Oxford.", {{"Ronald", 0.6}}),
            "John Ronald Tolkien");
}

TEST(AnswerSpans, OneWordIsAnAnswer) {
  EXPECT_EQ(answer("What is it?", "Iron", {}), "Iron");
}

}  // namespace
}  // namespace lyceum::model::lexical
