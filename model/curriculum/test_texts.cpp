#include "model/curriculum/test_texts.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "base/hash.hpp"

namespace lyceum::model {
namespace {

/// Shorter texts are labels, names and answers, which occur anywhere.
constexpr std::size_t kMinWords = 4;
constexpr std::size_t kFilterBits = std::size_t{1} << 27U;

std::vector<std::uint64_t> word_hashes(std::string_view text) {
  std::vector<std::uint64_t> hashes;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) hashes.push_back(fnv1a64(word));
    word.clear();
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || byte >= 0x80) {
      word += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else {
      end_word();
    }
  }
  end_word();
  return hashes;
}

/// Calls `visit` with the hash of each run of 13 words, or of all words of a shorter text, until it gives
/// true.
template <class Visit>
bool any_gram(std::string_view text, Visit visit) {
  const std::vector<std::uint64_t> words = word_hashes(text);
  if (words.size() < kMinWords) return false;
  const std::size_t length = std::min(words.size(), TestTexts::kGramWords);
  for (std::size_t begin = 0; begin + length <= words.size(); ++begin) {
    std::uint64_t hash = length;
    for (std::size_t i = begin; i < begin + length; ++i) hash = (hash ^ words[i]) * 0x9E3779B97F4A7C15U;
    if (visit(hash)) return true;
  }
  return false;
}

bool is_word_list(const Json& value) {
  return value.is_array() && value.size() > 3 &&
         std::all_of(value.begin(), value.end(), [](const Json& item) {
           return item.is_string() && item.get_ref<const std::string&>().find(' ') == std::string::npos;
         });
}

}  // namespace

void TestTexts::add(std::string_view text) {
  any_gram(text, [&](std::uint64_t hash) {
    hashes_.push_back(hash);
    return false;
  });
}

void TestTexts::add_row(const Json& row) {
  if (row.is_string()) {
    add(row.get_ref<const std::string&>());
  } else if (is_word_list(row)) {
    std::string text;
    for (const Json& word : row) text += word.get_ref<const std::string&>() + " ";
    add(text);
  } else if (row.is_structured()) {
    for (const Json& item : row) add_row(item);
  }
}

void TestTexts::finish() {
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  filter_.assign(kFilterBits, false);
  for (const std::uint64_t hash : hashes_) filter_[hash % kFilterBits] = true;
}

bool TestTexts::knows(std::string_view text) const {
  if (hashes_.empty()) return false;
  LYCEUM_CHECK(!filter_.empty());
  return any_gram(
      text, [&](std::uint64_t hash) { return std::binary_search(hashes_.begin(), hashes_.end(), hash); });
}

}  // namespace lyceum::model
