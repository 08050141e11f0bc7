#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/write_batch.h>

#include "base/result.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/document_records.hpp"

namespace lyceum::memory {

/// Documents as the store has them, without their index. Thread-safe: it only reads, and writes into the
/// caller's batch.
class DocumentStore {
 public:
  explicit DocumentStore(const Database& database) : database_(database) {}

  Result<std::optional<StoredDocument>> find(std::string_view id) const;
  /// The document of this content in the collection.
  Result<std::optional<std::string>> id_of_hash(std::string_view collection,
                                                std::string_view original_hash) const;
  /// The ids of the documents whose source begins with `prefix`.
  Result<std::vector<std::string>> ids_of_sources(std::string_view collection, std::string_view prefix) const;
  /// Ids above `after`, rising; an empty collection: of all.
  Result<std::vector<std::string>> ids(std::string_view collection, std::string_view after,
                                       std::size_t limit) const;

  /// Bytes [begin, end) of a stored text, which must reach so far. Errors: data_loss.
  Result<std::string> text(std::string_view id, std::uint64_t begin, std::uint64_t end) const;
  Result<std::string> original(const StoredDocument& stored) const;

  /// `original` is ignored unless the document has one besides its text.
  void put(rocksdb::WriteBatch& batch, const StoredDocument& stored, std::string_view text,
           std::string_view original) const;
  /// Only the document's own record, not its texts and not the ways to it.
  void put_record(rocksdb::WriteBatch& batch, const StoredDocument& stored) const;
  void erase(rocksdb::WriteBatch& batch, const StoredDocument& stored) const;

 private:
  using SegmentKey = std::string (*)(std::string_view id, std::uint32_t index);

  void put(rocksdb::WriteBatch& batch, std::string_view key, std::string_view value) const;
  void erase(rocksdb::WriteBatch& batch, std::string_view key) const;
  Result<std::string> segments(SegmentKey key, std::string_view id, std::uint64_t begin,
                               std::uint64_t end) const;

  const Database& database_;
};

}  // namespace lyceum::memory
