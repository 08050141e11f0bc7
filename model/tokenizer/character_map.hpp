#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxCharacterMapBytes = 16 * 1024 * 1024;

/// SentencePiece's precompiled_charsmap: which sequences of characters are replaced by which before a text is
/// cut into pieces. A double-array trie (Darts-clone's units of 32 bits) whose leaves are offsets into texts
/// that end with a zero. Immutable.
class CharacterMap {
 public:
  /// malformed for another layout; no trie can lead outside of the map.
  static Result<CharacterMap> parse(std::string_view bytes);

  struct Match {
    std::string_view replacement{};
    std::size_t num_bytes = 0;  ///< Of the text that is replaced
  };

  /// The longest sequence at the front of the text that is replaced; nothing for none.
  std::optional<Match> longest(std::string_view text) const;

 private:
  std::vector<std::uint32_t> units_{};
  std::string texts_{};
};

}  // namespace lyceum::model
