#include <gtest/gtest.h>

#include "base/text.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

void expect(const char* grammar, const std::vector<std::string>& good, const std::vector<std::string>& bad) {
  SCOPED_TRACE(grammar);
  const auto vocabulary = small_vocabulary();
  const auto constraint = grammar_constraint(grammar, vocabulary);
  ASSERT_TRUE(constraint) << constraint.error().message;
  for (const std::string& text : good) EXPECT_TRUE(lets_through(**constraint, *vocabulary, text)) << text;
  for (const std::string& text : bad) EXPECT_FALSE(lets_through(**constraint, *vocabulary, text)) << text;
}

void expect_error(const std::string& grammar, Errc code, const std::string& part) {
  SCOPED_TRACE(grammar.substr(0, 200));
  const auto constraint = grammar_constraint(grammar, small_vocabulary());
  ASSERT_FALSE(constraint);
  EXPECT_EQ(constraint.error().code, code) << constraint.error().message;
  EXPECT_NE(constraint.error().message.find(part), std::string::npos) << constraint.error().message;
}

TEST(GrammarConstraint, ReadsTextsClassesAndReferences) {
  expect("root ::= \"ab\" [0-9] other\nother ::= \"x\" | \"y\"", {"ab1x", "ab9y"},
         {"ab", "abx", "ab1", "ab1xy"});
  expect("root ::= [^a-c\\]] .", {"d€", "🙂\n"}, {"a.", "].", "d"});
  expect("root ::= \"\\x41\\u00e9\\U0001F642\\n\\t\\\"\\\\\"", {"Aé🙂\n\t\"\\"}, {"A"});
  expect("root ::= [a\\-z] [-x] [x-]", {"a--", "-xx", "zx-"}, {"b--", "ayx"});
  expect("root ::= \"\"", {""}, {"a"});
}

TEST(GrammarConstraint, CountsRepetitions) {
  expect("root ::= \"a\"* \"b\"+ \"c\"?", {"b", "aabbc", "bb"}, {"", "a", "ac", "bcc"});
  expect("root ::= (\"ab\" | \"c\"){2,3}", {"abc", "cc", "ababab"}, {"c", "abababab"});
  expect("root ::= \"a\"{3}", {"aaa"}, {"aa", "aaaa"});
  expect("root ::= [ab]{2,}", {"ab", "abab"}, {"a"});
  expect("root ::= \"x\" (\"a\"?){0,2} (\"b\"*)*", {"x", "xaa", "xbbb"}, {"xaaa", "b"});
  expect("root ::= \"a\"{0} \"b\"", {"b"}, {"ab"});
}

TEST(GrammarConstraint, RulesMayGoOnOverLines) {
  expect("# numbers\nroot ::= ( # one\n  \"1\" |\n  two\n) \"!\" |\n \"zero\"\n\ntwo ::=\n \"2\" # end",
         {"1!", "2!", "zero"}, {"1", "zero!"});
}

TEST(GrammarConstraint, RecursionKeepsCountOfBrackets) {
  expect("root ::= \"(\" root \")\" root | \"\"", {"", "()", "(()())()"}, {"(", ")", "(()", "())"});
  expect("root ::= [a-c] root [a-c] | [a-c]", {"a", "abc", "abcab"}, {"ab", "abca"});
  expect("root ::= item tail\ntail ::= \",\" item tail | \"\"\nitem ::= \"a\"", {"a", "a,a,a"}, {"a,", ",a"});
}

TEST(GrammarConstraint, ListsByTailRecursionDoNotCountAsNesting) {
  const auto vocabulary = small_vocabulary();
  const auto constraint = grammar_constraint("root ::= \"a\" root | \"b\"", vocabulary);
  ASSERT_TRUE(constraint);
  EXPECT_TRUE(lets_through(**constraint, *vocabulary, std::string(3000, 'a') + "b"));
}

TEST(GrammarConstraint, NestingHasALimitThatIsNoDeadEnd) {
  const auto vocabulary = small_vocabulary();
  const auto constraint = grammar_constraint("root ::= \"(\" root \")\" | \"x\"", vocabulary);
  ASSERT_TRUE(constraint);
  const auto walking = (*constraint)->clone();
  std::size_t depth = 0;
  while (walking->allowed().test('(')) {
    ASSERT_TRUE(walking->accept('('));
    ++depth;
  }
  EXPECT_EQ(depth, 512U);
  ASSERT_TRUE(walking->accept('x'));
  for (; depth > 0; --depth) ASSERT_TRUE(walking->accept(')'));
  EXPECT_TRUE(walking->must_end());
}

TEST(GrammarConstraint, VeryAmbiguousGrammarsNeverLeadToADeadEnd) {
  const auto vocabulary = small_vocabulary();
  const auto constraint = grammar_constraint(
      "root ::= \"a\" root \"x\" | \"a\" root \"y\" | \"a\" root [xy] | \"c\"", vocabulary);
  ASSERT_TRUE(constraint);
  const auto walking = (*constraint)->clone();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(walking->accept('a'));
  ASSERT_TRUE(walking->accept('c'));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(walking->accept(walking->allowed().test('x') ? 'x' : 'y')) << i;
  EXPECT_TRUE(walking->may_end());
}

TEST(GrammarConstraint, MasksHoldWhatOneTestATokenFinds) {
  const auto vocabulary = small_vocabulary();
  for (const char* grammar : {"root ::= [a-z ]{3,40} (\".\" | \"...\")",
                              "root ::= (\"the\" | \" \" | \"a\"+ | [0-9]{2,3} | \"\\\"\" .* \"\\\"\")*",
                              "root ::= .*", "root ::= \"(\" root \")\" root | [é€🙂]?"}) {
    SCOPED_TRACE(grammar);
    const auto constraint = grammar_constraint(grammar, vocabulary);
    ASSERT_TRUE(constraint) << constraint.error().message;
    std::mt19937_64 random(3);
    for (int i = 0; i < 5; ++i) {
      const auto walking = (*constraint)->clone();
      for (int step = 0; step < 30 && !walking->has_ended(); ++step) {
        ASSERT_EQ(walking->allowed(), tested_mask(*walking, vocabulary->vocab_size()));
        std::vector<TokenId> tokens;
        walking->allowed().for_each([&](TokenId token) { tokens.push_back(token); });
        ASSERT_FALSE(tokens.empty());
        ASSERT_TRUE(walking->accept(tokens[random() % tokens.size()]));
      }
    }
  }
}

TEST(GrammarConstraint, WritesWholeCharactersOnly) {
  const auto vocabulary = small_vocabulary();
  const auto constraint = grammar_constraint("root ::= .{1,8}", vocabulary);
  ASSERT_TRUE(constraint);
  std::mt19937_64 random(5);
  for (int i = 0; i < 300; ++i) {
    const auto walking = (*constraint)->clone();
    const Walk walk = random_walk(*walking, *vocabulary, random, 60);
    ASSERT_TRUE(walk.has_ended);
    EXPECT_TRUE(is_utf8(walk.text));
  }
}

TEST(GrammarConstraint, NamesTheLineOfAMistake) {
  expect_error("root ::= \"a\"\nb :: \"x\"", Errc::malformed, "line 2, column 3");
  expect_error("root ::= \"a", Errc::malformed, "line 1");
  expect_error("root ::= [a", Errc::malformed, "line 1");
  expect_error("root ::= [z-a]", Errc::malformed, "range");
  expect_error("root ::= (\"a\"", Errc::malformed, "\")\"");
  expect_error("root ::= \"\\q\"", Errc::malformed, "after \\");
  expect_error("root ::= \"\\uD800\"", Errc::malformed, "character");
  expect_error("root ::= \"a\"{3,2}", Errc::malformed, "largest");
  expect_error("root ::= \"a\"{100001}", Errc::malformed, "100000");
  expect_error("root ::= \"a\" )", Errc::malformed, "end of the line");
  expect_error("root ::= \"a\"\nroot ::= \"b\"", Errc::malformed, "not defined yet");
  expect_error("root ::= []", Errc::malformed, "at least one");
  expect_error("root ::= \"\xFF\"", Errc::malformed, "UTF-8");
  expect_error("root ::= \"a\"*****", Errc::malformed, "repetitions");
  expect_error("root ::= " + std::string(100, '(') + std::string(100, ')'), Errc::malformed, "nested");
}

TEST(GrammarConstraint, RefusesWhatCannotWork) {
  expect_error("x ::= \"a\"", Errc::invalid_argument, "root is not defined");
  expect_error("root ::= x", Errc::invalid_argument, "rule x is used");
  expect_error("", Errc::invalid_argument, "root");
  expect_error("root ::= root \"a\" | \"b\"", Errc::invalid_argument, "left recursion");
  expect_error("root ::= a\na ::= \"\" b\nb ::= \"x\"? a", Errc::invalid_argument, "left recursion");
  expect_error("root ::= \"a\" root", Errc::invalid_argument, "cannot end");
  expect_error("root ::= \"x\" | a\na ::= \"(\" b\nb ::= \"[\" a", Errc::invalid_argument, "cannot end");
  expect_error("root ::= .{100000} .{100000} .{100000} .{100000}", Errc::too_large, "states");
  expect_error(std::string(kMaxGrammarBytes + 1, ' '), Errc::too_large, "bytes");
}

}  // namespace
}  // namespace lyceum::model
