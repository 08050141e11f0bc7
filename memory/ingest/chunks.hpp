#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "memory/documents.hpp"

namespace lyceum::memory {

/// A chunk is closed before the sentence that would carry it past this.
inline constexpr std::size_t kTargetChunkBytes = 1'000;
/// Only a sentence longer than this is cut.
inline constexpr std::size_t kMaxChunkBytes = 2'000;

/// What search finds: whole sentences in one section.
struct Chunk {
  static constexpr std::size_t kNoSection = static_cast<std::size_t>(-1);

  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t section = kNoSection;  ///< The innermost one's index.
};

/// In order, without overlap; every word of the text is in one. `sections` are as Document has them.
std::vector<Chunk> make_chunks(std::string_view text, const std::vector<Section>& sections);

/// The titles of the section and of those around it, outermost first, joined by spaces.
std::string heading_path(const std::vector<Section>& sections, std::size_t section);

}  // namespace lyceum::memory
