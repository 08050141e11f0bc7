#include "agents/findings.hpp"

#include <gtest/gtest.h>

namespace lyceum::agents {
namespace {

TEST(FoldFinding, EvidenceIsDroppedWithItsReasonAndRestored) {
  Blackboard board;
  fold_finding(board, "evidence.added", {{"evidence", "e1"}, {"quote", "it is"}}, "s1", "agent:find");
  EXPECT_EQ(board.evidence[0].step, "s1");
  EXPECT_EQ(board.evidence[0].by, "agent:find");

  fold_finding(board, "evidence.dropped", {{"evidence", "e1"}, {"reason", "wrong year"}}, "", "user:ada");
  EXPECT_EQ(board.evidence[0].dropped, "wrong year");

  fold_finding(board, "evidence.restored", {{"evidence", "e1"}}, "", "user:ada");
  EXPECT_EQ(board.evidence[0].dropped, "");
}

TEST(EvidenceData, ComesBackWhenItIsFolded) {
  const Evidence evidence{.id = "e7",
                          .step = "s1",
                          .quote = "it is",
                          .document = "d1",
                          .title = "T",
                          .section = "S",
                          .collection = "c",
                          .begin = 3,
                          .end = 8,
                          .url = "http://x",
                          .score = 0.5,
                          .question = "is it?",
                          .by = "user:ada"};
  Blackboard board;

  fold_finding(board, "evidence.added", evidence_data(evidence), "s1", "");

  const Json folded = evidence_data(board.evidence[0]);
  EXPECT_EQ(folded, evidence_data(evidence));
  EXPECT_EQ(folded["evidence"], "e7");
  EXPECT_EQ(folded["url"], "http://x");
  EXPECT_FALSE(evidence_data({}).contains("evidence"));
}

TEST(FoldFinding, AKnowledgeEntryReplacesTheOneForTheSameQuestionOnly) {
  Blackboard board;
  const auto entry = [](const char* question, const char* statement) {
    return Json{{"entries", Json::array({Json{{"question", question}, {"statement", statement}}})}};
  };
  fold_finding(board, "knowledge.updated", entry("a", "old"), "s1", "");
  fold_finding(board, "knowledge.updated", entry("b", "other"), "s2", "");
  fold_finding(board, "knowledge.updated", entry("a", "new"), "s1", "");

  ASSERT_EQ(board.knowledge.size(), 2U);
  EXPECT_EQ(board.knowledge[0]["statement"], "new");
  EXPECT_EQ(board.knowledge[1]["statement"], "other");
}

TEST(FoldFinding, MentionsAddUpAndTheSameRelationStandsOnce) {
  Blackboard board;
  const Json seen = {
      {"entities", Json::array({Json{{"id", "x"}, {"mentions", 2}, {"evidence", Json::array({"e1"})}}})},
      {"relations", Json::array({Json{{"from", "x"}, {"to", "y"}, {"label", "built"}, {"evidence", "e1"}}})}};
  fold_finding(board, "map.updated", seen, "s1", "");
  fold_finding(board, "map.updated", seen, "s1", "");

  ASSERT_EQ(board.entities.size(), 1U);
  EXPECT_EQ(board.entities[0]["mentions"], 4);
  EXPECT_EQ(board.entities[0]["evidence"].size(), 1U);
  EXPECT_EQ(board.relations.size(), 1U);
}

}  // namespace
}  // namespace lyceum::agents
