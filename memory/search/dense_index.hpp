#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "memory/search/ranking.hpp"

namespace lyceum::memory {

/// From here on a graph answers instead of a scan of all vectors.
inline constexpr std::size_t kMaxScannedVectors = 20'000;

/// The unit vectors of one collection's chunks, all of one length, in memory. The store owns the truth; this
/// is made anew at start: at once for a scan, about 1,000 vectors a second for a graph. Exact up to
/// kMaxScannedVectors, then by a navigable small-world graph (Malkov and Yashunin 2018) with about 0.9 of the
/// true neighbours. Not thread-safe, but nearest() may run beside nearest().
class DenseIndex {
 public:
  explicit DenseIndex(std::size_t num_dimensions);
  DenseIndex(DenseIndex&&) noexcept;
  DenseIndex& operator=(DenseIndex&&) noexcept;
  ~DenseIndex();

  std::size_t num_dimensions() const { return num_dimensions_; }

  std::size_t size() const;
  void add(ChunkNumber chunk, std::span<const float> vector);
  void remove(ChunkNumber chunk);
  /// The nearest by cosine, best first.
  std::vector<Scored> nearest(std::span<const float> query, std::size_t limit) const;

 private:
  struct Scan;
  struct Graph;

  void build_graph();

  std::size_t num_dimensions_;
  std::unique_ptr<Scan> scan_;
  std::unique_ptr<Graph> graph_;  // Null while the scan answers.
};

}  // namespace lyceum::memory
