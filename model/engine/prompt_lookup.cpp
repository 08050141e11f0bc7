#include "model/engine/prompt_lookup.hpp"

#include <algorithm>

namespace lyceum::model {

constexpr std::size_t kMatched = 3;
/// How far back is searched.
constexpr std::size_t kWindow = 8192;

std::vector<TokenId> look_up_continuation(std::span<const TokenId> tokens, std::size_t num_max) {
  if (tokens.size() > kWindow) tokens = tokens.last(kWindow);
  if (tokens.size() <= kMatched) return {};
  const auto last = tokens.last(kMatched);
  const auto before = tokens.first(tokens.size() - 1);
  const auto found = std::find_end(before.begin(), before.end(), last.begin(), last.end());
  if (found == before.end()) return {};
  const auto follows = tokens.subspan(static_cast<std::size_t>(found - before.begin()) + kMatched);
  const auto taken = follows.first(std::min(num_max, follows.size()));
  return {taken.begin(), taken.end()};
}

}  // namespace lyceum::model
