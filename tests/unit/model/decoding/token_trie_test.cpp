#include "model/decoding/token_trie.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

TEST(TokenTrie, EveryTokenIsAtTheEndOfItsBytes) {
  const auto trie = small_vocabulary();
  std::vector<TokenId> found;
  std::string path;
  for (const TokenTrie::Node& node : trie->nodes()) {
    path.resize(node.depth);
    path += static_cast<char>(node.byte);
    for (std::size_t i = 0; i < node.num_tokens; ++i) {
      found.push_back(trie->tokens()[node.first_token + i]);
      EXPECT_EQ(trie->bytes_of(found.back()), path);
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<TokenId> expected;
  for (std::size_t i = 0; i < trie->vocab_size(); ++i) {
    if (!trie->bytes_of(static_cast<TokenId>(i)).empty()) expected.push_back(static_cast<TokenId>(i));
  }
  EXPECT_EQ(found, expected);
}

TEST(TokenTrie, SubtreesEndAfterTheirLastDescendant) {
  const auto trie = small_vocabulary();
  const auto nodes = trie->nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::size_t end = i + 1;
    while (end < nodes.size() && nodes[end].depth > nodes[i].depth) ++end;
    ASSERT_EQ(nodes[i].subtree_end, end);
  }
}

TEST(TokenTrie, TokensOfTheSameBytesShareANode) {
  const auto trie = TokenTrie::of({"ab", "a", "ab", "", "</s>"}, {4, 4});
  ASSERT_EQ(trie->nodes().size(), 2U);
  EXPECT_EQ(trie->nodes()[1].num_tokens, 2);
  EXPECT_EQ(trie->token_bytes_max(), 2U);
  EXPECT_TRUE(trie->is_end(4));
  EXPECT_FALSE(trie->is_end(1));
  EXPECT_TRUE(trie->bytes_of(4).empty());
  EXPECT_TRUE(trie->bytes_of(-1).empty());
  EXPECT_TRUE(trie->bytes_of(5).empty());
}

}  // namespace
}  // namespace lyceum::model
