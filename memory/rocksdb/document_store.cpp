#include "memory/rocksdb/document_store.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace lyceum::memory {
namespace {

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::uint32_t num_segments(std::uint64_t size_bytes) {
  return static_cast<std::uint32_t>((size_bytes + kSegmentBytes - 1) / kSegmentBytes);
}

}  // namespace

Result<std::optional<StoredDocument>> DocumentStore::find(std::string_view id) const {
  TRY(const std::optional<std::string> record, database_.get(Family::documents, document_keys::document(id)));
  if (!record) return std::optional<StoredDocument>();
  TRY(StoredDocument stored, decode_document(id, *record));
  return std::optional<StoredDocument>(std::move(stored));
}

Result<std::optional<std::string>> DocumentStore::id_of_hash(std::string_view collection,
                                                             std::string_view original_hash) const {
  return database_.get(Family::documents, document_keys::by_hash(collection, original_hash));
}

Result<std::vector<std::string>> DocumentStore::ids_of_sources(std::string_view collection,
                                                               std::string_view prefix) const {
  const std::string begin = document_keys::by_source(collection, prefix);
  std::vector<std::string> ids;
  Cursor cursor = database_.scan(Family::documents, begin, end_of_prefix(begin));
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) ids.emplace_back(cursor.value());
  TRY_OK(cursor.status());
  return ids;
}

Result<std::vector<std::string>> DocumentStore::ids(std::string_view collection, std::string_view after,
                                                    std::size_t limit) const {
  const std::string prefix =
      collection.empty() ? document_keys::document("") : document_keys::by_collection(collection, "");
  std::string begin = prefix + std::string(after);
  if (!after.empty()) begin += '\0';
  std::vector<std::string> ids;
  Cursor cursor = database_.scan(Family::documents, begin, end_of_prefix(prefix));
  for (cursor.to_first(); cursor.is_valid() && ids.size() < limit; cursor.next()) {
    ids.emplace_back(cursor.key().substr(prefix.size()));
  }
  TRY_OK(cursor.status());
  return ids;
}

Result<std::string> DocumentStore::text(std::string_view id, std::uint64_t begin, std::uint64_t end) const {
  return segments(document_keys::text_segment, id, begin, end);
}

Result<std::string> DocumentStore::original(const StoredDocument& stored) const {
  const Document& document = stored.document;
  if (!stored.has_original) return text(document.id, 0, document.text_bytes);
  return segments(document_keys::original_segment, document.id, 0, document.original_bytes);
}

Result<std::string> DocumentStore::segments(SegmentKey key, std::string_view id, std::uint64_t begin,
                                            std::uint64_t end) const {
  std::string bytes;
  bytes.reserve(end - begin);
  while (begin < end) {
    const std::uint64_t index = begin / kSegmentBytes;
    TRY(const std::optional<std::string> segment,
        database_.get(Family::documents, key(id, static_cast<std::uint32_t>(index))));
    const std::uint64_t offset = begin - index * kSegmentBytes;
    const std::uint64_t size = std::min<std::uint64_t>(end - begin, kSegmentBytes - offset);
    if (!segment || segment->size() < offset + size) {
      return Error{Errc::data_loss, "document " + std::string(id) + ": a part of its text is missing"};
    }
    bytes.append(*segment, offset, size);
    begin += size;
  }
  return bytes;
}

void DocumentStore::put(rocksdb::WriteBatch& batch, const StoredDocument& stored, std::string_view text,
                        std::string_view original) const {
  const Document& document = stored.document;
  const auto put_segments = [&](SegmentKey key, std::string_view bytes) {
    for (std::uint32_t i = 0; i < num_segments(bytes.size()); ++i) {
      put(batch, key(document.id, i), bytes.substr(i * kSegmentBytes, kSegmentBytes));
    }
  };
  put_record(batch, stored);
  put(batch, document_keys::by_source(document.collection, document.source), document.id);
  put(batch, document_keys::by_hash(document.collection, document.original_hash), document.id);
  put(batch, document_keys::by_collection(document.collection, document.id), {});
  put_segments(document_keys::text_segment, text);
  if (stored.has_original) put_segments(document_keys::original_segment, original);
}

void DocumentStore::put_record(rocksdb::WriteBatch& batch, const StoredDocument& stored) const {
  put(batch, document_keys::document(stored.document.id), encode_document(stored));
}

void DocumentStore::erase(rocksdb::WriteBatch& batch, const StoredDocument& stored) const {
  const Document& document = stored.document;
  erase(batch, document_keys::document(document.id));
  erase(batch, document_keys::by_source(document.collection, document.source));
  erase(batch, document_keys::by_hash(document.collection, document.original_hash));
  erase(batch, document_keys::by_collection(document.collection, document.id));
  for (std::uint32_t i = 0; i < num_segments(document.text_bytes); ++i) {
    erase(batch, document_keys::text_segment(document.id, i));
  }
  for (std::uint32_t i = 0; stored.has_original && i < num_segments(document.original_bytes); ++i) {
    erase(batch, document_keys::original_segment(document.id, i));
  }
}

void DocumentStore::put(rocksdb::WriteBatch& batch, std::string_view key, std::string_view value) const {
  LYCEUM_CHECK(batch.Put(database_.handle(Family::documents), slice(key), slice(value)).ok());
}

void DocumentStore::erase(rocksdb::WriteBatch& batch, std::string_view key) const {
  LYCEUM_CHECK(batch.Delete(database_.handle(Family::documents), slice(key)).ok());
}

}  // namespace lyceum::memory
