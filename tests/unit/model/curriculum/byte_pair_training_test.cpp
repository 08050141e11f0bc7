#include "model/curriculum/byte_pair_training.hpp"

#include <set>

#include <gmock/gmock.h>

#include "model/curriculum/text_encoder.hpp"
#include "tests/unit/model/verbs/small_tokenizer.hpp"

namespace lyceum::model {
namespace {

TEST(BytePairTraining, MergesTheMostFrequentPairFirst) {
  WordCounts words;
  words.add("ab ab ab cd");

  const auto vocabulary = train_byte_pairs(words, 258);

  ASSERT_TRUE(vocabulary.has_value());
  ASSERT_EQ(vocabulary->merges.size(), 2U);
  EXPECT_EQ(vocabulary->tokens[256], "ab");
  EXPECT_EQ(vocabulary->tokens[257], " ab");
}

TEST(BytePairTraining, CountsStayRightThroughOverlappingPairs) {
  // Method: counts kept up to date must give the merges of counting anew after every merge.
  const std::string text = "aaaa aaab abab baaa bbbb abba aabb aaaaaa ababab bababa baba";
  WordCounts words;
  for (int i = 0; i < 3; ++i) words.add(text);

  const auto vocabulary = train_byte_pairs(words, 272);

  ASSERT_TRUE(vocabulary.has_value());
  std::vector<std::pair<std::vector<std::int32_t>, std::uint64_t>> counted;
  for (const auto& [word, count] : words.counts()) {
    std::vector<std::int32_t> ids;
    for (const char c : word) ids.push_back(static_cast<unsigned char>(c));
    counted.emplace_back(ids, count);
  }
  for (const auto& merge : vocabulary->merges) {
    std::map<std::pair<std::int32_t, std::int32_t>, std::uint64_t> pairs;
    for (const auto& [ids, count] : counted) {
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) pairs[{ids[i], ids[i + 1]}] += count;
    }
    std::uint64_t highest = 0;
    for (const auto& [pair, count] : pairs) highest = std::max(highest, count);
    EXPECT_EQ(pairs[merge], highest);
    const std::string merged = vocabulary->tokens[static_cast<std::size_t>(merge.first)] +
                               vocabulary->tokens[static_cast<std::size_t>(merge.second)];
    const auto id = static_cast<std::int32_t>(
        std::find(vocabulary->tokens.begin(), vocabulary->tokens.end(), merged) - vocabulary->tokens.begin());
    for (auto& [ids, count] : counted) {
      std::vector<std::int32_t> next;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool is_match = i + 1 < ids.size() && ids[i] == merge.first && ids[i + 1] == merge.second;
        next.push_back(is_match ? id : ids[i]);
        if (is_match) ++i;
      }
      ids = next;
    }
  }
}

TEST(BytePairTraining, NoTokenStandsTwice) {
  WordCounts words;
  words.add("abc abc ab bc abc xabc abcx bc ab ab bc bc abcabc");

  const auto vocabulary = train_byte_pairs(words, 280);

  ASSERT_TRUE(vocabulary.has_value());
  const std::set<std::string> different(vocabulary->tokens.begin(), vocabulary->tokens.end());
  EXPECT_EQ(different.size(), vocabulary->tokens.size());
}

TEST(BytePairTraining, StopsWhenNoPairOccursTwice) {
  WordCounts words;
  words.add("ab");

  const auto vocabulary = train_byte_pairs(words, 1000);

  ASSERT_TRUE(vocabulary.has_value());
  EXPECT_EQ(vocabulary->tokens.size(), 256U);
}

TEST(BytePairTraining, AVocabularyWithoutRoomForTheBytesIsRefused) {
  EXPECT_EQ(train_byte_pairs(WordCounts(), 255).error().code, Errc::invalid_argument);
}

TEST(BytePairTraining, TheTokenizerGivesAnyBytesBack) {
  const Tokenizer tokenizer = small_tokenizer();
  std::string bytes;
  for (int i = 0; i < 3; ++i) {
    for (int byte = 0; byte < 256; ++byte)
      bytes += static_cast<char>(static_cast<unsigned char>(byte * 7 + i));
  }
  bytes += kSmallText;

  const auto tokens = tokenizer.encode(bytes);

  ASSERT_TRUE(tokens.has_value());
  EXPECT_EQ(tokenizer.decode(*tokens), bytes);
}

TEST(BytePairTraining, SpecialTokensAreTheLastIdsAndNotMadeFromText) {
  const Tokenizer tokenizer = small_tokenizer();

  const auto end = tokenizer.find("<|end|>");

  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(static_cast<std::size_t>(*end), tokenizer.vocab_size() - special_token_texts().size());
  EXPECT_TRUE(tokenizer.is_end(*end));
  EXPECT_THAT(*tokenizer.encode("<|end|>"), ::testing::Not(::testing::Contains(*end)));
}

TEST(BytePairTraining, WordsEncodedOnceEachGiveTheTokenizersTokens) {
  const Tokenizer tokenizer = small_tokenizer();
  TextEncoder encoder(tokenizer);
  const std::string text =
      std::string(kSmallText) + "  two  spaces\n\n\tand 1234 numbers, it's \xC3\xA9t\xC3\xA9!? \n";

  std::vector<TokenId> tokens;
  encoder.append(text, tokens);
  encoder.append(text, tokens);

  const auto once = *tokenizer.encode(text);
  std::vector<TokenId> twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  EXPECT_EQ(tokens, twice);
}

TEST(TokenizerJson, ADamagedFileIsRefusedByItsName) {
  const TestFolder folder;

  const auto tokenizer =
      open_tokenizer_blocking(folder.write("tokenizer.json", R"({"model": {"vocab": {}}})"));

  ASSERT_FALSE(tokenizer.has_value());
  EXPECT_EQ(tokenizer.error().code, Errc::malformed);
  EXPECT_NE(tokenizer.error().message.find("tokenizer.json"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::model
