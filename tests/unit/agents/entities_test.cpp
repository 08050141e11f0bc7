#include "agents/common/entities.hpp"

#include <gmock/gmock.h>

namespace lyceum::agents {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(std::string_view text) {
  std::vector<std::string> names;
  for (const Entity& entity : extract_entities(text)) names.push_back(entity.name);
  return names;
}

TEST(Entities, TakesRunsOfCapitalisedWordsAndTheirConnectors) {
  EXPECT_THAT(names("In 1903 Marie Curie left the University of Paris for Warsaw."),
              ElementsAre("1903", "Marie Curie", "University of Paris", "Warsaw"));
  EXPECT_THAT(names("He saw J. K. Rowling and Super Bowl 50."),
              ElementsAre("J. K. Rowling", "Super Bowl 50"));
  EXPECT_THAT(names("The École Normale stands there."), ElementsAre("École Normale"));
}

TEST(Entities, ACommaEndsAName) {
  EXPECT_THAT(names("It lies in Paris, Texas."), ElementsAre("Paris", "Texas"));
}

TEST(Entities, AQuestionWordOrAnAdverbIsNoName) {
  EXPECT_THAT(names("Who was it?"), IsEmpty());
  EXPECT_THAT(names("Unfortunately nothing was found."), IsEmpty());
}

TEST(Entities, ReadsDatesWhole) {
  const auto entities = extract_entities("She was born on 7 November 1867, and died on July 4, 1934.");

  ASSERT_EQ(entities.size(), 2U);
  EXPECT_EQ(entities[0].name, "7 November 1867");
  EXPECT_EQ(entities[0].kind, "date");
  EXPECT_EQ(entities[1].name, "July 4, 1934");
}

TEST(Entities, ATitleInQuotationMarksIsOne) {
  const auto entities = extract_entities("The band played \"Bridge over Troubled Water\" twice.");

  ASSERT_EQ(entities.size(), 1U);
  EXPECT_EQ(entities[0].name, "Bridge over Troubled Water");
  EXPECT_EQ(entities[0].kind, "title");
}

TEST(Entities, ARelationHasTheWordsBetween) {
  const auto relations =
      extract_relations("Marie Curie was born in Warsaw. Paris, Rome and Oslo are cities.");

  ASSERT_EQ(relations.size(), 1U);
  EXPECT_EQ(relations[0].from, "Marie Curie");
  EXPECT_EQ(relations[0].label, "was born in");
  EXPECT_EQ(relations[0].to, "Warsaw");
}

TEST(Entities, SpellingsShareAnId) {
  EXPECT_EQ(entity_id("The  Beatles"), entity_id("beatles"));
}

TEST(Entities, FindsAddressesWithoutTheSentencesPunctuation) {
  EXPECT_THAT(
      extract_urls(
          "See https://a.example/x?y=1, (http://b.example/z) and https://a.example/x?y=1. Not http alone."),
      ElementsAre("https://a.example/x?y=1", "http://b.example/z"));
  EXPECT_THAT(extract_urls("https://"), IsEmpty());
}

TEST(Entities, HostileTextsComeToAnEnd) {
  EXPECT_THAT(names(""), IsEmpty());
  EXPECT_LE(extract_entities(std::string(200'000, 'A') + " " + std::string(50'000, '"')).size(), 400U);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "Paris saw Rome. ";
  EXPECT_LE(extract_entities(many).size(), 400U);
  extract_entities("\xC3");
  extract_entities("“ unbalanced \xE2\x80");
}

}  // namespace
}  // namespace lyceum::agents
