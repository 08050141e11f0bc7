// Ingest and search beside SQLite FTS5, on the same chunks and the same queries: both stem, both rank by
// BM25, both join the words by OR, stop words left out, and both return the ten best with their texts. Usage:
// search_bench <folder or file> [store directory] [number of queries]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <sqlite3.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "memory/ingest/chunks.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/documents.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kLimit = 10;
constexpr std::size_t kDocumentsAtOnce = 1000;

using Seconds = std::chrono::duration<double>;

[[noreturn]] void fail(const std::string& message) {
  (void)std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(EXIT_FAILURE);
}

template <class T>
T expect(Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Cost {
  double wall_s = 0;
  double cpu_s = 0;  // Of all threads: what a busy machine distorts less.
};

struct Measured {
  Cost ingest{};
  double first_p50_ms = 0;  // The first time that each query comes.
  double p50_ms = 0;
  double p99_ms = 0;
  double hits = 0;  // A query.
  std::uint64_t disk_bytes = 0;
};

Cost cost_of(const std::function<void()>& work) {
  const auto begin = MonotonicClock::now();
  const std::clock_t cpu_begin = std::clock();
  work();
  return {Seconds(MonotonicClock::now() - begin).count(),
          static_cast<double>(std::clock() - cpu_begin) / static_cast<double>(CLOCKS_PER_SEC)};
}

double quantile(std::vector<double>& values, double q) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

std::uint64_t size_of(const std::string& directory) {
  std::uint64_t size = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) size += entry.file_size();
  }
  return size;
}

/// A full-text table of the same chunks.
class FullTextTable {
 public:
  explicit FullTextTable(const std::string& path) {
    check(sqlite3_open(path.c_str(), &db_));
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-262144;"
        "CREATE VIRTUAL TABLE chunks USING fts5(title, body, tokenize='porter unicode61');");
    check(sqlite3_prepare_v2(db_, "INSERT INTO chunks(title, body) VALUES(?, ?)", -1, &insert_, nullptr));
    check(sqlite3_prepare_v2(db_,
                             "SELECT title, body, bm25(chunks, 2.0, 1.0) FROM chunks WHERE chunks MATCH ? "
                             "AND rank MATCH 'bm25(2.0, 1.0)' ORDER BY rank LIMIT 10",
                             -1, &select_, nullptr));
  }

  FullTextTable(const FullTextTable&) = delete;
  FullTextTable& operator=(const FullTextTable&) = delete;

  ~FullTextTable() {
    sqlite3_finalize(insert_);
    sqlite3_finalize(select_);
    sqlite3_close(db_);
  }

  void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

  void insert(const std::string& title, std::string_view body) {
    bind(insert_, 1, title);
    bind(insert_, 2, body);
    if (sqlite3_step(insert_) != SQLITE_DONE) check(SQLITE_ERROR);
    sqlite3_reset(insert_);
  }

  std::size_t search(const std::string& expression) {
    bind(select_, 1, expression);
    std::size_t hits = 0;
    std::size_t bytes = 0;
    while (sqlite3_step(select_) == SQLITE_ROW) {
      ++hits;
      bytes += static_cast<std::size_t>(sqlite3_column_bytes(select_, 0) + sqlite3_column_bytes(select_, 1));
    }
    if (hits > 0 && bytes == 0) fail("FTS5 returned no text");
    sqlite3_reset(select_);
    return hits;
  }

 private:
  void check(int status) {
    if (status != SQLITE_OK) fail(std::string("SQLite: ") + sqlite3_errmsg(db_));
  }

  void bind(sqlite3_stmt* statement, int index, std::string_view text) {
    check(sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

/// Calls `visit(title, chunk)` with every chunk of the store.
void for_each_chunk(Documents& documents,
                    const std::function<void(const std::string&, std::string_view)>& visit) {
  std::string after;
  while (true) {
    const std::vector<Document> some = expect(documents.list_blocking("", after, kDocumentsAtOnce));
    if (some.empty()) return;
    for (const Document& document : some) {
      const std::string text = expect(documents.text_blocking(document.id, 0, document.text_bytes));
      for (const Chunk& chunk : make_chunks(text, document.sections)) {
        visit(document.title, std::string_view(text).substr(chunk.begin, chunk.end - chunk.begin));
      }
    }
    after = some.back().id;
  }
}

/// Two to five telling words that stand together in one chunk, from chunks spread over the corpus.
std::vector<std::vector<std::string>> make_queries(Documents& documents, std::size_t num_chunks,
                                                   std::size_t count) {
  std::mt19937 random(2026);
  std::vector<std::vector<std::string>> queries;
  const std::size_t stride = std::max<std::size_t>(1, num_chunks / count);
  std::size_t index = 0;
  for_each_chunk(documents, [&](const std::string&, std::string_view chunk) {
    if (index++ % stride != 0 || queries.size() == count) return;
    std::vector<std::string> words;
    visit_index_terms(chunk, [&](std::string_view word, std::string_view) {
      const bool is_plain =
          std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
      if (is_plain && word.size() > 2 && !is_stop_word(word)) words.emplace_back(word);
    });
    if (words.size() < 5) return;
    std::vector<std::string> query;
    for (std::size_t i = 2 + random() % 4; i > 0; --i) query.push_back(words[random() % words.size()]);
    queries.push_back(std::move(query));
  });
  return queries;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : std::string(between)) + word;
  return all;
}

void measure_search(Measured& measured, const std::vector<std::vector<std::string>>& queries,
                    const std::function<std::size_t(const std::vector<std::string>&)>& search) {
  const auto pass = [&](std::vector<double>& times_ms) {
    for (const auto& query : queries) {
      std::size_t hits = 0;
      times_ms.push_back(1e3 * cost_of([&] { hits = search(query); }).wall_s);
      measured.hits += static_cast<double>(hits);
    }
  };
  std::vector<double> first;
  pass(first);
  measured.first_p50_ms = quantile(first, 0.5);
  measured.hits = 0;
  std::vector<double> again;
  for (int i = 0; i < 3; ++i) pass(again);
  measured.p50_ms = quantile(again, 0.5);
  measured.p99_ms = quantile(again, 0.99);
  measured.hits /= static_cast<double>(again.size());
}

void print(const char* name, const Measured& measured, double text_mb) {
  std::printf("%-8s %12.1f %12.1f %15.3f %10.3f %10.3f %12.1f %10.1f\n", name,
              text_mb / measured.ingest.wall_s, text_mb / measured.ingest.cpu_s, measured.first_p50_ms,
              measured.p50_ms, measured.p99_ms, measured.hits,
              static_cast<double>(measured.disk_bytes) / 1e6);
}

void bench(const std::string& corpus, const std::string& directory, std::size_t num_queries) {
  const SystemClock clock;
  Metrics metrics;
  const std::string store_directory = directory + "/store";
  const auto database = expect(Database::open({.directory = store_directory}, metrics));
  const auto library = expect(open_library(*database, clock, {}));
  Documents& documents = library->documents();

  Measured ours;
  ours.ingest = cost_of([&] { expect(documents.ingest_path_blocking("bench", corpus, {})); });
  const std::vector<CollectionStats> collections = expect(documents.collections_blocking());
  if (collections.empty()) fail(corpus + ": holds nothing that can be read");
  const CollectionStats& stats = collections.front();
  const double text_mb = static_cast<double>(stats.text_bytes) / 1e6;

  std::filesystem::create_directories(directory + "/fts5");
  FullTextTable table(directory + "/fts5/chunks.db");
  Measured theirs;
  theirs.ingest = cost_of([&] {
    table.run("BEGIN");
    for_each_chunk(documents,
                   [&](const std::string& title, std::string_view chunk) { table.insert(title, chunk); });
    table.run("COMMIT");
  });
  // The table should not pay for reading our store.
  const Cost reading =
      cost_of([&] { for_each_chunk(documents, [](const std::string&, std::string_view) {}); });
  theirs.ingest.wall_s -= reading.wall_s;
  theirs.ingest.cpu_s -= reading.cpu_s;

  const auto queries = make_queries(documents, stats.num_chunks, num_queries);
  measure_search(ours, queries, [&](const std::vector<std::string>& words) {
    return expect(library->search().search_blocking({.text = joined(words, " "), .limit = kLimit})).size();
  });
  measure_search(theirs, queries, [&](const std::vector<std::string>& words) {
    return table.search("\"" + joined(words, "\" OR \"") + "\"");
  });
  ours.disk_bytes = size_of(store_directory);
  theirs.disk_bytes = size_of(directory + "/fts5");

  std::printf("%zu documents, %zu chunks, %.1f MB of text, %zu queries of 2 to 5 words, top %zu\n",
              static_cast<std::size_t>(stats.num_documents), static_cast<std::size_t>(stats.num_chunks),
              text_mb, queries.size(), kLimit);
  std::printf("%-8s %12s %12s %15s %10s %10s %12s %10s\n", "", "MB/s in", "MB/cpu-s in", "first p50 ms",
              "p50 ms", "p99 ms", "hits/query", "disk MB");
  print("lyceum", ours, text_mb);
  print("fts5", theirs, text_mb);
}

}  // namespace
}  // namespace lyceum::memory

int main(int argc, char** argv) {
  if (argc < 2) lyceum::memory::fail("usage: search_bench <folder or file> [directory] [number of queries]");
  const std::string root = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
  const int num_queries = argc > 3 ? std::atoi(argv[3]) : 500;
  const std::string directory = root + "/lyceum-search-bench-" + std::to_string(::getpid());
  lyceum::memory::bench(argv[1], directory, static_cast<std::size_t>(std::max(1, num_queries)));
  std::filesystem::remove_all(directory);
  return 0;
}
