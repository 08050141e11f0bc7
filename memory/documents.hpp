#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lyceum::memory {

inline constexpr std::size_t kMaxDocumentBytes = 256U << 20U;

/// A heading's reach in the document's text, in bytes.
struct Section {
  std::string title{};
  int level = 1;  ///< 1 is the outermost.
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A document has the original bytes as they came and one UTF-8 *text*, to which every offset refers. For
/// plain text, Markdown and JSON Lines records the text is the original; for HTML and PDF it is what a reader
/// would see.
struct Document {
  std::string id{};          ///< Stable for (collection, source), so that a replacement keeps it.
  std::string collection{};  ///< Named set of documents: a corpus.
  std::string source{};      ///< Path, name or URL, unique within the collection.
  std::string title{};
  std::string media_type{};
  std::string original_hash{};
  std::string text_hash{};
  std::uint64_t original_bytes = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t num_chunks = 0;
  std::int64_t added_ms = 0;
  std::vector<Section> sections{};
};

struct CollectionStats {
  std::string name{};
  std::uint64_t num_documents = 0;
  std::uint64_t num_chunks = 0;
  std::uint64_t text_bytes = 0;
};

enum class IngestOutcome { added, replaced, unchanged };

struct IngestRequest {
  std::string collection{};
  std::string source{};
  std::string media_type{};  ///< Empty: decided by the source's extension, then by the bytes.
  std::string title{};       ///< Empty: taken from the document.
  std::string bytes{};
};

struct Skipped {
  std::string source{};
  std::string reason{};
};

/// One file may hold many documents (JSON Lines: one a record).
struct IngestReport {
  std::vector<Document> documents{};
  std::uint64_t num_added = 0;
  std::uint64_t num_replaced = 0;
  std::uint64_t num_unchanged = 0;
  std::vector<Skipped> skipped{};
};

/// The documents and their index, which are always written together. Thread-safe; every member blocks.
class Documents {
 public:
  Documents() = default;
  Documents(const Documents&) = delete;
  Documents& operator=(const Documents&) = delete;
  virtual ~Documents() = default;

  /// Parses, chunks, stores and indexes one file. The same bytes under the same source: unchanged. The same
  /// bytes under another source of the collection: skipped as a duplicate, named in the report. Errors:
  /// unsupported (binary or unreadable; nothing was stored), too_large, io.
  virtual Result<IngestReport> ingest_blocking(IngestRequest request) = 0;

  /// A file, or a directory and all below it; `progress(done, total, source)` may return false to stop
  /// (cancelled). Files that cannot be read are reported and skipped.
  using Progress = std::function<bool(std::uint64_t done, std::uint64_t total, const std::string& source)>;
  virtual Result<IngestReport> ingest_path_blocking(const std::string& collection, const std::string& path,
                                                    const Progress& progress) = 0;

  virtual Result<Document> get_blocking(const std::string& id) const = 0;
  /// By rising id, ids above `after`; `collection` empty: all.
  virtual Result<std::vector<Document>> list_blocking(const std::string& collection, const std::string& after,
                                                      std::size_t limit) const = 0;
  /// The text's bytes [begin, end), shrunk to character borders; `end` past the text means its end.
  virtual Result<std::string> text_blocking(const std::string& id, std::uint64_t begin,
                                            std::uint64_t end) const = 0;
  virtual Result<std::string> original_blocking(const std::string& id) const = 0;
  /// Removes the document, its index entries and its blobs. Errors: not_found, io.
  virtual Result<void> remove_blocking(const std::string& id) = 0;
  virtual Result<std::vector<CollectionStats>> collections_blocking() const = 0;
};

}  // namespace lyceum::memory
