#include "agents/deep_search/notes.hpp"

#include <gmock/gmock.h>

namespace lyceum::agents::deep_search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Notes, SayWhatToLeaveOutWhereToLookAndWhatToSearchFor) {
  Guidance guidance;

  follow("Please ignore the Wikipedia dump.", guidance);
  follow("only use the Annual Report", guidance);
  follow("Look at the second treaty too", guidance);
  follow("not a", guidance);

  EXPECT_THAT(guidance.excluded, ElementsAre("wikipedia dump"));
  EXPECT_THAT(guidance.only, ElementsAre("annual report"));
  EXPECT_THAT(guidance.queries, ElementsAre("Look at the second treaty too", "not a"));
}

TEST(Notes, RefuseWhatTheyExclude) {
  Guidance guidance;
  follow("ignore Rome", guidance);

  EXPECT_THAT(refusal(guidance, {.title = "A walk in Rome"}, "It rained."), testing::HasSubstr("rome"));
  EXPECT_THAT(refusal(guidance, {.title = "Paris"}, "He left for ROME."), testing::HasSubstr("rome"));
  EXPECT_THAT(refusal(guidance, {.title = "Paris"}, "It rained."), IsEmpty());
}

TEST(Notes, RefuseWhatStandsOutsideTheNamedSources) {
  Guidance guidance;
  follow("Only the annual report", guidance);

  EXPECT_THAT(refusal(guidance, {.title = "Annual Report 2020"}, "x"), IsEmpty());
  EXPECT_THAT(refusal(guidance, {.title = "Blog"}, "the annual report"), testing::HasSubstr("annual report"));
}

}  // namespace
}  // namespace lyceum::agents::deep_search
