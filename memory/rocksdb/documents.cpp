#include "memory/rocksdb/documents.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/files.hpp"
#include "base/text.hpp"
#include "memory/ingest/files.hpp"
#include "memory/ingest/parse.hpp"
#include "memory/rocksdb/ingestion.hpp"
#include "memory/rocksdb/rebuild.hpp"
#include "memory/rocksdb/search.hpp"

namespace lyceum::memory {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

Result<void> check_name(const char* what, const std::string& name, std::size_t size_bytes_max) {
  if (name.empty()) return Error{Errc::invalid_argument, std::string(what) + ": must not be empty"};
  if (name.size() > size_bytes_max) {
    return Error{Errc::invalid_argument,
                 std::string(what) + ": longer than " + std::to_string(size_bytes_max) + " bytes"};
  }
  if (name.find('\0') != std::string::npos || !is_utf8(name)) {
    return Error{Errc::invalid_argument, std::string(what) + ": must be UTF-8 without zero bytes"};
  }
  return ok();
}

/// A file name as people may read it, whatever its bytes are.
std::string readable(const std::string& path) {
  if (is_utf8(path)) return path;
  std::string name = path;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return name;
}

/// A file that was read and is not taken in yet.
struct ReadFile {
  bool is_json_lines = false;
  ParsedDocument document{};  ///< Of JSON Lines: their source and text.
};

/// Decides the format and parses. Errors: those of parse_file and format_of.
Result<ReadFile> parse_request(IngestRequest request) {
  if (request.bytes.size() > kMaxDocumentBytes) {
    return Error{Errc::too_large, request.source + ": " + std::to_string(request.bytes.size()) +
                                      " bytes, the limit is " + std::to_string(kMaxDocumentBytes)};
  }
  TRY(const Format format, format_of(request.media_type, request.source, request.bytes));
  if (format == Format::json_lines) {
    TRY(std::string text, to_utf8(std::move(request.bytes)));
    return ReadFile{true, {.source = std::move(request.source), .text = std::move(text)}};
  }
  TRY(ParsedText parsed, parse_file(format, request.bytes));
  std::string title = tidy_title(request.title.empty() ? parsed.title : request.title);
  if (title.empty()) title = title_from_source(request.source);
  ParsedDocument document{.source = std::move(request.source),
                          .media_type = std::string(media_type_of(format)),
                          .title = std::move(title),
                          .text = std::move(parsed.text),
                          .sections = std::move(parsed.sections)};
  if (document.text != request.bytes) document.original = std::move(request.bytes);
  return ReadFile{false, std::move(document)};
}

Result<void> take_in(Ingestion& ingestion, ReadFile file) {
  if (file.is_json_lines) return ingestion.add_json_lines(file.document.source, file.document.text);
  return ingestion.add(std::move(file.document));
}

Result<ReadFile> read_path(const std::string& collection, const std::string& path) {
  TRY_OK(check_name("file name", path, kMaxSourceBytes));
  TRY(std::string bytes, read_file_blocking(path, kMaxDocumentBytes));
  return parse_request({.collection = collection, .source = path, .bytes = std::move(bytes)});
}

class RocksDocuments final : public Documents {
 public:
  RocksDocuments(Database& database, IndexState& state, const Clock& clock, const Embedder& embedder)
      : context_{database, state, clock, embedder}, store_(database) {}

  Result<IngestReport> ingest_blocking(IngestRequest request) override {
    TRY_OK(check_name("collection", request.collection, kMaxCollectionBytes));
    TRY_OK(check_name("source", request.source, kMaxSourceBytes));
    if (!is_utf8(request.title)) return Error{Errc::invalid_argument, "title: must be UTF-8"};
    const std::string collection = request.collection;
    TRY(ReadFile file, parse_request(std::move(request)));
    const std::lock_guard lock(write_mutex_);
    Ingestion ingestion(context_, collection);
    TRY_OK(take_in(ingestion, std::move(file)));
    return ingestion.finish();
  }

  Result<IngestReport> ingest_path_blocking(const std::string& collection, const std::string& path,
                                            const Progress& progress) override {
    TRY_OK(check_name("collection", collection, kMaxCollectionBytes));
    TRY(const std::vector<std::string> files, list_files(path));
    const bool is_one_file = files.size() == 1 && files.front() == path;
    const std::lock_guard lock(write_mutex_);
    Ingestion ingestion(context_, collection);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (progress && !progress(i, files.size(), readable(files[i]))) {
        TRY_OK(ingestion.finish());
        return Error{Errc::cancelled, "stopped after " + std::to_string(i) + " of " +
                                          std::to_string(files.size()) + " files, which stay"};
      }
      auto file = read_path(collection, files[i]);
      if (file) {
        TRY_OK(take_in(ingestion, *std::move(file)));
      } else if (is_one_file) {
        return std::move(file).error();
      } else {
        ingestion.skip(readable(files[i]), file.error().message);
      }
    }
    if (progress) progress(files.size(), files.size(), readable(path));
    return ingestion.finish();
  }

  Result<Document> get_blocking(const std::string& id) const override {
    const std::shared_lock lock(context_.state.mutex());
    TRY(StoredDocument stored, find(id));
    return std::move(stored.document);
  }

  Result<std::vector<Document>> list_blocking(const std::string& collection, const std::string& after,
                                              std::size_t limit) const override {
    const std::shared_lock lock(context_.state.mutex());
    TRY(const std::vector<std::string> ids, store_.ids(collection, after, limit));
    std::vector<Document> documents;
    for (const std::string& id : ids) {
      TRY(StoredDocument stored, find(id));
      documents.push_back(std::move(stored.document));
    }
    return documents;
  }

  Result<std::string> text_blocking(const std::string& id, std::uint64_t begin,
                                    std::uint64_t end) const override {
    constexpr std::uint64_t kMaxContinuations = 3;
    const std::shared_lock lock(context_.state.mutex());
    TRY(const StoredDocument stored, find(id));
    const std::uint64_t size = stored.document.text_bytes;
    end = std::min(end, size);
    begin = std::min(begin, end);
    // A little more than asked, to see where the last character ends.
    const std::uint64_t seen = std::min(end + 1, size);
    TRY(std::string text, store_.text(id, begin, seen));
    std::size_t first = 0;
    while (first < text.size() && first < kMaxContinuations && is_continuation(text[first])) ++first;
    std::size_t last = end - begin;
    while (last > first && last < text.size() && is_continuation(text[last])) --last;
    return text.substr(first, last > first ? last - first : 0);
  }

  Result<std::string> original_blocking(const std::string& id) const override {
    const std::shared_lock lock(context_.state.mutex());
    TRY(const StoredDocument stored, find(id));
    return store_.original(stored);
  }

  Result<void> remove_blocking(const std::string& id) override {
    const std::lock_guard lock(write_mutex_);
    TRY(const StoredDocument stored, find(id));
    Ingestion ingestion(context_, stored.document.collection);
    TRY_OK(ingestion.remove(stored));
    TRY_OK(ingestion.finish());
    return ok();
  }

  Result<std::vector<CollectionStats>> collections_blocking() const override {
    const std::shared_lock lock(context_.state.mutex());
    std::vector<CollectionStats> all;
    for (const auto& [name, stored] : context_.state.collections()) {
      all.push_back({name, stored.num_documents, stored.num_chunks, stored.text_bytes});
    }
    return all;
  }

 private:
  Result<StoredDocument> find(const std::string& id) const {
    TRY(std::optional<StoredDocument> stored, store_.find(id));
    if (!stored) return Error{Errc::not_found, "document " + id + ": not found"};
    return *std::move(stored);
  }

  IngestionContext context_;
  DocumentStore store_;
  std::mutex write_mutex_;  // One Ingestion at a time.
};

class RocksLibrary final : public Library {
 public:
  RocksLibrary(Database& database, const Clock& clock, Embedder embedder)
      : embedder_(std::move(embedder)),
        state_(database),
        documents_(database, state_, clock, embedder_),
        search_(make_search(database, state_, embedder_)) {}

  Documents& documents() override { return documents_; }

  Search& search() override { return *search_; }

  IndexState& state() { return state_; }

 private:
  Embedder embedder_;
  IndexState state_;
  RocksDocuments documents_;
  std::unique_ptr<Search> search_;
};

}  // namespace

Result<std::unique_ptr<Library>> open_library(Database& database, const Clock& clock, Embedder embedder) {
  TRY_OK(rebuild_outdated_index(database));
  auto library = std::make_unique<RocksLibrary>(database, clock, std::move(embedder));
  TRY_OK(library->state().load());
  return std::unique_ptr<Library>(std::move(library));
}

}  // namespace lyceum::memory
