#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lyceum::model {

/// A precompiled_charsmap that replaces the keys by their values. Each node of its trie goes to the first
/// place where it fits.
class CharacterMapBytes {
 public:
  explicit CharacterMapBytes(const std::map<std::string, std::string>& replacements) {
    for (const auto& [key, value] : replacements) {
      keys_.push_back({key, static_cast<std::uint32_t>(texts_.size())});
      texts_ += value + '\0';
    }
    units_.resize(1);
    used_.insert(0);
    place(0, 0, keys_.size(), 0);
  }

  std::string bytes() const {
    std::string out = number(static_cast<std::uint32_t>(units_.size() * 4));
    for (const std::uint32_t unit : units_) out += number(unit);
    return out + texts_;
  }

 private:
  struct Key {
    std::string text{};
    std::uint32_t value = 0;
  };

  static std::string number(std::uint32_t value) {
    std::string out;
    for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
    return out;
  }

  unsigned char label(std::size_t key, std::size_t depth) const {
    const std::string& text = keys_[key].text;
    return depth < text.size() ? static_cast<unsigned char>(text[depth]) : 0;
  }

  bool fits(std::size_t base, const std::set<unsigned char>& labels) const {
    for (const unsigned char each : labels) {
      if (used_.contains(base ^ each)) return false;
    }
    return true;
  }

  /// The children of `node`, which the keys from `begin` to `end` share with their first `depth` bytes.
  void place(std::size_t node, std::size_t begin, std::size_t end, std::size_t depth) {
    std::set<unsigned char> labels;
    for (std::size_t key = begin; key < end; ++key) labels.insert(label(key, depth));
    std::size_t base = 1;
    while (!fits(base, labels)) ++base;
    units_[node] |= static_cast<std::uint32_t>(node ^ base) << 10U | (labels.contains(0) ? 0x100U : 0U);
    for (const unsigned char each : labels) {
      const std::size_t child = base ^ each;
      used_.insert(child);
      if (child >= units_.size()) units_.resize(child + 1, 0x80000000U);
      units_[child] = each;
    }
    while (begin < end) {
      const unsigned char each = label(begin, depth);
      std::size_t next = begin;
      while (next < end && label(next, depth) == each) ++next;
      if (each == 0) {
        units_[base] = 0x80000000U | keys_[begin].value;
      } else {
        place(base ^ each, begin, next, depth + 1);
      }
      begin = next;
    }
  }

  std::vector<Key> keys_{};
  std::string texts_{};
  std::vector<std::uint32_t> units_{};
  std::set<std::size_t> used_{};
};

}  // namespace lyceum::model
