#include "agents/common/terms.hpp"

#include <gmock/gmock.h>

namespace lyceum::agents {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Terms, LeavesOutStopWordsAndRepetitions) {
  std::vector<std::string> words;
  for (const Term& term :
       key_terms("Who founded the university, and when was the University's library founded?")) {
    words.push_back(term.word);
  }

  EXPECT_THAT(words, ElementsAre("founded", "university", "library"));
}

TEST(Terms, FindsWhatNoTextMentions) {
  EXPECT_THAT(missing_terms("When did the bridges collapse in Genoa?", {"A bridge in Genoa."}),
              ElementsAre("collapse"));
  EXPECT_THAT(missing_terms("Genoa?", {"genoa"}), IsEmpty());
}

TEST(Terms, SupportIsTheShareOfWordsThatTheQuotesHold) {
  EXPECT_DOUBLE_EQ(support_of("The bridge collapsed.", {"the bridge collapses"}), 1);
  EXPECT_DOUBLE_EQ(support_of("The bridge exploded.", {"the bridge collapsed"}), 0.5);
  EXPECT_DOUBLE_EQ(support_of("It was.", {}), 1);
}

TEST(Terms, ClipsAtCharacterBorders) {
  EXPECT_EQ(clip("déjà", 2), "d…");
  EXPECT_EQ(clip("déjà", 6), "déjà");
}

}  // namespace
}  // namespace lyceum::agents
