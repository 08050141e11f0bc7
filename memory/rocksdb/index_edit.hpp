#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include "base/result.hpp"
#include "memory/ingest/chunks.hpp"
#include "memory/rocksdb/document_records.hpp"
#include "memory/rocksdb/index_state.hpp"

namespace lyceum::memory {

/// Collects what documents add to and take from the index, and writes it as one batch: chunks, postings,
/// vectors and the collections' sizes. Only one may be under way at a time.
class IndexEdit {
 public:
  /// Both must outlive it; `state` must not change meanwhile.
  IndexEdit(const Database& database, const IndexState& state);

  /// Indexes a new document and gives it its chunk numbers. `vectors`: one a chunk, or none at all.
  /// Errors: overloaded (chunk numbers are used up).
  Result<void> add(StoredDocument& stored, std::string_view text, const std::vector<Chunk>& chunks,
                   std::vector<std::vector<float>> vectors);

  /// Takes a stored document, with its stored text, out of the index. Errors: io, data_loss.
  Result<void> remove(const StoredDocument& stored, std::string_view text);

  /// About the bytes that wait here.
  std::size_t size_bytes() const { return size_bytes_; }

  /// Adds all writes to the batch and says what they change. Errors: io, data_loss.
  Result<IndexChange> write();

  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  struct TermEdit {
    std::vector<ChunkNumber> removed{};  ///< Rising.
    std::vector<Posting> added{};        ///< Rising, above all stored ones.
  };

  /// Terms are looked up by views, which a plain map of strings would copy.
  struct TermHash {
    using is_transparent = void;
    using is_avalanching = void;

    std::size_t operator()(std::string_view term) const { return std::hash<std::string_view>{}(term); }
  };

  using TermEdits = boost::unordered_flat_map<std::string, TermEdit, TermHash, std::equal_to<>>;

  struct Block {
    ChunkNumber key = 0;  ///< Of the stored block.
    std::vector<Posting> postings{};
  };

  IndexChange::InCollection& change_of(const std::string& collection);
  std::uint16_t add_terms(TermEdits& terms, std::string_view title, std::string_view body, ChunkNumber chunk);
  Result<void> merge(rocksdb::Iterator& stored, const std::string& prefix, const TermEdit& edit);
  Result<std::vector<Block>> load_blocks(rocksdb::Iterator& stored, const std::string& prefix,
                                         const TermEdit& edit) const;
  void put_postings(const std::string& prefix, const std::vector<Posting>& postings);
  void put(Family family, std::string_view key, std::string_view value);
  void erase(Family family, std::string_view key);

  const Database& database_;
  const IndexState& state_;
  ChunkNumber next_chunk_;
  std::map<std::string, TermEdits> terms_;  // By collection.
  IndexChange change_;
  rocksdb::WriteBatch batch_;
  std::size_t size_bytes_ = 0;
};

/// What the index takes as the title of a chunk: the document's, then the headings around the chunk.
std::string indexed_title(const Document& document, std::size_t section);

}  // namespace lyceum::memory
