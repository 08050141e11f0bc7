#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "memory/documents.hpp"
#include "memory/rocksdb/document_store.hpp"
#include "memory/rocksdb/index_edit.hpp"
#include "memory/rocksdb/index_state.hpp"
#include "memory/search.hpp"

namespace lyceum::memory {

/// The texts that wait for one write: enough to make bulk fast, and little enough not to hold searches up.
inline constexpr std::size_t kMaxBatchTextBytes = 16U << 20U;
/// A report names no more; it says how many more there were.
inline constexpr std::size_t kMaxSkippedNamed = 100;

/// What an Ingestion works with.
struct IngestionContext {
  Database& database;
  IndexState& state;
  const Clock& clock;
  const Embedder& embedder;
};

/// A document that was read and is not stored yet.
struct ParsedDocument {
  std::string source{};
  std::string media_type{};
  std::string title{};
  std::string text{};
  std::string original{};  ///< Empty: the text is the original.
  std::vector<Section> sections{};
};

/// One call's work on one collection: takes documents in and out in batches, each written with its index as a
/// whole. Only one may be under way at a time. Nothing counts before finish().
class Ingestion {
 public:
  Ingestion(const IngestionContext& context, std::string collection);

  /// Errors: too_large, overloaded, io, data_loss, or the embedder's.
  Result<void> add(ParsedDocument parsed);
  Result<void> remove(const StoredDocument& stored);
  /// Reads a JSON Lines text, one document a record; removes documents of an earlier version of the file that
  /// are gone.
  Result<void> add_json_lines(const std::string& source, std::string_view text);
  void skip(std::string source, std::string reason);

  /// Writes what waits and syncs it.
  Result<IngestReport> finish();

 private:
  Result<void> flush(Durability durability);
  Result<bool> is_duplicate(const Document& document);
  Result<void> replace(const StoredDocument& stored);
  Result<std::vector<std::vector<float>>> embed(const Document& document, std::string_view text,
                                                const std::vector<Chunk>& chunks) const;
  Result<void> remove_missing(const std::string& prefix, const std::unordered_set<std::string>& sources);

  IngestionContext context_;
  DocumentStore store_;
  std::string collection_;
  std::optional<IndexEdit> edit_;
  std::unordered_map<std::string, std::string> staged_hashes_;  // Content to source, of what waits.
  std::unordered_set<std::string> staged_ids_;
  IngestReport report_;
  std::uint64_t num_unnamed_skipped_ = 0;
};

}  // namespace lyceum::memory
