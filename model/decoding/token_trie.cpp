#include "model/decoding/token_trie.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.hpp"

namespace lyceum::model {

std::shared_ptr<const TokenTrie> TokenTrie::of(const Tokenizer& tokenizer) {
  std::vector<std::string> bytes(tokenizer.vocab_size());
  std::vector<TokenId> end_tokens;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    if (tokenizer.is_end(token)) {
      end_tokens.push_back(token);
    } else if (!tokenizer.is_special(token)) {
      bytes[i] = tokenizer.bytes_of(token);
    }
  }
  return of(std::move(bytes), std::move(end_tokens));
}

std::shared_ptr<const TokenTrie> TokenTrie::of(std::vector<std::string> bytes,
                                               std::vector<TokenId> end_tokens) {
  return std::shared_ptr<const TokenTrie>(new TokenTrie(std::move(bytes), std::move(end_tokens)));
}

TokenTrie::TokenTrie(std::vector<std::string> bytes, std::vector<TokenId> end_tokens)
    : bytes_(std::move(bytes)), end_tokens_(std::move(end_tokens)) {
  std::sort(end_tokens_.begin(), end_tokens_.end());
  end_tokens_.erase(std::unique(end_tokens_.begin(), end_tokens_.end()), end_tokens_.end());
  for (const TokenId token : end_tokens_) {
    LYCEUM_CHECK(token >= 0 && static_cast<std::size_t>(token) < bytes_.size());
    bytes_[static_cast<std::size_t>(token)].clear();
  }
  std::vector<TokenId> sorted;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    LYCEUM_CHECK(bytes_[i].size() < std::numeric_limits<std::uint16_t>::max());
    token_bytes_max_ = std::max(token_bytes_max_, bytes_[i].size());
    if (!bytes_[i].empty()) sorted.push_back(static_cast<TokenId>(i));
  }
  std::sort(sorted.begin(), sorted.end(), [this](TokenId a, TokenId b) {
    const int order = bytes_of(a).compare(bytes_of(b));
    return order != 0 ? order < 0 : a < b;
  });
  add_nodes(sorted);
}

// In sorted order every token shares a prefix with the one before it; the rest of it are new nodes.
void TokenTrie::add_nodes(std::span<const TokenId> sorted) {
  std::vector<std::size_t> path;
  const auto close_to = [&](std::size_t depth) {
    while (path.size() > depth) {
      nodes_[path.back()].subtree_end = static_cast<std::uint32_t>(nodes_.size());
      path.pop_back();
    }
  };
  std::string_view previous;
  for (const TokenId token : sorted) {
    const std::string_view bytes = bytes_of(token);
    std::size_t shared = 0;
    while (shared < bytes.size() && shared < previous.size() && bytes[shared] == previous[shared]) ++shared;
    close_to(shared);
    for (std::size_t depth = shared; depth < bytes.size(); ++depth) {
      path.push_back(nodes_.size());
      nodes_.push_back({.first_token = static_cast<std::uint32_t>(tokens_.size()),
                        .depth = static_cast<std::uint16_t>(depth),
                        .byte = static_cast<std::uint8_t>(bytes[depth])});
    }
    ++nodes_[path.back()].num_tokens;
    tokens_.push_back(token);
    previous = bytes;
  }
  close_to(0);
}

std::string_view TokenTrie::bytes_of(TokenId token) const {
  if (token < 0 || static_cast<std::size_t>(token) >= bytes_.size()) return {};
  return bytes_[static_cast<std::size_t>(token)];
}

bool TokenTrie::is_end(TokenId token) const {
  return std::binary_search(end_tokens_.begin(), end_tokens_.end(), token);
}

}  // namespace lyceum::model
