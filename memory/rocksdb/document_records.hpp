#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "memory/documents.hpp"
#include "memory/search/postings.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxCollectionBytes = 128;
inline constexpr std::size_t kMaxSourceBytes = 4'096;
/// Texts and originals are stored in pieces, so that reading a chunk does not read its document.
inline constexpr std::size_t kSegmentBytes = 16U << 10U;

/// A document as it is stored.
struct StoredDocument {
  Document document{};
  ChunkNumber first_chunk = 0;  ///< Its chunks are numbered on from here.
  bool has_original = false;    ///< Otherwise its text is the original.
};

/// What search needs of a chunk, so that a hit reads nothing else but its text.
struct StoredChunk {
  std::uint16_t num_words = 0;
  std::string document{};
  std::string title{};
  std::string section{};
  std::string collection{};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

struct StoredCollection {
  std::uint64_t num_documents = 0;
  std::uint64_t num_chunks = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t num_words = 0;

  bool operator==(const StoredCollection&) const = default;
};

std::string encode_document(const StoredDocument& stored);
Result<StoredDocument> decode_document(std::string_view id, std::string_view record);
std::string encode_chunk(const StoredChunk& chunk);
Result<StoredChunk> decode_chunk(std::string_view record);
/// Only the chunk's length in words: the first field.
Result<std::uint16_t> decode_chunk_words(std::string_view record);
std::string encode_collection(const StoredCollection& collection);
Result<StoredCollection> decode_collection(std::string_view record);

/// 26 characters of base 32 from a SHA-256 of both.
std::string document_id(std::string_view collection, std::string_view source);

/// Keys of family documents. A letter tells the kinds apart; collections and sources hold no zero byte.
namespace document_keys {
std::string document(std::string_view id);
std::string by_source(std::string_view collection, std::string_view source);
std::string by_hash(std::string_view collection, std::string_view original_hash);
std::string by_collection(std::string_view collection, std::string_view id);
std::string collection(std::string_view name);
std::string text_segment(std::string_view id, std::uint32_t index);
std::string original_segment(std::string_view id, std::uint32_t index);
}  // namespace document_keys

/// Key of families chunks and vectors.
std::string chunk_key(ChunkNumber chunk);
ChunkNumber chunk_of_key(std::string_view key);
/// Family postings: this, then the first chunk of the block as in chunk_key().
std::string postings_prefix(std::string_view collection, std::string_view term);

/// The first key after all that begin with `prefix`.
std::string end_of_prefix(std::string prefix);

}  // namespace lyceum::memory
