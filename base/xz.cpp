#include "base/xz.hpp"

#include <array>
#include <memory>

#include <lzma.h>

namespace lyceum {

Result<std::string> decompress_xz(const std::string& bytes, std::size_t size_bytes_max) {
  constexpr std::uint64_t kDecoderBytesMax = 256U << 20U;
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kDecoderBytesMax, 0) != LZMA_OK)
    return Error{Errc::internal, "xz: no decoder"};
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner(&stream, lzma_end);
  // The library reads bytes as unsigned characters.
  stream.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  stream.avail_in = bytes.size();
  std::string text;
  std::array<char, 64U << 10U> buffer{};
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    stream.next_out = reinterpret_cast<std::uint8_t*>(buffer.data());
    stream.avail_out = buffer.size();
    status = lzma_code(&stream, LZMA_FINISH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
    if (text.size() > size_bytes_max)
      return Error{Errc::too_large, "xz: more than " + std::to_string(size_bytes_max) + " bytes"};
  }
  if (status != LZMA_STREAM_END) return Error{Errc::malformed, "xz: damaged or cut off"};
  return text;
}

}  // namespace lyceum
