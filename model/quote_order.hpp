#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "model/language_model.hpp"

namespace lyceum::model {

/// Best first; of equal scores the one that stands first.
inline void sort_best_first(std::vector<Quote>& quotes) {
  std::ranges::sort(quotes, [](const Quote& a, const Quote& b) {
    return std::tie(b.score, a.source, a.begin, a.end) < std::tie(a.score, b.source, b.begin, b.end);
  });
}

}  // namespace lyceum::model
