#include "memory/rocksdb/document_records.hpp"

#include <utility>

#include "base/hash.hpp"
#include "memory/codec/bytes.hpp"

namespace lyceum::memory {
namespace {

std::string joined(char kind, std::string_view first, std::string_view second) {
  std::string key(1, kind);
  key += first;
  key += '\0';
  key += second;
  return key;
}

std::string segment_key(char kind, std::string_view id, std::uint32_t index) {
  return ByteWriter().raw({&kind, 1}).raw(id).integer(index).bytes();
}

int hex_value(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

}  // namespace

std::string encode_document(const StoredDocument& stored) {
  const Document& document = stored.document;
  ByteWriter writer;
  writer.string(document.collection)
      .string(document.source)
      .string(document.title)
      .string(document.media_type);
  writer.string(document.original_hash).string(document.text_hash);
  writer.integer(document.original_bytes).integer(document.text_bytes).integer(document.num_chunks);
  writer.signed_integer(document.added_ms).integer(stored.first_chunk);
  writer.integer(static_cast<std::uint8_t>(stored.has_original ? 1 : 0));
  writer.integer(static_cast<std::uint32_t>(document.sections.size()));
  for (const Section& section : document.sections) {
    writer.string(section.title).integer(static_cast<std::uint8_t>(section.level));
    writer.integer(section.begin).integer(section.end);
  }
  return std::move(writer).bytes();
}

Result<StoredDocument> decode_document(std::string_view id, std::string_view record) {
  ByteReader reader(record);
  StoredDocument stored;
  Document& document = stored.document;
  document.id = id;
  document.collection = reader.string();
  document.source = reader.string();
  document.title = reader.string();
  document.media_type = reader.string();
  document.original_hash = reader.string();
  document.text_hash = reader.string();
  document.original_bytes = reader.integer<std::uint64_t>();
  document.text_bytes = reader.integer<std::uint64_t>();
  document.num_chunks = reader.integer<std::uint64_t>();
  document.added_ms = reader.signed_integer();
  stored.first_chunk = reader.integer<ChunkNumber>();
  stored.has_original = reader.integer<std::uint8_t>() != 0;
  for (auto left = reader.integer<std::uint32_t>(); left > 0 && !reader.rest().empty(); --left) {
    Section section;
    section.title = reader.string();
    section.level = reader.integer<std::uint8_t>();
    section.begin = reader.integer<std::uint64_t>();
    section.end = reader.integer<std::uint64_t>();
    document.sections.push_back(std::move(section));
  }
  TRY_OK(reader.finish("document " + document.id));
  return stored;
}

std::string encode_chunk(const StoredChunk& chunk) {
  ByteWriter writer;
  writer.integer(chunk.num_words).string(chunk.document).string(chunk.title).string(chunk.section);
  writer.string(chunk.collection).integer(chunk.begin).integer(chunk.end);
  return std::move(writer).bytes();
}

Result<StoredChunk> decode_chunk(std::string_view record) {
  ByteReader reader(record);
  StoredChunk chunk;
  chunk.num_words = reader.integer<std::uint16_t>();
  chunk.document = reader.string();
  chunk.title = reader.string();
  chunk.section = reader.string();
  chunk.collection = reader.string();
  chunk.begin = reader.integer<std::uint64_t>();
  chunk.end = reader.integer<std::uint64_t>();
  TRY_OK(reader.finish("a chunk of " + chunk.document));
  return chunk;
}

Result<std::uint16_t> decode_chunk_words(std::string_view record) {
  if (record.size() < 2) return Error{Errc::data_loss, "a chunk's record is cut off"};
  return ByteReader(record).integer<std::uint16_t>();
}

std::string encode_collection(const StoredCollection& collection) {
  ByteWriter writer;
  writer.integer(collection.num_documents).integer(collection.num_chunks);
  writer.integer(collection.text_bytes).integer(collection.num_words);
  return std::move(writer).bytes();
}

Result<StoredCollection> decode_collection(std::string_view record) {
  ByteReader reader(record);
  StoredCollection collection;
  collection.num_documents = reader.integer<std::uint64_t>();
  collection.num_chunks = reader.integer<std::uint64_t>();
  collection.text_bytes = reader.integer<std::uint64_t>();
  collection.num_words = reader.integer<std::uint64_t>();
  TRY_OK(reader.finish("a collection"));
  return collection;
}

std::string document_id(std::string_view collection, std::string_view source) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  constexpr std::size_t kIdDigits = 26;
  const std::string hash = sha256_hex(joined('d', collection, source));
  std::string id;
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (std::size_t i = 0; id.size() < kIdDigits; ++i) {
    bits = (bits << 4U) | static_cast<std::uint32_t>(hex_value(hash[i]));
    num_bits += 4;
    if (num_bits < 5) continue;
    num_bits -= 5;
    id += kDigits[(bits >> static_cast<unsigned>(num_bits)) & 31U];
  }
  return id;
}

namespace document_keys {

std::string document(std::string_view id) {
  return "d" + std::string(id);
}

std::string by_source(std::string_view collection, std::string_view source) {
  return joined('s', collection, source);
}

std::string by_hash(std::string_view collection, std::string_view original_hash) {
  return joined('h', collection, original_hash);
}

std::string by_collection(std::string_view collection, std::string_view id) {
  return joined('i', collection, id);
}

std::string collection(std::string_view name) {
  return "c" + std::string(name);
}

std::string text_segment(std::string_view id, std::uint32_t index) {
  return segment_key('t', id, index);
}

std::string original_segment(std::string_view id, std::uint32_t index) {
  return segment_key('o', id, index);
}

}  // namespace document_keys

std::string chunk_key(ChunkNumber chunk) {
  return ByteWriter().integer(chunk).bytes();
}

ChunkNumber chunk_of_key(std::string_view key) {
  return ByteReader(key).integer<ChunkNumber>();
}

std::string postings_prefix(std::string_view collection, std::string_view term) {
  std::string prefix(collection);
  prefix += '\0';
  prefix += term;
  prefix += '\0';
  return prefix;
}

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1U);
  return prefix;
}

}  // namespace lyceum::memory
