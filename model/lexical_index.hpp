#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lyceum::model {

/// BM25 over texts in memory: finds what looks like an answer. Immutable after `finish`.
class LexicalIndex {
 public:
  struct Hit {
    std::size_t text = 0;
    double score = 0;
  };

  /// The text's number, from 0.
  std::size_t add(std::string_view text);

  std::size_t size() const { return lengths_.size(); }

  /// The best `hits_max` texts that share a word that is not a stop word, best first, the earlier of equals
  /// first.
  std::vector<Hit> search(std::string_view query, std::size_t hits_max) const;
  /// log(1 + (n - df + 0.5) / (df + 0.5)) of an index term.
  double weight(const std::string& term) const;

 private:
  struct Posting {
    std::uint32_t text = 0;
    std::uint32_t count = 0;
  };

  std::unordered_map<std::string, std::vector<Posting>> postings_{};
  std::vector<std::uint32_t> lengths_{};
  std::uint64_t total_length_ = 0;
};

/// The different index terms of a text without stop words, sorted.
std::vector<std::string> content_terms(std::string_view text);
/// How many of `terms`, sorted, the text holds.
std::size_t shared_terms(std::span<const std::string> terms, std::string_view text);

}  // namespace lyceum::model
