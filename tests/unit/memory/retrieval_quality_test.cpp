// How well search finds what people ask for, on public question sets. The bounds hold the quality that was
// reached.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "memory/ingest/child_process.hpp"
#include "tests/unit/memory/library_support.hpp"

namespace lyceum::memory {
namespace {

const std::string kDataDirectory = LYCEUM_SHARED_DATA;

/// The text of a file, unpacked if its name ends in .xz; empty where it is absent.
std::string read_data(const std::string& name) {
  const std::string path = kDataDirectory + "/" + name;
  if (!std::filesystem::exists(path)) return {};
  if (path.ends_with(".xz")) {
    auto unpacked = run_child({"xz", "-dc", path}, {});
    return unpacked ? *std::move(unpacked) : std::string();
  }
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Json> records_of(const std::string& lines) {
  std::vector<Json> records;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    auto record = parse_json(line);
    if (record) records.push_back(*std::move(record));
  }
  return records;
}

class RetrievalQuality : public LibraryTest {
 protected:
  /// The sources of the documents found, each once, best first.
  std::vector<std::string> found_sources(const std::string& query, std::size_t limit) {
    std::vector<std::string> sources;
    for (const SearchHit& hit : search(query, {}, std::min(limit * 3, kMaxSearchHits))) {
      const auto document = library->documents().get_blocking(hit.document);
      const std::string& source = document->source;
      if (std::find(sources.begin(), sources.end(), source) == sources.end()) sources.push_back(source);
      if (sources.size() == limit) break;
    }
    return sources;
  }
};

TEST_F(RetrievalQuality, AQuestionFindsItsParagraph) {
  // The paragraphs of the training side are the haystack around those of the development side.
  const std::string questions = read_data("qa-squad/test_xquad_en.jsonl.xz");
  if (questions.empty()) GTEST_SKIP() << "no " << kDataDirectory << "/qa-squad (or no xz)";
  ingest("test.jsonl", questions);
  ingest("articles.jsonl", read_data("qa-squad/train_articles.jsonl.xz"));
  ingest("mixed.jsonl", read_data("qa-squad/train_mixed.jsonl.xz"));
  const auto records = records_of(questions);
  std::map<std::string, std::string> source_of_context;
  for (const Json& record : records) {
    source_of_context.try_emplace(record["context"].get<std::string>(),
                                  "test.jsonl#" + record["id"].get<std::string>());
  }

  std::map<std::size_t, double> recall;
  for (const Json& record : records) {
    const auto sources = found_sources(record["question"].get<std::string>(), 10);
    const auto gold =
        std::find(sources.begin(), sources.end(), source_of_context[record["context"].get<std::string>()]);
    for (const std::size_t depth : {1U, 5U, 10U}) {
      if (gold - sources.begin() < static_cast<std::ptrdiff_t>(std::min(depth, sources.size())))
        ++recall[depth];
    }
  }
  const auto num_questions = static_cast<double>(records.size());
  const auto collections = *library->documents().collections_blocking();
  std::printf("%zu questions among %zu paragraphs: recall@1 %.3f @5 %.3f @10 %.3f\n", records.size(),
              static_cast<std::size_t>(collections.at(0).num_documents), recall[1] / num_questions,
              recall[5] / num_questions, recall[10] / num_questions);

  EXPECT_GE(recall[5] / num_questions, 0.90);
}

TEST_F(RetrievalQuality, CranfieldRankingIsThatOfAGoodBm25) {
  const std::string corpus = read_data("ir-cranfield/corpus.jsonl.xz");
  if (corpus.empty()) GTEST_SKIP() << "no " << kDataDirectory << "/ir-cranfield (or no xz)";
  ingest("cran.jsonl", corpus);

  double sum = 0;
  const auto queries = records_of(read_data("ir-cranfield/queries.jsonl"));
  for (const Json& query : queries) {
    std::set<std::string> relevant;
    for (const auto& [id, grade] : query["relevant"].items()) {
      if (grade.get<int>() > 0) relevant.insert("cran.jsonl#" + id);
    }
    const auto sources = found_sources(query["query"].get<std::string>(), 10);
    double gain = 0;
    double ideal = 0;
    for (std::size_t i = 0; i < 10; ++i) {
      const double discount = 1 / std::log2(static_cast<double>(i) + 2);
      if (i < sources.size() && relevant.contains(sources[i])) gain += discount;
      if (i < relevant.size()) ideal += discount;
    }
    sum += ideal > 0 ? gain / ideal : 0;
  }
  const double ndcg = sum / static_cast<double>(queries.size());
  std::printf("%zu queries: nDCG@10 %.3f\n", queries.size(), ndcg);

  EXPECT_GE(ndcg, 0.38);
}

}  // namespace
}  // namespace lyceum::memory
