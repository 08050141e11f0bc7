#include "memory/search/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lyceum::memory {
namespace {

constexpr ChunkNumber kNoChunk = std::numeric_limits<ChunkNumber>::max();

bool is_better(const Scored& a, const Scored& b) {
  return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
}

/// A place in one term's list.
class ListCursor {
 public:
  ListCursor(const RankedTerm& term, double max_score)
      : list_(term.postings), weight_(term.weight), max_score_(max_score) {}

  ChunkNumber chunk() const { return index_ < list_->chunks.size() ? list_->chunks[index_] : kNoChunk; }

  void next() { ++index_; }

  /// Moves to the first chunk that is not below `target`, by doubling steps: cheap when it is near.
  void seek(ChunkNumber target) {
    if (chunk() >= target) return;
    std::size_t step = 1;
    std::size_t low = index_;
    while (low + step < list_->chunks.size() && list_->chunks[low + step] < target) {
      low += step;
      step *= 2;
    }
    const std::size_t high = std::min(low + step + 1, list_->chunks.size());
    const auto from = list_->chunks.begin() + static_cast<std::ptrdiff_t>(low);
    const auto to = list_->chunks.begin() + static_cast<std::ptrdiff_t>(high);
    index_ = static_cast<std::size_t>(std::lower_bound(from, to, target) - list_->chunks.begin());
  }

  double score(double length_norm) const {
    const double frequency = static_cast<double>(list_->frequencies[index_]);
    return weight_ * frequency * (kK1 + 1) / (frequency + length_norm);
  }

  double max_score() const { return max_score_; }

 private:
  const PostingList* list_;
  double weight_;
  double max_score_;
  std::size_t index_ = 0;
};

}  // namespace

double inverse_document_frequency(std::uint64_t num_chunks, std::uint64_t num_with_term) {
  const double all = static_cast<double>(num_chunks);
  const double with_term = static_cast<double>(std::min(num_with_term, num_chunks));
  return std::log(1 + (all - with_term + 0.5) / (with_term + 0.5));
}

void TopChunks::add(Scored candidate) {
  if (heap_.size() == limit_) {
    if (limit_ == 0 || !is_better(candidate, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), is_better);
    heap_.pop_back();
  }
  heap_.push_back(candidate);
  std::push_heap(heap_.begin(), heap_.end(), is_better);
}

std::vector<Scored> TopChunks::finish() && {
  std::sort(heap_.begin(), heap_.end(), is_better);
  return std::move(heap_);
}

void rank(std::vector<RankedTerm> terms, const CorpusStats& stats, const std::vector<std::uint16_t>& lengths,
          TopChunks& top) {
  // The bound's norm is that of an empty chunk, which no chunk beats.
  constexpr double kLeastNorm = kK1 * (1 - kB);
  const double norm_per_word = kK1 * kB / stats.average_words();
  std::vector<ListCursor> cursors;
  for (const RankedTerm& term : terms) {
    const double frequency = static_cast<double>(term.postings->max_frequency);
    cursors.emplace_back(term, term.weight * frequency * (kK1 + 1) / (frequency + kLeastNorm));
  }
  std::sort(cursors.begin(), cursors.end(),
            [](const ListCursor& a, const ListCursor& b) { return a.max_score() < b.max_score(); });
  std::vector<double> sums(cursors.size());  // The most that the lists up to here can give together.
  for (std::size_t i = 0; i < cursors.size(); ++i)
    sums[i] = (i == 0 ? 0 : sums[i - 1]) + cursors[i].max_score();

  std::size_t first_essential = 0;
  while (true) {
    const double threshold = top.threshold();
    while (first_essential < cursors.size() && sums[first_essential] < threshold) ++first_essential;
    ChunkNumber chunk = kNoChunk;
    for (std::size_t i = first_essential; i < cursors.size(); ++i)
      chunk = std::min(chunk, cursors[i].chunk());
    if (chunk == kNoChunk) return;

    const double norm = kLeastNorm + norm_per_word * static_cast<double>(lengths[chunk]);
    double score = 0;
    for (std::size_t i = first_essential; i < cursors.size(); ++i) {
      if (cursors[i].chunk() != chunk) continue;
      score += cursors[i].score(norm);
      cursors[i].next();
    }
    for (std::size_t i = first_essential; i-- > 0 && score + sums[i] >= threshold;) {
      cursors[i].seek(chunk);
      if (cursors[i].chunk() == chunk) score += cursors[i].score(norm);
    }
    top.add({chunk, score});
  }
}

}  // namespace lyceum::memory
