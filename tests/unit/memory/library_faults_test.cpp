#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "memory/rocksdb/documents.hpp"
#include "tests/unit/memory/faulty_file_system.hpp"
#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

constexpr int kNumSources = 3;

/// Documents and search on a file system whose n-th write fails.
class LibraryFaults : public testing::Test {
 protected:
  struct Opened {
    Opened(const std::string& path, const Clock& clock, std::shared_ptr<rocksdb::FileSystem> file_system) {
      auto opened = Database::open({.directory = path, .file_system = std::move(file_system)}, metrics);
      if (!opened) ADD_FAILURE() << opened.error().message;
      database = *std::move(opened);
      auto library_opened = open_library(*database, clock, {});
      if (!library_opened) ADD_FAILURE() << library_opened.error().message;
      library = *std::move(library_opened);
    }

    Metrics metrics;
    std::unique_ptr<Database> database;
    std::unique_ptr<Library> library;
  };

  static std::string word_of(int source, int version) {
    return "unique" + std::string(1, static_cast<char>('a' + source)) +
           std::string(1, static_cast<char>('a' + version));
  }

  /// Ingests, replaces and removes; what the disk refuses is left out.
  static void change_documents(Documents& documents) {
    std::vector<std::string> ids;
    for (int version = 0; version < 2; ++version) {
      for (int source = 0; source < kNumSources; ++source) {
        const auto report = documents.ingest_blocking({.collection = "corpus",
                                                       .source = std::to_string(source),
                                                       .bytes = "The word is " + word_of(source, version)});
        if (report) {
          ids.push_back(report->documents.at(0).id);
        } else {
          EXPECT_EQ(report.error().code, Errc::io);
        }
      }
    }
    if (ids.empty()) return;
    const auto removed = documents.remove_blocking(ids.back());
    if (!removed) EXPECT_EQ(removed.error().code, Errc::io);
  }

  /// Search finds exactly the versions that the documents hold.
  static void expect_index_agrees(Library& library) {
    Documents& documents = library.documents();
    const auto listed = *documents.list_blocking("", "", 100);
    for (int source = 0; source < kNumSources; ++source) {
      for (int version = 0; version < 2; ++version) {
        const std::string word = word_of(source, version);
        std::size_t num_with_word = 0;
        for (const Document& document : listed) {
          const auto text = documents.text_blocking(document.id, 0, document.text_bytes);
          ASSERT_TRUE(text) << text.error().message;
          if (text->find(word) != std::string::npos) ++num_with_word;
        }
        const auto hits = library.search().search_blocking({.text = word});
        ASSERT_TRUE(hits) << hits.error().message;
        EXPECT_EQ(hits->size(), num_with_word) << word;
      }
    }
    const auto collections = *documents.collections_blocking();
    EXPECT_EQ(collections.empty() ? 0 : collections[0].num_documents, listed.size());
  }

  /// True if a write met the fault.
  bool survives(int n, bool is_full) {
    const std::string path = directory.path(std::to_string(n) + (is_full ? "-full" : "-broken"));
    {
      Opened opened(path, clock, faults);
      faults->arm(n, 1, is_full);
      change_documents(opened.library->documents());
      faults->disarm();
      expect_index_agrees(*opened.library);
    }
    Opened again(path, clock, nullptr);
    expect_index_agrees(*again.library);
    return faults->has_fired();
  }

  ManualClock clock;
  TemporaryFolder directory;
  std::shared_ptr<FaultyFileSystem> faults = std::make_shared<FaultyFileSystem>();
};

TEST_F(LibraryFaults, WhicheverWriteFailsDocumentsAndIndexAgreeBeforeAndAfterReopening) {
  int num_fired = 0;
  for (const bool is_full : {true, false}) {
    for (int n = 0; survives(n, is_full) && !HasFailure(); ++n) ++num_fired;
  }
  EXPECT_GE(num_fired, 10);
}

}  // namespace
}  // namespace lyceum::memory
