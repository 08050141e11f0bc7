#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/search/postings.hpp"

namespace lyceum::memory {

/// Okapi BM25 (Robertson and Zaragoza 2009, equation 3.15) over a field-weighted frequency: a word in the
/// title counts as kTitleWeight words of the body; the length is the body's.
inline constexpr double kK1 = 1.2;
inline constexpr double kB = 0.75;
inline constexpr float kTitleWeight = 2.0F;

/// All postings of one term in one collection, in rising order of the chunks, as two parallel arrays.
struct PostingList {
  std::vector<ChunkNumber> chunks{};
  std::vector<float> frequencies{};  ///< Weighted.
  float max_frequency = 0;

  std::size_t size_bytes() const {
    return sizeof(*this) + chunks.capacity() * 4 + frequencies.capacity() * 4;
  }
};

/// What ranking needs to know of the chunks that it ranks among.
struct CorpusStats {
  std::uint64_t num_chunks = 0;
  std::uint64_t num_words = 0;

  double average_words() const {
    return num_chunks == 0 ? 1 : static_cast<double>(num_words) / static_cast<double>(num_chunks);
  }
};

/// ln(1 + (N − n + ½) / (n + ½)): never negative.
double inverse_document_frequency(std::uint64_t num_chunks, std::uint64_t num_with_term);

struct Scored {
  ChunkNumber chunk = 0;
  double score = 0;
};

/// The best so far, at most `limit`. Equal scores: the lower chunk is better, so that results do not depend
/// on order.
class TopChunks {
 public:
  explicit TopChunks(std::size_t limit) : limit_(limit) {}

  /// A chunk must score above this, or as much with a lower number, to enter.
  double threshold() const { return heap_.size() < limit_ ? -1.0 : heap_.front().score; }

  void add(Scored candidate);
  /// Best first.
  std::vector<Scored> finish() &&;

 private:
  std::size_t limit_;
  std::vector<Scored> heap_;  // The worst in front.
};

/// A query's term in one collection.
struct RankedTerm {
  const PostingList* postings = nullptr;
  double weight = 0;  ///< idf × occurrences in the query.
};

/// Offers every chunk that could be among the best to `top`. Document at a time with MaxScore (Turtle and
/// Flood 1995): lists that cannot lift a chunk over the threshold by themselves are only looked up.
/// `lengths`: words of each chunk.
void rank(std::vector<RankedTerm> terms, const CorpusStats& stats, const std::vector<std::uint16_t>& lengths,
          TopChunks& top);

}  // namespace lyceum::memory
