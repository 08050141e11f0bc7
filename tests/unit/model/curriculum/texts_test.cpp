#include <gmock/gmock.h>

#include "model/curriculum/building.hpp"
#include "model/curriculum/passages.hpp"
#include "model/curriculum/statements.hpp"
#include "model/curriculum/test_texts.hpp"
#include "model/lexical_index.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kKnown =
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";

TestTexts known_texts() {
  TestTexts texts;
  texts.add(kKnown);
  texts.add_row({{"question", "Who built the old tower?"},
                 {"tokens", Json::array({"A", "small", "red", "bridge"})},
                 {"label", "SUPPORTS"}});
  texts.finish();
  return texts;
}

TEST(TestTexts, ThirteenWordsInARowAreKnownWhateverStandsAround) {
  const TestTexts texts = known_texts();

  EXPECT_TRUE(
      texts.knows("Before it: TWO, three four; five six seven eight nine ten eleven twelve thirteen "
                  "fourteen and after"));
  EXPECT_FALSE(texts.knows("two three four five six seven eight nine ten eleven twelve thirteen and after"));
}

TEST(TestTexts, AShortTextIsKnownOnlyAsAWhole) {
  const TestTexts texts = known_texts();

  EXPECT_TRUE(texts.knows("who built the old tower"));
  EXPECT_FALSE(texts.knows("Who built the old tower near the river?"));
}

TEST(TestTexts, AListOfWordsIsOneText) {
  EXPECT_TRUE(known_texts().knows("A small red bridge"));
}

TEST(TestTexts, LabelsAreNotTexts) {
  EXPECT_FALSE(known_texts().knows("SUPPORTS"));
}

TEST(Readme, SaysWhichFilesAreTests) {
  const std::string readme =
      "# a set\n\n## Licence\nCC BY 4.0 (authors).\n\n## Files\n| file | rows | bytes | kind | fields |\n"
      "|---|---|---|---|---|\n| a.jsonl | 1 | 2 | train | x |\n| b.jsonl | 1 | 2 | test | x |\n";

  EXPECT_EQ(kind_of_file(readme, "a.jsonl"), "train");
  EXPECT_EQ(kind_of_file(readme, "b.jsonl"), "test");
  EXPECT_EQ(kind_of_file(readme, "c.jsonl"), "");
  EXPECT_EQ(licence_of(readme), "CC BY 4.0 (authors).");
}

TEST(Readme, WhereItIsSilentTheNameDecides) {
  EXPECT_TRUE(is_test_file("", "test.jsonl"));
  EXPECT_FALSE(is_test_file("", "train.jsonl"));
  EXPECT_FALSE(is_test_file("| file | kind |\n|---|---|\n| test.jsonl | train |\n", "test.jsonl"));
}

TEST(Readme, AFileListWithoutKindsNamesNoTests) {
  EXPECT_EQ(kind_of_file("| file | documents |\n|---|---|\n| part-00.jsonl | 3 |\n", "part-00.jsonl"), "");
}

TEST(Statements, AQuestionForTheSubjectBecomesAStatement) {
  EXPECT_EQ(statement_of("Who wrote the letter?", "Ann"), "Ann wrote the letter.");
  EXPECT_EQ(statement_of("What is the capital of Chile?", "santiago"), "Santiago is the capital of Chile.");
  EXPECT_EQ(statement_of("How many people live there?", "300"), "300 people live there.");
}

TEST(Statements, OtherQuestionsDoNot) {
  EXPECT_EQ(statement_of("Who did Ann meet?", "Bob"), std::nullopt);
  EXPECT_EQ(statement_of("When was it built?", "1889"), std::nullopt);
  EXPECT_EQ(statement_of("What year did it end?", "1889"), std::nullopt);
  EXPECT_EQ(statement_of("How many people did he see?", "3"), std::nullopt);
}

TEST(Statements, NamesAndNumbersAreFoundWithoutTheFirstWord) {
  const std::string sentence = "Today Mary Ann Evans met 12,500 people in Paris.";
  std::vector<std::string> found;
  for (const TextRange range : names_in(sentence))
    found.push_back(sentence.substr(range.begin, range.end - range.begin));
  for (const TextRange range : numbers_in(sentence))
    found.push_back(sentence.substr(range.begin, range.end - range.begin));

  EXPECT_THAT(found, ::testing::ElementsAre("Mary Ann Evans", "Paris", "12,500"));
}

TEST(Statements, NegationIsAddedAndTakenAway) {
  EXPECT_EQ(negated("The tower is old and was high."), "The tower is not old and was high.");
  EXPECT_EQ(negated("The tower is not old."), "The tower is old.");
  EXPECT_EQ(negated("She wrote it."), std::nullopt);
}

TEST(FindAnswer, TakesTheSentenceMostLikeTheQuestionAndWholeWordsOnly) {
  const std::string text =
      "In 1889 a fair was held. The tower was opened in 1889 by Eiffel. Room 18890 is closed.";

  const auto range = find_answer(text, "1889", "When was the tower opened?");

  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->begin, text.find("1889 by"));
  EXPECT_FALSE(find_answer(text, "889", "When?").has_value());
}

TEST(PassageSet, LookAlikesShareWordsAndHoldNoAnswer) {
  PassageSet set;
  set.add_passage("a", "The tower was opened in 1889 and people came to see the tower.");
  set.add_passage("b", "The tower of the church was never opened because people feared the tower.");
  set.add_passage("c", "The tower was closed in 1889 for people of the town.");
  set.add_passage("d", "Rivers carry water to the sea.");
  const ReadingItem item{.question = "When was the tower opened?", .passage = 0, .answer = {24, 28}};
  set.items.push_back(item);

  EXPECT_EQ(set.answer_of(item), "1889");
  EXPECT_THAT(set.look_alikes(item, 3), ::testing::ElementsAre(1U));
}

TEST(LexicalIndex, RanksByRareSharedWordsAndShortness) {
  LexicalIndex index;
  index.add("the bridge over the river");
  index.add("the tower over the river and the town and the road and the hill and the valley");
  index.add("the tower");
  index.add("a road");

  const auto hits = index.search("the tower", 10);

  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].text, 2U);
  EXPECT_EQ(hits[1].text, 1U);
  EXPECT_GT(index.weight("bridg"), index.weight("tower"));
}

TEST(TaskPrompts, DirectedRelationsSayWhichIsWhich) {
  EXPECT_EQ(directed_relation_option("Cause-Effect(e2,e1)"),
            "cause and effect: head is the effect, tail is the cause");
  EXPECT_EQ(directed_relation_option("Other"), "none of the other relations");
}

TEST(TaskPrompts, ARelationsOptionHoldsWhatIsGiven) {
  EXPECT_EQ(relation_option("mother", "female parent",
                            {{.sentence = "Eve bore Abel.", .head = "Abel", .tail = "Eve"}}),
            "mother: female parent / Abel, Eve: Eve bore Abel.");
  EXPECT_EQ(relation_option("", "", {{.sentence = "S.", .head = "H", .tail = "T"}}), "H, T: S.");
}

}  // namespace
}  // namespace lyceum::model
