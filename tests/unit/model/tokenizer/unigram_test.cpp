#include <limits>
#include <map>

#include <gtest/gtest.h>

#include "base/splitmix64.hpp"
#include "model/tokenizer/tokenizer.hpp"
#include "tests/unit/model/tokenizer/character_map_bytes.hpp"
#include "tests/unit/model/tokenizer/unigram_vocabulary.hpp"

namespace lyceum::model {
namespace {

using Tokens = std::vector<TokenId>;

/// The pieces of a text, "?" for the unknown token.
std::vector<std::string> pieces_of(const Tokenizer& tokenizer, const std::string& text) {
  const Tokens tokens = *tokenizer.encode(text);
  std::vector<std::string> pieces;
  for (const TokenId token : tokens)
    pieces.push_back(token == 0 ? "?" : std::string(tokenizer.bytes_of(token)));
  return pieces;
}

Tokenizer made(const GgufHeader& header) {
  auto tokenizer = tokenizer_of_header(header);
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return *std::move(tokenizer);
}

using Pieces = std::vector<std::string>;

// After the test EncodeTest of SentencePiece (unigram_model_test.cc); what is unknown is one token.
TEST(Unigram, TakesTheLikeliestPieces) {
  const Tokenizer tokenizer = made(unigram_header({{"ab", 0.0F},
                                                   {"cd", -0.1F},
                                                   {"abc", -0.2F},
                                                   {"a", -0.3F},
                                                   {"b", -0.4F},
                                                   {"c", -0.5F},
                                                   {"q", -0.5F},
                                                   {"r", -0.5F},
                                                   {"qr", -0.5F, 5}}));

  EXPECT_EQ(pieces_of(tokenizer, "abc"), Pieces{"abc"});
  EXPECT_EQ(pieces_of(tokenizer, "abcd"), (Pieces{"ab", "cd"}));
  EXPECT_EQ(pieces_of(tokenizer, "abcc"), (Pieces{"abc", "c"}));
  EXPECT_EQ(pieces_of(tokenizer, "xabcabaabcdd"), (Pieces{"?", "abc", "ab", "a", "ab", "cd", "?"}));
  EXPECT_EQ(pieces_of(tokenizer, "xyz東京"), Pieces{"?"});
  EXPECT_EQ(pieces_of(tokenizer, "ababcdabcdcd"), (Pieces{"ab", "ab", "cd", "ab", "cd", "cd"}));
  EXPECT_EQ(pieces_of(tokenizer, "abqrcd"), (Pieces{"ab", "q", "r", "cd"}));
  EXPECT_EQ(pieces_of(tokenizer, ""), Pieces{});
}

/// The highest sum of scores over all ways to cut the rest of a text.
double best_sum(const std::map<std::string, double>& scores, double unknown, std::string_view rest) {
  if (rest.empty()) return 0;
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t size = 1; size <= rest.size(); ++size) {
    const auto found = scores.find(std::string(rest.substr(0, size)));
    if (found != scores.end())
      best = std::max(best, found->second + best_sum(scores, unknown, rest.substr(size)));
  }
  if (!scores.contains(std::string(rest.substr(0, 1))))
    best = std::max(best, unknown + best_sum(scores, unknown, rest.substr(1)));
  return best;
}

// Goal: no cut of a text is likelier than the one taken. Method: small vocabularies and texts by chance, all
// cuts tried. Scores are eighths, so that sums are exact.
TEST(Unigram, FindsTheLikeliestOfAllCuts) {
  SplitMix64 numbers(17);
  for (int round = 0; round < 300; ++round) {
    std::map<std::string, double> scores;
    for (int i = 0; i < 14; ++i) {
      std::string text;
      for (std::uint64_t size = 1 + numbers.below(4); size > 0; --size)
        text += static_cast<char>('a' + static_cast<char>(numbers.below(3)));
      scores[text] = -static_cast<double>(numbers.below(64)) / 8;
    }
    std::vector<UnigramPiece> pieces;
    double unknown = 0;
    for (const auto& [text, score] : scores) {
      pieces.push_back({text, static_cast<float>(score)});
      unknown = std::min(unknown, score);
    }
    unknown -= 10;
    const Tokenizer tokenizer = made(unigram_header(pieces));
    std::string text;
    for (std::uint64_t size = numbers.below(12); size > 0; --size)
      text += static_cast<char>('a' + static_cast<char>(numbers.below(3)));

    const Tokens tokens = *tokenizer.encode(text);

    double sum = 0;
    std::size_t num_known = 0;
    for (const TokenId token : tokens) {
      if (token == 0) continue;
      sum += pieces[static_cast<std::size_t>(token) - 2].score;
      num_known += pieces[static_cast<std::size_t>(token) - 2].text.size();
    }
    sum += unknown * static_cast<double>(text.size() - num_known);
    ASSERT_EQ(sum, best_sum(scores, unknown, text)) << round << ": " << text;
  }
}

TEST(Unigram, AFewBytesWithoutPiecesBecomeByteTokens) {
  std::vector<UnigramPiece> pieces{{"a", -1}};
  for (const char* text : {"<0xC3>", "<0xA9>", "<0xEF>", "<0xBF>", "<0xBD>"}) pieces.push_back({text, 0, 6});
  const Tokenizer tokenizer = made(unigram_header(pieces));

  EXPECT_EQ(*tokenizer.encode("aé"), (Tokens{2, 3, 4}));
  EXPECT_EQ(tokenizer.decode(*tokenizer.encode("éa")), "éa");
  // The text of a byte token is text.
  EXPECT_EQ(*tokenizer.encode("<0xC3>"), Tokens{0});
  // Not UTF-8: U+FFFD. A character without byte tokens: unknown, alone.
  EXPECT_EQ(*tokenizer.encode("\xC3"), (Tokens{5, 6, 7}));
  EXPECT_EQ(*tokenizer.encode("zéz"), (Tokens{0, 3, 4, 0}));
}

TEST(Unigram, MarksBlanksAsTheFileWants) {
  GgufHeader header = unigram_header({{"\u2581a", -1}, {"a", -2}, {"\u2581", -3}});
  EXPECT_EQ(pieces_of(made(header), " a  a "), (Pieces{" a", " ", " a", " "}));
  EXPECT_EQ(pieces_of(made(header), "a"), Pieces{"a"});

  header.set_bool("tokenizer.ggml.add_space_prefix", true);
  EXPECT_EQ(pieces_of(made(header), "a"), Pieces{" a"});
  EXPECT_EQ(pieces_of(made(header), " a"), (Pieces{" ", " a"}));
  EXPECT_EQ(pieces_of(made(header), ""), Pieces{});

  header.set_bool("tokenizer.ggml.remove_extra_whitespaces", true);
  EXPECT_EQ(pieces_of(made(header), "  a   a  "), (Pieces{" a", " a"}));
  EXPECT_EQ(pieces_of(made(header), "   "), Pieces{});

  EXPECT_EQ(*made(header).encode("a", {.add_special = true}), (Tokens{2, 1}));
}

TEST(Unigram, ReplacesWhatTheMapSays) {
  const std::string map =
      CharacterMapBytes({{"a", "x"}, {"ab", "y"}, {"\u2126", "\u03C9"}, {"\t", " "}, {"\u200B", ""}}).bytes();
  GgufHeader header = unigram_header({{"x", -1}, {"y", -1}, {"b", -1}, {"\u03C9", -1}, {"\u2581", -1}});
  set_character_map(map, header);

  EXPECT_EQ(pieces_of(made(header), "abaab"), (Pieces{"y", "x", "y"}));
  EXPECT_EQ(pieces_of(made(header), "b\u2126\u200Bb\tb"), (Pieces{"b", "\u03C9", "b", " ", "b"}));
}

TEST(Unigram, AppliesUnicodesForms) {
  GgufHeader header = unigram_header({{"fi", -1}, {"\u00E9", -1}, {"e", -1}, {"\u0301", -1}});
  header.set_string("lyceum.tokenizer.unicode_form", "nfkc");
  EXPECT_EQ(pieces_of(made(header), "\uFB01e\u0301"), (Pieces{"fi", "\u00E9"}));
  header.set_string("lyceum.tokenizer.unicode_form", "nfd");
  EXPECT_EQ(pieces_of(made(header), "\u00E9"), (Pieces{"e", "\u0301"}));
  header.set_string("lyceum.tokenizer.unicode_form", "nfx");
  EXPECT_EQ(tokenizer_of_header(header).error().message,
            "x.gguf: lyceum.tokenizer.unicode_form: expected nfc, nfd, nfkc or nfkd, found \"nfx\"");
}

TEST(Unigram, NamesTheEntryThatIsWrong) {
  const auto error_of = [](const GgufHeader& header) {
    const auto tokenizer = tokenizer_of_header(header);
    return tokenizer ? "no error" : tokenizer.error().message;
  };
  EXPECT_EQ(error_of(unigram_header({{"a", -std::numeric_limits<float>::infinity()}})),
            "x.gguf: tokenizer.ggml.scores: entry 2: expected a finite number");
  GgufHeader header = unigram_header({{"a", -1}});
  set_character_map("abc", header);
  EXPECT_EQ(error_of(header),
            "x.gguf: tokenizer.ggml.precompiled_charsmap: expected the size of its trie in 4 bytes");
  set_character_map(std::string("\x08\0\0\0abcd", 8), header);
  EXPECT_EQ(
      error_of(header),
      "x.gguf: tokenizer.ggml.precompiled_charsmap: expected a trie of 4-byte units within its 4 bytes, "
      "found 8");
  set_character_map(std::string("\x04\0\0\0\0\0\0\0abcd", 12), header);
  EXPECT_EQ(
      error_of(header),
      "x.gguf: tokenizer.ggml.precompiled_charsmap: expected texts that end with a zero after at most 64 "
      "bytes");
}

}  // namespace
}  // namespace lyceum::model
