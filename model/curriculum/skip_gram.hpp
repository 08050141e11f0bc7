#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lyceum::model {

struct SkipGramOptions {
  std::size_t dimensions = 64;  ///< A multiple of kVectorLanes
  std::size_t passes = 4;
  std::size_t window = 5;  ///< Neighbours on each side, at most: each place draws its own
  std::size_t negatives = 5;
  double rate = 0.04;      ///< At the beginning; falls to nothing
  double frequent = 1e-4;  ///< Items with a larger share of the text are often left out
  std::uint64_t seed = 1;
};

inline constexpr std::size_t kVectorLanes = 16;
inline constexpr std::int32_t kTextEnd = -1;

/// Vectors of `num_items` items, row after row: items with alike neighbours get alike vectors (skip-gram with
/// negative sampling: Mikolov et al., Distributed Representations of Words and Phrases, NIPS 2013). `items`
/// are texts, each ended by kTextEnd. An item that no text holds keeps a vector shorter than 0.1. One thread;
/// the same input gives the same bits on one kind of machine. About a million items a second and pass at 64
/// dimensions.
std::vector<float> train_skip_gram(std::span<const std::int32_t> items, std::size_t num_items,
                                   const SkipGramOptions& options);

}  // namespace lyceum::model
