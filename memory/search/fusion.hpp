#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "memory/search/ranking.hpp"

namespace lyceum::memory {

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
inline constexpr double kFusionRank = 60;

struct Fused {
  ChunkNumber chunk = 0;
  double score = 0;
  double bm25 = 0;
  std::optional<double> dense{};
};

/// Joins two rankings, each best first, by the sum of 1 / (60 + rank). Equal sums: the lower chunk first.
std::vector<Fused> fuse(const std::vector<Scored>& lexical, const std::vector<Scored>& dense,
                        std::size_t limit);

}  // namespace lyceum::memory
