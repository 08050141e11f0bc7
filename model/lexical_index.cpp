#include "model/lexical_index.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"

namespace lyceum::model {
namespace {

constexpr double kSaturation = 0.9;
constexpr double kLengthShare = 0.4;

}  // namespace

std::size_t LexicalIndex::add(std::string_view text) {
  std::map<std::string, std::uint32_t, std::less<>> counts;
  std::uint32_t length = 0;
  visit_index_terms(text, [&](std::string_view word, std::string_view term) {
    ++length;
    if (is_stop_word(word)) return;
    const auto found = counts.find(term);
    if (found == counts.end()) {
      counts.emplace(term, 1U);
    } else {
      ++found->second;
    }
  });
  const auto number = static_cast<std::uint32_t>(lengths_.size());
  for (const auto& [term, count] : counts) postings_[term].push_back({number, count});
  lengths_.push_back(length);
  total_length_ += length;
  return number;
}

double LexicalIndex::weight(const std::string& term) const {
  const auto found = postings_.find(term);
  const double df = found == postings_.end() ? 0 : static_cast<double>(found->second.size());
  const auto n = static_cast<double>(lengths_.size());
  return std::log(1 + (n - df + 0.5) / (df + 0.5));
}

std::vector<LexicalIndex::Hit> LexicalIndex::search(std::string_view query, std::size_t hits_max) const {
  const double mean =
      static_cast<double>(total_length_) / static_cast<double>(std::max<std::size_t>(size(), 1));
  std::unordered_map<std::uint32_t, double> scores;
  for (const std::string& term : content_terms(query)) {
    const auto found = postings_.find(term);
    if (found == postings_.end()) continue;
    const double idf = weight(term);
    for (const Posting& posting : found->second) {
      const double count = posting.count;
      const double norm = 1 - kLengthShare + kLengthShare * lengths_[posting.text] / std::max(mean, 1.0);
      scores[posting.text] += idf * count / (count + kSaturation * norm);
    }
  }
  std::vector<Hit> hits;
  hits.reserve(scores.size());
  for (const auto& [text, score] : scores) hits.push_back({text, score});
  const auto better = [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.text < b.text;
  };
  const std::size_t kept = std::min(hits_max, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(kept), hits.end(), better);
  hits.resize(kept);
  return hits;
}

std::vector<std::string> content_terms(std::string_view text) {
  std::vector<std::string> terms;
  visit_index_terms(text, [&](std::string_view word, std::string_view term) {
    if (!is_stop_word(word)) terms.emplace_back(term);
  });
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  return terms;
}

std::size_t shared_terms(std::span<const std::string> terms, std::string_view text) {
  std::size_t shared = 0;
  for (const std::string& term : content_terms(text))
    shared += std::binary_search(terms.begin(), terms.end(), term) ? 1 : 0;
  return shared;
}

}  // namespace lyceum::model
