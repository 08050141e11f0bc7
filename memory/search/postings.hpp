#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::memory {

/// Number of a chunk in the index: unique in the store, rising with time, never used twice while the store is
/// open.
using ChunkNumber = std::uint32_t;

/// One term in one chunk.
struct Posting {
  ChunkNumber chunk = 0;
  std::uint16_t title_frequency = 0;  ///< In the document's title and the headings around the chunk.
  std::uint16_t body_frequency = 0;

  bool operator==(const Posting&) const = default;
};

/// Postings in one stored block. Larger blocks make updates dearer, smaller ones reads.
inline constexpr std::size_t kMaxBlockPostings = 256;

/// Packs postings of rising chunks: for each the difference to the chunk before and 2 · body frequency + (1
/// if a title frequency follows), as varints (7 bits a byte, low first). 2 bytes for most.
std::string encode_postings(const std::vector<Posting>& postings);

/// Appends what a block holds. Errors: data_loss.
Result<void> decode_postings(std::string_view block, std::vector<Posting>& postings);

}  // namespace lyceum::memory
