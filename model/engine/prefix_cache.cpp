#include "model/engine/prefix_cache.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/attention.hpp"

namespace lyceum::model {
namespace {

using kernels::kAttentionPage;

std::size_t common_length(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto [at, other] = std::ranges::mismatch(a, b);
  return static_cast<std::size_t>(at - a.begin());
}

}  // namespace

void PrefixCache::forget_leaf(const Node& node) {
  leaves_.erase(node.last_use);
}

void PrefixCache::touch(Node& node) {
  if (node.parent == nullptr) return;
  const bool is_leaf = node.children.empty();
  if (is_leaf) forget_leaf(node);
  node.last_use = ++uses_;
  if (is_leaf) leaves_[node.last_use] = &node;
}

PrefixCache::Hit PrefixCache::find(const std::string& variant, std::span<const TokenId> tokens) {
  Hit hit;
  const auto root = roots_.find(variant);
  Node* node = root == roots_.end() ? nullptr : &root->second;
  while (node != nullptr && hit.length < tokens.size()) {
    const auto rest = tokens.subspan(hit.length);
    Node* best = nullptr;
    std::size_t best_length = 0;
    for (const auto& child : node->children) {
      const std::size_t length = common_length(child->tokens, rest);
      if (length > best_length) {
        best = child.get();
        best_length = length;
      }
    }
    if (best == nullptr) break;
    hit.length += best_length;
    hit.pages.push_back(best->page);
    touch(*best);
    node = best_length == kAttentionPage ? best : nullptr;
  }
  return hit;
}

PrefixCache::Node& PrefixCache::add_child(Node& parent, std::span<const TokenId> tokens,
                                          const KeyValuePage& page) {
  if (parent.parent != nullptr && parent.children.empty()) forget_leaf(parent);
  parent.children.push_back(std::make_unique<Node>());
  Node& child = *parent.children.back();
  child.tokens.assign(tokens.begin(), tokens.end());
  child.page = page;
  child.parent = &parent;
  child.last_use = ++uses_;
  leaves_[child.last_use] = &child;
  ++num_pages_;
  return child;
}

/// The child of `parent` that holds `block` and perhaps more. A shorter one gives way to the block.
PrefixCache::Node* PrefixCache::extend(Node& parent, std::span<const TokenId> block,
                                       const KeyValuePage& page) {
  for (const auto& child : parent.children) {
    const std::size_t length = common_length(child->tokens, block);
    if (length == block.size()) return child.get();
    if (length < child->tokens.size()) continue;
    child->tokens.assign(block.begin(), block.end());
    child->page = page;
    return child.get();
  }
  return &add_child(parent, block, page);
}

void PrefixCache::insert(const std::string& variant, std::span<const TokenId> tokens,
                         std::span<const KeyValuePage> pages) {
  LYCEUM_CHECK(pages.size() * kAttentionPage >= tokens.size());
  Node* node = &roots_[variant];
  for (std::size_t page = 0; page * kAttentionPage < tokens.size(); ++page) {
    const auto rest = tokens.subspan(page * kAttentionPage);
    node = extend(*node, rest.first(std::min(kAttentionPage, rest.size())), pages[page]);
    touch(*node);
  }
}

bool PrefixCache::evict() {
  const auto idle =
      std::ranges::find_if(leaves_, [](const auto& leaf) { return leaf.second->page.use_count() == 1; });
  if (idle == leaves_.end()) return false;
  Node* node = idle->second;
  Node* parent = node->parent;
  leaves_.erase(idle);
  std::erase_if(parent->children, [&](const auto& child) { return child.get() == node; });
  --num_pages_;
  if (parent->children.empty() && parent->parent != nullptr) leaves_[parent->last_use] = parent;
  return true;
}

std::size_t PrefixCache::count_idle(const Node& node) {
  std::size_t count = node.page != nullptr && node.page.use_count() == 1 ? 1 : 0;
  for (const auto& child : node.children) count += count_idle(*child);
  return count;
}

std::size_t PrefixCache::num_idle_pages() const {
  std::size_t count = 0;
  for (const auto& [variant, root] : roots_) count += count_idle(root);
  return count;
}

}  // namespace lyceum::model
