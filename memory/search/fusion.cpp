#include "memory/search/fusion.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace lyceum::memory {

std::vector<Fused> fuse(const std::vector<Scored>& lexical, const std::vector<Scored>& dense,
                        std::size_t limit) {
  std::unordered_map<ChunkNumber, Fused> by_chunk;
  for (std::size_t i = 0; i < lexical.size(); ++i) {
    Fused& fused = by_chunk[lexical[i].chunk];
    fused.bm25 = lexical[i].score;
    fused.score += 1 / (kFusionRank + static_cast<double>(i + 1));
  }
  for (std::size_t i = 0; i < dense.size(); ++i) {
    Fused& fused = by_chunk[dense[i].chunk];
    fused.dense = dense[i].score;
    fused.score += 1 / (kFusionRank + static_cast<double>(i + 1));
  }
  std::vector<Fused> all;
  for (auto& [chunk, fused] : by_chunk) {
    fused.chunk = chunk;
    all.push_back(fused);
  }
  std::sort(all.begin(), all.end(), [](const Fused& a, const Fused& b) {
    return a.score != b.score ? a.score > b.score : a.chunk < b.chunk;
  });
  all.resize(std::min(all.size(), limit));
  return all;
}

}  // namespace lyceum::memory
