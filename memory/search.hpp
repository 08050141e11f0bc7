#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"  // index_terms, is_stop_word, split_sentences: shared with model

namespace lyceum::memory {

struct SearchQuery {
  std::string text{};
  std::vector<std::string> collections{};  ///< Empty: all.
  std::size_t limit = 10;                  ///< 1..kMaxSearchHits
};

inline constexpr std::size_t kMaxSearchHits = 200;

/// One chunk of a document: text bytes [begin, end) of its text.
struct SearchHit {
  std::string document{};
  std::string title{};
  std::string section{};
  std::string collection{};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string text{};
  double score = 0;               ///< What the hits are ordered by.
  double bm25 = 0;                ///< 0 when only the vector found it.
  std::optional<double> dense{};  ///< Cosine; absent when no model embeds.
};

/// Hybrid search over chunks: BM25 (Robertson and Zaragoza 2009; stems by Snowball, title weighted above
/// body) and, when an embedder is set, nearest vectors, fused by reciprocal rank (Cormack et al., SIGIR
/// 2009). Thread-safe; blocks.
class Search {
 public:
  Search() = default;
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  virtual ~Search() = default;

  /// Errors: invalid_argument (empty query, unknown collection is not an error but finds nothing), io.
  virtual Result<std::vector<SearchHit>> search_blocking(const SearchQuery& query) const = 0;

  /// Inverse document frequency of the word's stem over `collections`: how telling it is. Unknown words get
  /// the maximum.
  virtual double idf_blocking(std::string_view word, const std::vector<std::string>& collections) const = 0;
};

/// Turns texts into unit vectors of one length; given to the store by the composition root when a model can.
using Embedder = std::function<Result<std::vector<std::vector<float>>>(std::span<const std::string> texts)>;

}  // namespace lyceum::memory
