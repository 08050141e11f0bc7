#include "memory/codec/record.hpp"

#include <array>
#include <cstdint>

#include <zlib.h>
#include <zstd.h>

#include "base/check.hpp"
#include "memory/codec/bytes.hpp"

namespace lyceum::memory {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr int kZstdLevel = 1;
constexpr std::size_t kHeaderBytes = 6;

enum class Packing : std::uint8_t { plain = 0, zstd = 1 };

std::uint32_t checksum(std::uint8_t version, Packing packing, std::string_view body) {
  const std::array<Bytef, 2> head{version, static_cast<Bytef>(packing)};
  const uLong crc = crc32_z(0, head.data(), head.size());
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(body.data()), body.size()));
}

/// Empty when packing does not pay.
std::string pack(std::string_view payload) {
  std::string packed(ZSTD_compressBound(payload.size()), '\0');
  const std::size_t size =
      ZSTD_compress(packed.data(), packed.size(), payload.data(), payload.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0 || size >= payload.size()) return {};
  packed.resize(size);
  return packed;
}

Error damaged(std::string_view what, const char* why) {
  return Error{Errc::data_loss, std::string(what) + ": stored record " + why};
}

Result<std::string> unpack(std::string_view body, std::string_view what) {
  const unsigned long long size = ZSTD_getFrameContentSize(body.data(), body.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > kMaxRecordBytes) {
    return damaged(what, "does not unpack");
  }
  std::string payload(static_cast<std::size_t>(size), '\0');
  const std::size_t got = ZSTD_decompress(payload.data(), payload.size(), body.data(), body.size());
  if (ZSTD_isError(got) != 0 || got != payload.size()) return damaged(what, "does not unpack");
  return payload;
}

}  // namespace

std::string encode_record(std::string_view payload) {
  LYCEUM_CHECK(payload.size() <= kMaxRecordBytes);
  const std::string packed = payload.size() > kMaxPlainBytes ? pack(payload) : std::string();
  const Packing packing = packed.empty() ? Packing::plain : Packing::zstd;
  const std::string_view body = packed.empty() ? payload : std::string_view(packed);
  ByteWriter writer;
  writer.integer(kVersion).integer(static_cast<std::uint8_t>(packing));
  writer.integer(checksum(kVersion, packing, body)).raw(body);
  return std::move(writer).bytes();
}

Result<std::string> decode_record(std::string_view record, std::string_view what) {
  if (record.size() < kHeaderBytes) return damaged(what, "is too short");
  ByteReader reader(record);
  const auto version = reader.integer<std::uint8_t>();
  const auto packing = static_cast<Packing>(reader.integer<std::uint8_t>());
  const auto expected = reader.integer<std::uint32_t>();
  if (checksum(version, packing, reader.rest()) != expected) return damaged(what, "fails its checksum");
  if (version != kVersion) return damaged(what, "has an unknown version");
  if (packing == Packing::zstd) return unpack(reader.rest(), what);
  return std::string(reader.rest());
}

}  // namespace lyceum::memory
