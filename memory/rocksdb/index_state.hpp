#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/document_records.hpp"
#include "memory/search/dense_index.hpp"
#include "memory/search/ranking.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxCachedPostingsBytes = 192U << 20U;

/// What one write changed, to bring the tables in memory after it.
struct IndexChange {
  struct NewChunk {
    ChunkNumber chunk = 0;
    std::uint16_t num_words = 0;
    std::vector<float> vector{};  ///< Empty: none.
  };

  struct InCollection {
    StoredCollection stats{};  ///< After the write.
    std::vector<NewChunk> added{};
    std::vector<ChunkNumber> removed{};
  };

  std::map<std::string, InCollection> collections{};
  std::vector<std::string> postings_prefixes{};  ///< Of the terms whose postings changed.
};

/// The index's tables in memory: every chunk's length, the collections' sizes, the vectors, and a cache of
/// decoded postings. They cannot disagree with the store: a search holds the lock shared from its first read
/// to its last, and a write holds it alone from before the store changes until the tables have followed.
///
/// Memory: 2 bytes a chunk number, the vectors, and at most kMaxCachedPostingsBytes.
class IndexState {
 public:
  explicit IndexState(const Database& database) : database_(database) {}

  /// Reads the tables from the store. Errors: io, data_loss.
  Result<void> load();

  std::shared_mutex& mutex() const { return mutex_; }

  // The rest needs the lock: shared for the const members, alone for the others.

  /// Numbers from here on are free.
  ChunkNumber next_chunk() const { return static_cast<ChunkNumber>(lengths_.size()); }

  const std::vector<std::uint16_t>& lengths() const { return lengths_; }

  const std::map<std::string, StoredCollection>& collections() const { return collections_; }

  /// Null where the collection has no vectors of this length.
  const DenseIndex* dense(const std::string& collection, std::size_t num_dimensions) const;

  /// The term's postings in the collection; empty for an unknown term. Shared with the cache, which may drop
  /// it meanwhile.
  Result<std::shared_ptr<const PostingList>> postings(const std::string& collection,
                                                      std::string_view term) const;

  void apply(const IndexChange& change);

 private:
  Result<PostingList> read_postings(const std::string& prefix) const;
  Result<void> load_collections();
  Result<void> load_lengths();
  Result<void> load_vectors();
  void add_vector(const std::string& collection, ChunkNumber chunk, std::span<const float> vector);

  const Database& database_;
  mutable std::shared_mutex mutex_;
  std::vector<std::uint16_t> lengths_;
  std::map<std::string, StoredCollection> collections_;
  std::map<std::string, DenseIndex> dense_;
  std::unordered_map<ChunkNumber, std::string> vector_collections_;  // Of the chunks that have a vector.

  mutable std::mutex cache_mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const PostingList>> cache_;
  mutable std::size_t cache_bytes_ = 0;
};

/// A vector as stored: its floats, little-endian.
std::string encode_vector(std::span<const float> vector);
std::vector<float> decode_vector(std::string_view bytes);

}  // namespace lyceum::memory
