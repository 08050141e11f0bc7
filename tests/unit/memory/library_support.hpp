#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "memory/rocksdb/documents.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {

/// Documents and search over a database that a test may close and open again.
class LibraryTest : public DatabaseTest {
 protected:
  LibraryTest() { open(); }

  void open(Embedder embedder = {}) {
    library.reset();
    reopen();
    auto opened = open_library(*database, clock, std::move(embedder));
    ASSERT_TRUE(opened) << opened.error().message;
    library = *std::move(opened);
  }

  IngestReport ingest(const std::string& source, const std::string& bytes,
                      const std::string& collection = "corpus") {
    auto report =
        library->documents().ingest_blocking({.collection = collection, .source = source, .bytes = bytes});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *std::move(report) : IngestReport{};
  }

  std::vector<SearchHit> search(const std::string& text, std::vector<std::string> collections = {},
                                std::size_t limit = 10) {
    auto hits = library->search().search_blocking({text, std::move(collections), limit});
    EXPECT_TRUE(hits) << hits.error().message;
    return hits ? *std::move(hits) : std::vector<SearchHit>{};
  }

  /// Everything that the families of documents and search hold: "family:key=value", in order.
  std::vector<std::string> stored_entries() const {
    std::vector<std::string> entries;
    for (const Family family :
         {Family::documents, Family::chunks, Family::postings, Family::vectors, Family::blobs}) {
      Cursor cursor = database->scan(family, {}, {});
      for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
        entries.push_back(std::string(kFamilyNames[static_cast<std::size_t>(family)]) + ":" +
                          std::string(cursor.key()) + "=" + std::string(cursor.value()));
      }
    }
    return entries;
  }

  ManualClock clock;
  std::unique_ptr<Library> library;
};

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace lyceum::memory
