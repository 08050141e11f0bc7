#include "memory/rocksdb/ingestion.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/hash.hpp"
#include "memory/ingest/json_lines.hpp"
#include "memory/ingest/parse.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kEmbedTogether = 32;

bool is_same(const Document& stored, const Document& incoming) {
  return stored.original_hash == incoming.original_hash && stored.title == incoming.title &&
         stored.media_type == incoming.media_type;
}

}  // namespace

Ingestion::Ingestion(const IngestionContext& context, std::string collection)
    : context_(context), store_(context.database), collection_(std::move(collection)) {
  edit_.emplace(context_.database, context_.state);
}

Result<void> Ingestion::add(ParsedDocument parsed) {
  const bool has_original = !parsed.original.empty();
  const std::string& original = has_original ? parsed.original : parsed.text;
  StoredDocument stored{.has_original = has_original};
  Document& document = stored.document;
  document.id = document_id(collection_, parsed.source);
  document.collection = collection_;
  document.source = std::move(parsed.source);
  document.title = std::move(parsed.title);
  document.media_type = std::move(parsed.media_type);
  document.original_hash = sha256_hex(original);
  document.text_hash = has_original ? sha256_hex(parsed.text) : document.original_hash;
  document.original_bytes = original.size();
  document.text_bytes = parsed.text.size();
  document.added_ms = context_.clock.now_ms();
  document.sections = std::move(parsed.sections);

  // What waits cannot be changed any more: write it first.
  if (staged_ids_.contains(document.id)) TRY_OK(flush(Durability::grouped));
  TRY(std::optional<StoredDocument> before, store_.find(document.id));
  if (before && is_same(before->document, document)) {
    ++report_.num_unchanged;
    report_.documents.push_back(std::move(before->document));
    return ok();
  }
  TRY(const bool duplicate, is_duplicate(document));
  if (before) TRY_OK(replace(*before));
  if (duplicate) return ok();

  const std::vector<Chunk> chunks = make_chunks(parsed.text, document.sections);
  TRY(std::vector<std::vector<float>> vectors, embed(document, parsed.text, chunks));
  TRY_OK(edit_->add(stored, parsed.text, chunks, std::move(vectors)));
  store_.put(edit_->batch(), stored, parsed.text, original);
  staged_hashes_.emplace(document.original_hash, document.source);
  staged_ids_.insert(document.id);
  ++(before ? report_.num_replaced : report_.num_added);
  report_.documents.push_back(std::move(document));
  return edit_->size_bytes() >= kMaxBatchTextBytes ? flush(Durability::grouped) : ok();
}

/// Whether another source of the collection has the content; then that is reported.
Result<bool> Ingestion::is_duplicate(const Document& document) {
  std::string other;
  if (const auto staged = staged_hashes_.find(document.original_hash); staged != staged_hashes_.end()) {
    other = staged->second;
  } else {
    TRY(const std::optional<std::string> id, store_.id_of_hash(collection_, document.original_hash));
    if (!id || *id == document.id || staged_ids_.contains(*id)) return false;
    TRY(const std::optional<StoredDocument> stored, store_.find(*id));
    if (!stored) return Error{Errc::data_loss, "document " + *id + ": listed but not stored"};
    other = stored->document.source;
  }
  skip(document.source, "has the same content as " + other + ", under which it stays");
  return true;
}

Result<void> Ingestion::replace(const StoredDocument& stored) {
  TRY(const std::string text, store_.text(stored.document.id, 0, stored.document.text_bytes));
  TRY_OK(edit_->remove(stored, text));
  store_.erase(edit_->batch(), stored);
  staged_ids_.insert(stored.document.id);
  return ok();
}

Result<void> Ingestion::remove(const StoredDocument& stored) {
  if (staged_ids_.contains(stored.document.id)) TRY_OK(flush(Durability::grouped));
  TRY_OK(replace(stored));
  return edit_->size_bytes() >= kMaxBatchTextBytes ? flush(Durability::grouped) : ok();
}

Result<std::vector<std::vector<float>>> Ingestion::embed(const Document& document, std::string_view text,
                                                         const std::vector<Chunk>& chunks) const {
  std::vector<std::vector<float>> vectors;
  if (!context_.embedder) return vectors;
  for (std::size_t begin = 0; begin < chunks.size(); begin += kEmbedTogether) {
    std::vector<std::string> texts;
    for (std::size_t i = begin; i < std::min(begin + kEmbedTogether, chunks.size()); ++i) {
      const std::string_view body = text.substr(chunks[i].begin, chunks[i].end - chunks[i].begin);
      texts.push_back(indexed_title(document, chunks[i].section) + "\n" + std::string(body));
    }
    TRY(std::vector<std::vector<float>> some, context_.embedder(texts));
    if (some.size() != texts.size())
      return Error{Errc::internal, "the embedder gave another number of vectors"};
    std::move(some.begin(), some.end(), std::back_inserter(vectors));
  }
  return vectors;
}

Result<void> Ingestion::add_json_lines(const std::string& source, std::string_view text) {
  const std::string prefix = source + "#";
  std::unordered_set<std::string> sources;
  std::unordered_set<std::string> hashes;
  std::uint64_t num_repeated = 0;
  JsonLines lines(text);
  while (!lines.at_end()) {
    auto record = lines.next();
    const std::string line = std::to_string(lines.line());
    if (!record) {
      skip(prefix + line, "line " + line + ": " + record.error().message);
      continue;
    }
    // Question sets repeat a paragraph for each of its questions.
    if (!hashes.insert(sha256_hex(record->text)).second) {
      ++num_repeated;
      continue;
    }
    std::string record_source = prefix + (record->id.empty() ? line : record->id);
    if (!sources.insert(record_source).second) {
      record_source = prefix + record->id + "@" + line;
      sources.insert(record_source);
    }
    ParsedDocument parsed{.source = record_source,
                          .media_type = "text/plain",
                          .title = std::move(record->title),
                          .text = std::move(record->text)};
    if (parsed.title.empty())
      parsed.title = title_from_source(source) + " " + (record->id.empty() ? line : record->id);
    TRY_OK(add(std::move(parsed)));
  }
  if (num_repeated > 0) {
    skip(source, std::to_string(num_repeated) + " records repeat the text of an earlier record");
  }
  return remove_missing(prefix, sources);
}

Result<void> Ingestion::remove_missing(const std::string& prefix,
                                       const std::unordered_set<std::string>& sources) {
  TRY(const std::vector<std::string> ids, store_.ids_of_sources(collection_, prefix));
  for (const std::string& id : ids) {
    TRY(const std::optional<StoredDocument> stored, store_.find(id));
    if (stored && !sources.contains(stored->document.source)) TRY_OK(remove(*stored));
  }
  return ok();
}

void Ingestion::skip(std::string source, std::string reason) {
  if (report_.skipped.size() >= kMaxSkippedNamed) {
    ++num_unnamed_skipped_;
    return;
  }
  report_.skipped.push_back({std::move(source), std::move(reason)});
}

Result<void> Ingestion::flush(Durability durability) {
  TRY(const IndexChange change, edit_->write());
  if (edit_->batch().Count() > 0) {
    const std::unique_lock lock(context_.state.mutex());
    TRY_OK(context_.database.commit_blocking(
        [this](Transaction& transaction) { return transaction.append(edit_->batch()); }, durability));
    context_.state.apply(change);
  }
  edit_.emplace(context_.database, context_.state);
  staged_hashes_.clear();
  staged_ids_.clear();
  return ok();
}

Result<IngestReport> Ingestion::finish() {
  TRY_OK(flush(Durability::synced));
  if (num_unnamed_skipped_ > 0) {
    report_.skipped.push_back({collection_, std::to_string(num_unnamed_skipped_) + " more were skipped"});
  }
  return std::move(report_);
}

}  // namespace lyceum::memory
