#include "model/tokenizer/tokenizer.hpp"

#include <random>

#include <gtest/gtest.h>

#include "tests/unit/model/tokenizer/tokenizer_bytes.hpp"

namespace lyceum::model {
namespace {

using Tokens = std::vector<TokenId>;

Result<Tokenizer> tokenizer_of(const std::string& data) {
  TRY(const auto file, GgufFile::parse(bytes_of(data), "x.gguf"));
  return Tokenizer::from_gguf(file);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& data) {
  const auto tokenizer = tokenizer_of(data);
  return tokenizer ? "no error" : tokenizer.error().message;
}

TEST(Tokenizer, MergesBytePairsByRankFromTheLeft) {
  const auto tokenizer = tokenizer_of(byte_pair_gguf());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;

  EXPECT_EQ(*tokenizer->encode("hello world"), (Tokens{258, 'o', 259, 'o', 'r', 'l', 'd'}));
  EXPECT_EQ(*tokenizer->encode("hlll"), (Tokens{'h', 257, 'l'}));
  EXPECT_EQ(*tokenizer->encode(""), Tokens{});
}

TEST(Tokenizer, TakesWholeWordsOnlyWhereTheModelDoes) {
  EXPECT_EQ(*tokenizer_of(byte_pair_gguf("llama3"))->encode("zq", {}), (Tokens{263}));
  EXPECT_EQ(*tokenizer_of(byte_pair_gguf("qwen2"))->encode("zq", {}), (Tokens{'z', 'q'}));
}

TEST(Tokenizer, MakesSpecialTokensOfTextOnlyWhenAsked) {
  const auto tokenizer = tokenizer_of(byte_pair_gguf());
  const std::string text = "a<|end|><think>";

  const auto plain = *tokenizer->encode(text);
  EXPECT_EQ(plain.size(), text.size());
  EXPECT_EQ(*tokenizer->encode(text, {.parse_special = true}), (Tokens{'a', 262, 261}));

  EXPECT_EQ(tokenizer->decode(plain), text);
  EXPECT_EQ(tokenizer->decode(Tokens{'a', 262, 261}), "a<think>");
  EXPECT_EQ(tokenizer->decode(Tokens{'a', 262, 261}, true), text);
  EXPECT_TRUE(tokenizer->is_special(262) && tokenizer->is_special(261));
  EXPECT_FALSE(tokenizer->is_special(260) || tokenizer->is_special('a'));
  EXPECT_TRUE(tokenizer->is_end(262));
}

TEST(Tokenizer, TakesAddedWhiteSpaceInAnyText) {
  const auto tokenizer = tokenizer_of(byte_pair_gguf());

  EXPECT_EQ(*tokenizer->encode("a  b"), (Tokens{'a', 260, 'b'}));
  EXPECT_EQ(*tokenizer->encode("a   b"), (Tokens{'a', 260, ' ', 'b'}));
}

TEST(Tokenizer, MergesPiecesByScoreAndPutsABlankBeforeTheText) {
  const auto tokenizer = tokenizer_of(sentence_piece_gguf());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;

  EXPECT_EQ(*tokenizer->encode("ab"), (Tokens{263}));
  EXPECT_EQ(*tokenizer->encode("ab", {.add_special = true}), (Tokens{1, 263}));
  EXPECT_EQ(*tokenizer->encode("b ab"), (Tokens{259, 261, 263}));
  EXPECT_EQ(*tokenizer->encode("ab</s>ab", {.parse_special = true}), (Tokens{263, 2, 263}));
  EXPECT_EQ(tokenizer->decode(Tokens{1, 263, 261}), " abb");
}

TEST(Tokenizer, WritesUnknownCharactersAsBytes) {
  const auto tokenizer = tokenizer_of(sentence_piece_gguf());

  EXPECT_EQ(*tokenizer->encode("\xC3\xA9"), (Tokens{259, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer->decode(Tokens{3 + 0xC3, 3 + 0xA9}), "\xC3\xA9");
}

TEST(Tokenizer, NeverMergesPiecesToAControlOrByteToken) {
  const auto tokenizer = tokenizer_of(sentence_piece_gguf());

  EXPECT_EQ(*tokenizer->encode("<s>"), (Tokens{259, 267, 266}));
  const auto byte_like = *tokenizer->encode("<0x0A>");
  EXPECT_EQ(tokenizer->decode(byte_like), " <0x0A>");
}

TEST(Tokenizer, AnyBytesComeBack) {
  const auto byte_pairs = tokenizer_of(byte_pair_gguf("deepseek-v3"));
  const auto pieces = tokenizer_of(sentence_piece_gguf());
  std::mt19937_64 random(77);

  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    const std::size_t size = random() % 60;
    constexpr std::string_view kOften = "  \n\thel<|end|>ab\xE4\xB8\x80";
    for (std::size_t i = 0; i < size; ++i) {
      text += random() % 2 == 0 ? kOften[random() % kOften.size()] : static_cast<char>(random() % 256);
    }
    ASSERT_EQ(byte_pairs->decode(*byte_pairs->encode(text)), text);
    ASSERT_EQ(byte_pairs->decode(*byte_pairs->encode(text, {.parse_special = true}), true), text);
    // The mark for a blank is the one text that SentencePiece cannot tell from another.
    if (!text.empty() && text.find("\xE2\x96\x81") == std::string::npos) {
      ASSERT_EQ(pieces->decode(*pieces->encode(text)), " " + text);
    }
  }
}

TEST(Tokenizer, WritesBytesThatTheVocabularyLacksAsTheReplacementCharacter) {
  // The text of byte FF is U+00FF; without it there is no token for that byte.
  const auto tokenizer = tokenizer_of(replaced(byte_pair_gguf(), "\xC3\xBF", "??"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;

  EXPECT_EQ(tokenizer->decode(*tokenizer->encode("a\xFF\xFE")), "a\xEF\xBF\xBD\xFE");
  EXPECT_NE(error_of(replaced(byte_pair_gguf(), "\xC3\xA9", "??")).find("expected a token for byte 233"),
            std::string::npos);
}

TEST(Tokenizer, LongWordsTakeLittleMoreThanLinearTime) {
  const std::string text(300'000, 'l');

  const auto tokens = tokenizer_of(byte_pair_gguf())->encode(text);
  const auto pieces = tokenizer_of(sentence_piece_gguf())->encode(text);

  EXPECT_EQ(tokens->size(), text.size() / 2);
  EXPECT_EQ(pieces->size(), text.size() + 1);
}

TEST(Tokenizer, RefusesTextsOverTheLimit) {
  const std::string text(kMaxEncodeBytes + 1, ' ');

  EXPECT_EQ(tokenizer_of(byte_pair_gguf())->encode(text).error().code, Errc::too_large);
}

TEST(Tokenizer, IdsOutsideTheVocabularyGiveNothing) {
  const auto tokenizer = tokenizer_of(byte_pair_gguf());

  EXPECT_EQ(tokenizer->decode(Tokens{-1, 'a', 100'000}), "a");
  EXPECT_FALSE(tokenizer->is_special(-1) || tokenizer->is_end(100'000));
}

TEST(Tokenizer, SaysWhatIsWrongWithAFile) {
  const std::string good = byte_pair_gguf();

  EXPECT_NE(error_of(replaced(good, "gpt2", "gpt3")).find("expected gpt2, llama or t5, found \"gpt3\""),
            std::string::npos);
  EXPECT_NE(error_of(byte_pair_gguf("tekken")).find("tokenizer.ggml.pre: expected one of default"),
            std::string::npos);
  EXPECT_NE(error_of(replaced(good, "he ll", "he xx")).find("tokenizer.ggml.merges: entry 2"),
            std::string::npos);
  EXPECT_NE(error_of(replaced(good, "h e", "hee")).find("entry 0: expected two tokens with a blank"),
            std::string::npos);
  EXPECT_NE(
      error_of(replaced(good, "tokenizer.ggml.tokens", "tokenizer.ggml.tokenz")).find("no metadata entry"),
      std::string::npos);
  EXPECT_NE(
      error_of(replaced(sentence_piece_gguf(), "ggml.scores", "ggml.scorez")).find("tokenizer.ggml.scores"),
      std::string::npos);
  EXPECT_NE(error_of(replaced(sentence_piece_gguf(), "bos_token", "box_token")).find("bos_token_id"),
            std::string::npos);
}

TEST(Tokenizer, SurvivesFlippedBits) {
  std::mt19937_64 random(4711);
  std::size_t num_loaded = 0;

  for (int round = 0; round < 600; ++round) {
    std::string data = round % 2 == 0 ? byte_pair_gguf() : sentence_piece_gguf();
    for (int i = 0; i < 3; ++i) {
      char& byte = data[64 + random() % (data.size() - 64)];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    }
    const auto tokenizer = tokenizer_of(data);
    if (!tokenizer) continue;
    ++num_loaded;
    const auto tokens =
        tokenizer->encode("hello <|end|> \xFF ab", {.add_special = true, .parse_special = true});
    for (const TokenId token : *tokens) {
      ASSERT_GE(token, 0);
      ASSERT_LT(static_cast<std::size_t>(token), tokenizer->vocab_size());
    }
  }

  EXPECT_GT(num_loaded, 20U);
}

}  // namespace
}  // namespace lyceum::model
