#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// The tokens that text is made of, as a tree of their bytes. Build it once a tokenizer (some 100 ms for
/// 150,000 tokens) and share it among constraints. Immutable, thread-safe.
class TokenTrie {
 public:
  /// A byte after the bytes of the nodes around it. Nodes are in preorder: the children of a node follow it,
  /// and `subtree_end` is the node after its last descendant.
  struct Node {
    std::uint32_t subtree_end = 0;
    std::uint32_t first_token = 0;  ///< Index into `tokens()`
    std::uint16_t num_tokens = 0;   ///< Tokens whose last byte this is
    std::uint16_t depth = 0;        ///< Bytes before this one
    std::uint8_t byte = 0;
  };

  /// Special tokens and tokens without bytes are left out.
  static std::shared_ptr<const TokenTrie> of(const Tokenizer& tokenizer);
  /// Token i has the bytes `bytes[i]`, none for a token that no text has; `end_tokens` end a generation.
  static std::shared_ptr<const TokenTrie> of(std::vector<std::string> bytes, std::vector<TokenId> end_tokens);

  std::size_t vocab_size() const { return bytes_.size(); }

  std::span<const Node> nodes() const { return nodes_; }

  std::span<const TokenId> tokens() const { return tokens_; }

  /// Empty for a token that text is not made of.
  std::string_view bytes_of(TokenId token) const;

  /// In order, none twice.
  std::span<const TokenId> end_tokens() const { return end_tokens_; }

  bool is_end(TokenId token) const;

  /// Bytes of the longest token.
  std::size_t token_bytes_max() const { return token_bytes_max_; }

 private:
  TokenTrie(std::vector<std::string> bytes, std::vector<TokenId> end_tokens);
  void add_nodes(std::span<const TokenId> sorted);

  std::vector<std::string> bytes_;
  std::vector<TokenId> end_tokens_;
  std::vector<Node> nodes_{};
  std::vector<TokenId> tokens_{};
  std::size_t token_bytes_max_ = 0;
};

}  // namespace lyceum::model
