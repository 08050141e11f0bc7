#include "memory/search/postings.hpp"

#include <limits>

namespace lyceum::memory {
namespace {

void put_varint(std::string& bytes, std::uint32_t value) {
  while (value >= 0x80) {
    bytes += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  bytes += static_cast<char>(value);
}

bool take_varint(std::string_view& bytes, std::uint32_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint32_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace

std::string encode_postings(const std::vector<Posting>& postings) {
  std::string block;
  block.reserve(postings.size() * 3);
  ChunkNumber previous = 0;
  for (const Posting& posting : postings) {
    put_varint(block, posting.chunk - previous);
    const bool has_title = posting.title_frequency > 0;
    put_varint(block, (static_cast<std::uint32_t>(posting.body_frequency) << 1U) | (has_title ? 1U : 0U));
    if (has_title) put_varint(block, posting.title_frequency);
    previous = posting.chunk;
  }
  return block;
}

Result<void> decode_postings(std::string_view block, std::vector<Posting>& postings) {
  constexpr std::uint32_t kMaxFrequency = std::numeric_limits<std::uint16_t>::max();
  ChunkNumber chunk = 0;
  bool is_first = true;
  while (!block.empty()) {
    std::uint32_t difference = 0;
    std::uint32_t body = 0;
    std::uint32_t title = 0;
    const bool is_whole = take_varint(block, difference) && take_varint(block, body) &&
                          ((body & 1U) == 0 || take_varint(block, title));
    body >>= 1U;
    const bool rises =
        is_first || (difference > 0 && difference <= std::numeric_limits<ChunkNumber>::max() - chunk);
    if (!is_whole || !rises || body > kMaxFrequency || title > kMaxFrequency) {
      return Error{Errc::data_loss, "a block of the search index does not decode"};
    }
    chunk += difference;
    is_first = false;
    postings.push_back({chunk, static_cast<std::uint16_t>(title), static_cast<std::uint16_t>(body)});
  }
  return ok();
}

}  // namespace lyceum::memory
