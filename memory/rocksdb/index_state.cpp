#include "memory/rocksdb/index_state.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace lyceum::memory {

static_assert(std::endian::native == std::endian::little, "vectors are stored as the machine has them");

std::string encode_vector(std::span<const float> vector) {
  std::string bytes(vector.size_bytes(), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return bytes;
}

std::vector<float> decode_vector(std::string_view bytes) {
  std::vector<float> vector(bytes.size() / sizeof(float));
  std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  return vector;
}

Result<void> IndexState::load() {
  TRY_OK(load_collections());
  TRY_OK(load_lengths());
  return load_vectors();
}

Result<void> IndexState::load_collections() {
  const std::string prefix = document_keys::collection("");
  Cursor cursor = database_.scan(Family::documents, prefix, end_of_prefix(prefix));
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
    TRY(collections_[std::string(cursor.key().substr(prefix.size()))], decode_collection(cursor.value()));
  }
  return cursor.status();
}

Result<void> IndexState::load_lengths() {
  Cursor cursor = database_.scan(Family::chunks, {}, {});
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
    const ChunkNumber chunk = chunk_of_key(cursor.key());
    lengths_.resize(std::size_t{chunk} + 1);
    TRY(lengths_.back(), decode_chunk_words(cursor.value()));
  }
  return cursor.status();
}

Result<void> IndexState::load_vectors() {
  Cursor cursor = database_.scan(Family::vectors, {}, {});
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
    const ChunkNumber chunk = chunk_of_key(cursor.key());
    TRY(const std::optional<std::string> record, database_.get(Family::chunks, chunk_key(chunk)));
    if (!record) return Error{Errc::data_loss, "a vector belongs to no chunk"};
    TRY(const StoredChunk stored, decode_chunk(*record));
    add_vector(stored.collection, chunk, decode_vector(cursor.value()));
  }
  return cursor.status();
}

void IndexState::add_vector(const std::string& collection, ChunkNumber chunk, std::span<const float> vector) {
  const auto [index, is_new] = dense_.try_emplace(collection, vector.size());
  // Vectors of another model have another length; those that came first stay.
  if (index->second.num_dimensions() != vector.size()) return;
  index->second.add(chunk, vector);
  vector_collections_[chunk] = collection;
}

const DenseIndex* IndexState::dense(const std::string& collection, std::size_t num_dimensions) const {
  const auto found = dense_.find(collection);
  return found == dense_.end() || found->second.num_dimensions() != num_dimensions ? nullptr : &found->second;
}

Result<std::shared_ptr<const PostingList>> IndexState::postings(const std::string& collection,
                                                                std::string_view term) const {
  const std::string prefix = postings_prefix(collection, term);
  {
    const std::lock_guard lock(cache_mutex_);
    if (const auto found = cache_.find(prefix); found != cache_.end()) return found->second;
  }
  TRY(PostingList read, read_postings(prefix));
  auto list = std::make_shared<const PostingList>(std::move(read));
  const std::lock_guard lock(cache_mutex_);
  if (cache_bytes_ > kMaxCachedPostingsBytes) {
    // Rare, and cheap to refill: the simplest policy does.
    cache_.clear();
    cache_bytes_ = 0;
  }
  if (cache_.emplace(prefix, list).second) cache_bytes_ += list->size_bytes() + prefix.size();
  return list;
}

Result<PostingList> IndexState::read_postings(const std::string& prefix) const {
  std::vector<Posting> postings;
  Cursor cursor = database_.scan(Family::postings, prefix, end_of_prefix(prefix));
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) TRY_OK(decode_postings(cursor.value(), postings));
  TRY_OK(cursor.status());

  PostingList list;
  list.chunks.reserve(postings.size());
  list.frequencies.reserve(postings.size());
  for (const Posting& posting : postings) {
    const bool is_known =
        posting.chunk < lengths_.size() && (list.chunks.empty() || posting.chunk > list.chunks.back());
    if (!is_known) return Error{Errc::data_loss, "the search index names a chunk that does not exist"};
    const float frequency = static_cast<float>(posting.body_frequency) +
                            kTitleWeight * static_cast<float>(posting.title_frequency);
    list.chunks.push_back(posting.chunk);
    list.frequencies.push_back(frequency);
    list.max_frequency = std::max(list.max_frequency, frequency);
  }
  return list;
}

void IndexState::apply(const IndexChange& change) {
  for (const auto& [name, changed] : change.collections) {
    for (const ChunkNumber chunk : changed.removed) {
      if (vector_collections_.erase(chunk) > 0) dense_.at(name).remove(chunk);
    }
    for (const IndexChange::NewChunk& added : changed.added) {
      lengths_.resize(std::max(lengths_.size(), std::size_t{added.chunk} + 1));
      lengths_[added.chunk] = added.num_words;
      if (!added.vector.empty()) add_vector(name, added.chunk, added.vector);
    }
    if (changed.stats.num_documents == 0) {
      collections_.erase(name);
      dense_.erase(name);
    } else {
      collections_[name] = changed.stats;
    }
  }
  const std::lock_guard lock(cache_mutex_);
  for (const std::string& prefix : change.postings_prefixes) {
    const auto found = cache_.find(prefix);
    if (found == cache_.end()) continue;
    cache_bytes_ -= found->second->size_bytes() + prefix.size();
    cache_.erase(found);
  }
}

}  // namespace lyceum::memory
