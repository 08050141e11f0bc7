#include "memory/rocksdb/index_edit.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"

namespace lyceum::memory {
namespace {

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

constexpr ChunkNumber kMaxChunks = std::numeric_limits<ChunkNumber>::max() - 1;
constexpr std::uint16_t kMaxFrequency = std::numeric_limits<std::uint16_t>::max();

void count(std::uint16_t& frequency) {
  if (frequency < kMaxFrequency) ++frequency;
}

}  // namespace

std::string indexed_title(const Document& document, std::size_t section) {
  std::string title = document.title;
  const std::string headings = heading_path(document.sections, section);
  // A title taken from the first heading must not count twice.
  const bool repeats = std::string_view(headings).substr(0, title.size()) == title;
  if (!headings.empty()) title += ' ' + (repeats ? headings.substr(title.size()) : headings);
  return title;
}

IndexEdit::IndexEdit(const Database& database, const IndexState& state)
    : database_(database), state_(state), next_chunk_(state.next_chunk()) {}

IndexChange::InCollection& IndexEdit::change_of(const std::string& collection) {
  const auto [change, is_new] = change_.collections.try_emplace(collection);
  if (is_new) {
    const auto stored = state_.collections().find(collection);
    if (stored != state_.collections().end()) change->second.stats = stored->second;
  }
  return change->second;
}

Result<void> IndexEdit::add(StoredDocument& stored, std::string_view text, const std::vector<Chunk>& chunks,
                            std::vector<std::vector<float>> vectors) {
  Document& document = stored.document;
  if (chunks.size() > kMaxChunks - next_chunk_) return Error{Errc::overloaded, "the search index is full"};
  LYCEUM_CHECK(vectors.empty() || vectors.size() == chunks.size());
  stored.first_chunk = next_chunk_;
  document.num_chunks = chunks.size();
  IndexChange::InCollection& change = change_of(document.collection);
  TermEdits& terms = terms_[document.collection];
  std::size_t section = Chunk::kNoSection;
  std::string title = indexed_title(document, section);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = chunks[i];
    if (chunk.section != section) title = indexed_title(document, section = chunk.section);
    const ChunkNumber number = next_chunk_++;
    StoredChunk record{.document = document.id,
                       .title = document.title,
                       .section = section == Chunk::kNoSection ? "" : document.sections[section].title,
                       .collection = document.collection,
                       .begin = chunk.begin,
                       .end = chunk.end};
    record.num_words = add_terms(terms, title, text.substr(chunk.begin, chunk.end - chunk.begin), number);
    put(Family::chunks, chunk_key(number), encode_chunk(record));
    IndexChange::NewChunk added{.chunk = number, .num_words = record.num_words};
    if (!vectors.empty()) {
      added.vector = std::move(vectors[i]);
      put(Family::vectors, chunk_key(number), encode_vector(added.vector));
    }
    change.stats.num_words += record.num_words;
    change.added.push_back(std::move(added));
  }
  change.stats.num_chunks += chunks.size();
  change.stats.text_bytes += text.size();
  ++change.stats.num_documents;
  size_bytes_ += text.size();
  return ok();
}

std::uint16_t IndexEdit::add_terms(TermEdits& terms, std::string_view title, std::string_view body,
                                   ChunkNumber chunk) {
  const auto posting_of = [&](std::string_view term) -> Posting& {
    auto edit = terms.find(term);
    if (edit == terms.end()) edit = terms.emplace(std::string(term), TermEdit{}).first;
    std::vector<Posting>& added = edit->second.added;
    if (added.empty() || added.back().chunk != chunk) added.push_back({.chunk = chunk});
    return added.back();
  };
  std::uint16_t num_words = 0;
  visit_index_terms(
      title, [&](std::string_view, std::string_view term) { count(posting_of(term).title_frequency); });
  visit_index_terms(body, [&](std::string_view, std::string_view term) {
    count(posting_of(term).body_frequency);
    count(num_words);
  });
  return num_words;
}

Result<void> IndexEdit::remove(const StoredDocument& stored, std::string_view text) {
  const Document& document = stored.document;
  IndexChange::InCollection& change = change_of(document.collection);
  TermEdits& terms = terms_[document.collection];
  const std::vector<Chunk> chunks = make_chunks(text, document.sections);
  if (chunks.size() != document.num_chunks) {
    return Error{Errc::data_loss, "document " + document.id + ": its text does not match its index"};
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ChunkNumber number = stored.first_chunk + static_cast<ChunkNumber>(i);
    std::uint16_t num_words = 0;
    const auto take = [&](std::string_view term) {
      auto edit = terms.find(term);
      if (edit == terms.end()) edit = terms.emplace(std::string(term), TermEdit{}).first;
      std::vector<ChunkNumber>& removed = edit->second.removed;
      if (removed.empty() || removed.back() != number) removed.push_back(number);
    };
    const Chunk& chunk = chunks[i];
    const std::string title = indexed_title(document, chunk.section);
    visit_index_terms(title, [&](std::string_view, std::string_view term) { take(term); });
    visit_index_terms(text.substr(chunk.begin, chunk.end - chunk.begin),
                      [&](std::string_view, std::string_view term) {
                        take(term);
                        count(num_words);
                      });
    erase(Family::chunks, chunk_key(number));
    erase(Family::vectors, chunk_key(number));
    change.stats.num_words -= num_words;
    change.removed.push_back(number);
  }
  change.stats.num_chunks -= chunks.size();
  change.stats.text_bytes -= text.size();
  --change.stats.num_documents;
  size_bytes_ += text.size();
  return ok();
}

Result<IndexChange> IndexEdit::write() {
  const std::unique_ptr<rocksdb::Iterator> stored(
      database_.db().NewIterator(rocksdb::ReadOptions(), database_.handle(Family::postings)));
  for (auto& [collection, terms] : terms_) {
    // In the order of the keys, so that the reads go through the store once.
    std::vector<TermEdits::value_type*> sorted;
    for (auto& term : terms) sorted.push_back(&term);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
    for (TermEdits::value_type* term : sorted) {
      std::string prefix = postings_prefix(collection, term->first);
      std::sort(term->second.removed.begin(), term->second.removed.end());
      TRY_OK(merge(*stored, prefix, term->second));
      change_.postings_prefixes.push_back(std::move(prefix));
    }
  }
  for (const auto& [collection, change] : change_.collections) {
    const std::string key = document_keys::collection(collection);
    if (change.stats.num_documents == 0) {
      erase(Family::documents, key);
    } else {
      put(Family::documents, key, encode_collection(change.stats));
    }
  }
  return std::move(change_);
}

/// The stored blocks that the edit touches: those with a removed chunk, and the last one where something is
/// added.
Result<std::vector<IndexEdit::Block>> IndexEdit::load_blocks(rocksdb::Iterator& stored,
                                                             const std::string& prefix,
                                                             const TermEdit& edit) const {
  std::vector<Block> blocks;
  const auto load = [&](ChunkNumber at_or_before) -> Result<void> {
    stored.SeekForPrev(prefix + chunk_key(at_or_before));
    if (!stored.Valid()) return stored.status().ok() ? ok() : error_of(stored.status(), "search index");
    const std::string_view key = view(stored.key());
    if (key.substr(0, prefix.size()) != prefix) return ok();
    const ChunkNumber first = chunk_of_key(key.substr(prefix.size()));
    if (!blocks.empty() && blocks.back().key == first) return ok();
    blocks.push_back({.key = first});
    return decode_postings(view(stored.value()), blocks.back().postings);
  };
  for (const ChunkNumber chunk : edit.removed) {
    const bool is_loaded = !blocks.empty() && blocks.back().postings.back().chunk >= chunk;
    if (!is_loaded) TRY_OK(load(chunk));
  }
  if (!edit.added.empty()) TRY_OK(load(kMaxChunks));
  return blocks;
}

Result<void> IndexEdit::merge(rocksdb::Iterator& stored, const std::string& prefix, const TermEdit& edit) {
  TRY(std::vector<Block> blocks, load_blocks(stored, prefix, edit));
  std::size_t num_removed = 0;
  for (Block& block : blocks) {
    num_removed += std::erase_if(block.postings, [&](const Posting& posting) {
      return std::binary_search(edit.removed.begin(), edit.removed.end(), posting.chunk);
    });
    const bool keeps_key = !block.postings.empty() && block.postings.front().chunk == block.key;
    if (!keeps_key) erase(Family::postings, prefix + chunk_key(block.key));
  }
  if (num_removed != edit.removed.size()) {
    return Error{Errc::data_loss, "the search index lacks an entry of a document"};
  }
  if (!edit.added.empty()) {
    if (blocks.empty()) blocks.emplace_back();
    std::vector<Posting>& last = blocks.back().postings;
    last.insert(last.end(), edit.added.begin(), edit.added.end());
  }
  for (const Block& block : blocks) put_postings(prefix, block.postings);
  return ok();
}

void IndexEdit::put_postings(const std::string& prefix, const std::vector<Posting>& postings) {
  for (auto begin = postings.begin(); begin != postings.end();) {
    const auto end = begin + std::min<std::ptrdiff_t>(postings.end() - begin, kMaxBlockPostings);
    put(Family::postings, prefix + chunk_key(begin->chunk), encode_postings({begin, end}));
    begin = end;
  }
}

void IndexEdit::put(Family family, std::string_view key, std::string_view value) {
  const rocksdb::Status status = batch_.Put(database_.handle(family), slice(key), slice(value));
  LYCEUM_CHECK(status.ok());  // Only a size limit could fail, and none is set.
}

void IndexEdit::erase(Family family, std::string_view key) {
  const rocksdb::Status status = batch_.Delete(database_.handle(family), slice(key));
  LYCEUM_CHECK(status.ok());
}

}  // namespace lyceum::memory
