#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/architectures/key_value_pages.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// Keys and values of contexts that were computed before, by their tokens: a radix tree whose edges are a
/// page each. A hit may end within a page; who goes on from there copies that page (KeyValueState does).
/// One thread at a time.
class PrefixCache {
 public:
  struct Hit {
    std::vector<KeyValuePage> pages{};
    std::size_t length = 0;  ///< Tokens
  };

  /// The longest beginning of `tokens` that is known for this variant.
  Hit find(const std::string& variant, std::span<const TokenId> tokens);

  /// Keeps the pages of `tokens`; what is there already stays as it is.
  void insert(const std::string& variant, std::span<const TokenId> tokens,
              std::span<const KeyValuePage> pages);

  /// Gives up the page that was not used for longest and that nobody else holds; false: there is none.
  bool evict();

  std::size_t num_pages() const { return num_pages_; }

  /// Pages that nobody else holds: evict() would free them, one after the other.
  std::size_t num_idle_pages() const;

 private:
  struct Node {
    std::vector<TokenId> tokens{};
    KeyValuePage page{};
    Node* parent = nullptr;
    std::vector<std::unique_ptr<Node>> children{};
    std::uint64_t last_use = 0;
  };

  static std::size_t count_idle(const Node& node);
  void touch(Node& node);
  void forget_leaf(const Node& node);
  Node& add_child(Node& parent, std::span<const TokenId> tokens, const KeyValuePage& page);
  Node* extend(Node& parent, std::span<const TokenId> block, const KeyValuePage& page);

  std::map<std::string, Node> roots_{};
  std::map<std::uint64_t, Node*> leaves_{};  ///< By last use
  std::uint64_t uses_ = 0;
  std::size_t num_pages_ = 0;
};

}  // namespace lyceum::model
