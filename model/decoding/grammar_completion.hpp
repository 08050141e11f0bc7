#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "model/decoding/grammar.hpp"

namespace lyceum::model {

/// The fewest bytes that lead from a state of a grammar to the end of its rule. A small grammar may ask for
/// very many (arrays of two arrays of two arrays and so on): more than kMaxBytes are not looked for.
class GrammarCompletion {
 public:
  static constexpr std::uint32_t kMaxBytes = 16U << 10U;
  static constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

  /// Borrows the grammar.
  explicit GrammarCompletion(const Grammar& grammar);

  /// Their number, at most kMaxBytes, or kNever.
  std::uint32_t bytes_needed(GrammarState state) const { return ways_[state].bytes; }

  /// Such bytes, of those as few the lowest. bytes_needed(state) is not kNever.
  void append_to(std::string& text, GrammarState state) const;

 private:
  struct Way {
    std::uint32_t bytes = kNever;
    std::uint32_t edge = 0;
  };

  const Grammar& grammar_;
  std::vector<Way> ways_;
};

}  // namespace lyceum::model
