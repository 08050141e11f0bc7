#include "model/architectures/highest_logits.hpp"

#include <algorithm>
#include <cmath>

namespace lyceum::model {
namespace {

void append_highest(std::span<const float> row, HighestLogits& highest) {
  const auto comes_before = [&](std::int32_t a, std::int32_t b) {
    const float first = row[static_cast<std::size_t>(a)];
    const float second = row[static_cast<std::size_t>(b)];
    if (std::isnan(first) != std::isnan(second)) return std::isnan(first);
    if (first > second || first < second) return first > second;
    return a < b;
  };
  const std::size_t count = std::min(highest.count, row.size());
  std::vector<std::int32_t> best;
  for (std::int32_t token = 0; token < static_cast<std::int32_t>(row.size()); ++token) {
    if (best.size() == count) {
      if (!comes_before(token, best.back())) continue;
      best.pop_back();
    }
    best.insert(std::ranges::upper_bound(best, token, comes_before), token);
  }
  for (const std::int32_t token : best) {
    highest.tokens.push_back(token);
    highest.logits.push_back(row[static_cast<std::size_t>(token)]);
  }
}

}  // namespace

std::size_t num_logit_rows(const SequenceChunk& chunk) {
  return chunk.wants_all_logits ? chunk.tokens.size() : std::min(chunk.num_logits, chunk.tokens.size());
}

std::vector<float> take_highest(std::span<const SequenceChunk> batch, std::size_t width,
                                std::vector<float> rows) {
  if (std::ranges::none_of(batch, [](const SequenceChunk& chunk) { return chunk.highest != nullptr; }))
    return rows;
  std::vector<float> left;
  std::span<const float> rest = rows;
  for (const SequenceChunk& chunk : batch) {
    const auto own = rest.first(num_logit_rows(chunk) * width);
    rest = rest.subspan(own.size());
    if (chunk.highest == nullptr) {
      left.insert(left.end(), own.begin(), own.end());
      continue;
    }
    chunk.highest->tokens.clear();
    chunk.highest->logits.clear();
    for (std::size_t row = 0; row < own.size(); row += width)
      append_highest(own.subspan(row, width), *chunk.highest);
  }
  return left;
}

}  // namespace lyceum::model
