#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/tokenizer/pre_tokenizer.hpp"

namespace lyceum::model {
namespace {

using Words = std::vector<std::string_view>;

Words words_of(std::string_view name, std::string_view text) {
  return split_words(*find_pre_tokenizer(name), text);
}

TEST(PreTokenizer, Gpt2TakesABlankWithTheWordAndLeavesOneOfMany) {
  EXPECT_EQ(words_of("gpt-2", "Hello  big world's 123,x\n\n end  "),
            (Words{"Hello", " ", " big", " world", "'s", " 123", ",", "x", "\n\n", " end", "  "}));
  EXPECT_EQ(words_of("gpt-2", "IT'S it's"), (Words{"IT", "'", "S", " it", "'s"}));
  EXPECT_EQ(words_of("gpt-2", "we've I'll you're I'm he'd 'quoted'"),
            (Words{"we", "'ve", " I", "'ll", " you", "'re", " I", "'m", " he", "'d", " '", "quoted", "'"}));
  EXPECT_EQ(words_of("olmo", "a\tb"), (Words{"a", "\t", "b"}));
}

TEST(PreTokenizer, Llama3GroupsDigitsByThreeAndKeepsLineBreaksTogether) {
  EXPECT_EQ(words_of("llama-bpe", "12345 IT'S  (ok)\n\n  next \n x"),
            (Words{"123", "45", " IT", "'S", " ", " (", "ok", ")\n\n", " ", " next", " \n", " x"}));
  EXPECT_EQ(words_of("llama3", "\tword .\n"), (Words{"\tword", " .\n"}));
  EXPECT_EQ(words_of("llama3", "a   "), (Words{"a", "   "}));
}

TEST(PreTokenizer, Qwen2TakesOneDigitAtATime) {
  EXPECT_EQ(words_of("qwen2", "x=2024 'Re"), (Words{"x", "=", "2", "0", "2", "4", " '", "Re"}));
}

TEST(PreTokenizer, LettersNumbersAndSpacesAreThoseOfUnicode) {
  EXPECT_EQ(words_of("qwen2", "Café①②naïve\xE3\x80\x80混合🙂x"),
            (Words{"Café", "①", "②", "naïve", "\xE3\x80\x80混合", "🙂x"}));
  // A combining mark is no letter here, but it may lead a word.
  EXPECT_EQ(words_of("qwen2", "e\xCC\x81t"), (Words{"e", "\xCC\x81t"}));
  EXPECT_EQ(words_of("deepseek-v3", "e\xCC\x81t"), (Words{"e\xCC\x81t"}));
}

TEST(PreTokenizer, DeepseekV3CutsNumbersAndHanFirst) {
  EXPECT_EQ(words_of("deepseek-v3", "abc12345混合かなdef"), (Words{"abc", "123", "45", "混合かな", "def"}));
  EXPECT_EQ(words_of("deepseek-v3", "(word).next -- \n\n x_1"),
            (Words{"(word", ").", "next", " --", " \n\n", " x", "_", "1"}));
}

TEST(PreTokenizer, DeepseekLlmCutsInSixStages) {
  EXPECT_EQ(words_of("deepseek-llm", "Hi there,\n 12345 混合 ok  "),
            (Words{"Hi", " there", ",", "\n", " ", "12345", " ", "混合", " ok", "  "}));
  // The pattern's range ":-~" holds the ASCII letters, so they part from their accented neighbours.
  EXPECT_EQ(words_of("deepseek-llm", "Straße работа ա"), (Words{"Stra", "ß", "e", " работа", " ա"}));
}

TEST(PreTokenizer, DefaultCutsPunctuationRunsAndThreeDigits) {
  EXPECT_EQ(words_of("default", "a<=b (12345) it's"),
            (Words{"a", "<=", "b", " ", "(", "123", "45", ")", " it", "'", "s"}));
}

TEST(PreTokenizer, KeepsBytesThatAreNotUtf8) {
  const std::string text = "ab\xFF\xC0\xAFz\xE2\x82";
  std::string joined;

  for (const std::string_view word : words_of("qwen2", text)) joined += word;

  EXPECT_EQ(joined, text);
  EXPECT_TRUE(words_of("qwen2", "").empty());
}

TEST(PreTokenizer, KnowsNoOtherName) {
  EXPECT_FALSE(find_pre_tokenizer("tekken"));
  EXPECT_NE(pre_tokenizer_names().find("deepseek-v3"), std::string::npos);
}

/// Goal: no text makes a scanner look at the same characters again and again. Method: each of these would
/// take hours in quadratic time.
TEST(PreTokenizer, LongRunsTakeLinearTime) {
  constexpr std::size_t kLength = 2'000'000;
  for (const char* name : {"default", "gpt-2", "llama3", "qwen2", "deepseek-llm", "deepseek-v3"}) {
    for (const char c : {' ', '1', 'a', '\n', '\'', '-'}) {
      std::string text(kLength, c);
      text += "\xE4\xB8\x80 ";
      EXPECT_FALSE(words_of(name, text).empty());
    }
  }
}

}  // namespace
}  // namespace lyceum::model
