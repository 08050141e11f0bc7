#include "memory/search.hpp"

#include <cmath>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "tests/unit/memory/library_support.hpp"

namespace lyceum::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SearchTest : public LibraryTest {
 protected:
  std::vector<std::string> titles(const std::string& query, std::vector<std::string> collections = {}) {
    std::vector<std::string> titles;
    for (const SearchHit& hit : search(query, std::move(collections))) titles.push_back(hit.title);
    return titles;
  }
};

TEST_F(SearchTest, FindsWordFormsAndTellsWhere) {
  ingest("a.md", "# Engines\n\nIntro.\n\n## History\n\nThe engineers were building bridges.\n");

  const auto hits = search("bridge builder building");

  ASSERT_THAT(hits, SizeIs(1));
  EXPECT_EQ(hits[0].title, "Engines");
  EXPECT_EQ(hits[0].section, "History");
  EXPECT_EQ(hits[0].collection, "corpus");
  EXPECT_EQ(hits[0].text, "## History\n\nThe engineers were building bridges.");
  EXPECT_GT(hits[0].score, 0);
  EXPECT_EQ(hits[0].score, hits[0].bm25);
  EXPECT_FALSE(hits[0].dense);
}

TEST_F(SearchTest, RareWordsTitlesAndMoreMatchesRankHigher) {
  ingest("a.txt", "The common word and the rareword.");
  ingest("b.txt", "The common word and the common thing.");
  for (int i = 0; i < 10; ++i)
    ingest("f" + std::to_string(i) + ".txt", "A common filler number " + std::to_string(i));

  EXPECT_EQ(titles("common rareword")[0], "a");
  ingest("rareword.txt", "Something else entirely here.");
  EXPECT_THAT(titles("rareword"), ElementsAre("rareword", "a"));
}

TEST_F(SearchTest, SectionTitlesCountAsTitles) {
  ingest("a.md", "# Doc a\n\n## Migration\n\nBirds go south.\n");
  ingest("b.md", "# Doc b\n\n## Feeding\n\nSome text tells of migration too, among many other words here.\n");

  EXPECT_THAT(titles("migration"), ElementsAre("Doc a", "Doc b"));
}

TEST_F(SearchTest, StopWordsCountOnlyAlone) {
  ingest("a.txt", "What is the capital?");
  ingest("b.txt", "What is the what of the what is.");

  EXPECT_THAT(titles("what is the capital"), ElementsAre("a"));
  EXPECT_THAT(titles("what is"), SizeIs(2));
}

TEST_F(SearchTest, CollectionsLimitTheSearchAndUnknownOnesFindNothing) {
  ingest("a.txt", "whales in one", "one");
  ingest("b.txt", "whales in two", "two");

  EXPECT_THAT(titles("whales"), SizeIs(2));
  EXPECT_THAT(titles("whales", {"two"}), ElementsAre("b"));
  EXPECT_THAT(titles("whales", {"two", "two", "one"}), SizeIs(2));
  EXPECT_THAT(titles("whales", {"three"}), IsEmpty());
}

TEST_F(SearchTest, BadQueriesAreRefused) {
  const auto code = [&](SearchQuery query) { return library->search().search_blocking(query).error().code; };
  EXPECT_EQ(code({.text = ""}), Errc::invalid_argument);
  EXPECT_EQ(code({.text = " ?! "}), Errc::invalid_argument);
  EXPECT_EQ(code({.text = "x", .limit = 0}), Errc::invalid_argument);
  EXPECT_EQ(code({.text = "x", .limit = kMaxSearchHits + 1}), Errc::invalid_argument);
  EXPECT_EQ(code({.text = std::string(100'000, 'x')}), Errc::invalid_argument);
  EXPECT_THAT(search("\xFF\xC3 whales"), IsEmpty());
}

TEST_F(SearchTest, RareWordsHaveMoreWeightAndUnknownOnesTheMost) {
  for (int i = 0; i < 20; ++i)
    ingest(std::to_string(i), std::string("common ") + (i < 2 ? "rare " : "") + std::to_string(i));
  const Search& search = library->search();

  EXPECT_LT(search.idf_blocking("common", {}), search.idf_blocking("rare", {}));
  EXPECT_LT(search.idf_blocking("rare", {}), search.idf_blocking("unknown", {}));
  EXPECT_DOUBLE_EQ(search.idf_blocking("unknown", {}), std::log(1 + 20.5 / 0.5));
  EXPECT_DOUBLE_EQ(search.idf_blocking("commonly", {"corpus"}), search.idf_blocking("common", {}));
}

TEST_F(SearchTest, ReopeningChangesNothing) {
  std::mt19937 random(41);
  for (int i = 0; i < 60; ++i) {
    std::string text;
    for (int k = 0; k < 300; ++k) text += "w" + std::to_string(random() % 200) + (k % 12 == 11 ? ". " : " ");
    ingest("d" + std::to_string(i), text);
  }
  const auto key = [](const SearchHit& hit) {
    return hit.document + std::to_string(hit.begin) + std::to_string(hit.score);
  };
  std::vector<std::string> before;
  for (int q = 0; q < 30; ++q) {
    for (const auto& hit : search("w" + std::to_string(q) + " w" + std::to_string(q * 3)))
      before.push_back(key(hit));
  }

  open();

  std::vector<std::string> after;
  for (int q = 0; q < 30; ++q) {
    for (const auto& hit : search("w" + std::to_string(q) + " w" + std::to_string(q * 3)))
      after.push_back(key(hit));
  }
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(after, before);
}

/// Words hashed into a few dimensions, with two synonyms made one: what words alone cannot see.
Result<std::vector<std::vector<float>>> fake_embedder(std::span<const std::string> texts) {
  std::vector<std::vector<float>> vectors;
  for (const std::string& text : texts) {
    std::vector<float> vector(64, 0.0F);
    for (std::string term : index_terms(text)) {
      if (is_stop_word(term)) continue;
      if (term == "automobil") term = "car";
      vector[fnv1a64(term) % vector.size()] += 1;
    }
    float sum = 0;
    for (const float x : vector) sum += x * x;
    for (float& x : vector) x /= std::sqrt(std::max(sum, 1e-9F));
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

TEST_F(SearchTest, VectorsFindWhatWordsMissAndBothTogetherComeFirst) {
  open(fake_embedder);
  ingest("1.txt", "The car drives.");
  ingest("2.txt", "An automobile drives.");
  ingest("3.txt", "Bread and butter.");

  const auto hits = search("car drives");

  ASSERT_GE(hits.size(), 2U);
  EXPECT_EQ(hits[0].text, "The car drives.");
  EXPECT_GT(hits[0].bm25, 0);
  EXPECT_GT(hits[0].dense.value_or(0), 0.6);
  const auto only_dense = search("car", {}, 3);
  const auto found = std::find_if(only_dense.begin(), only_dense.end(),
                                  [](const SearchHit& hit) { return hit.text == "An automobile drives."; });
  ASSERT_NE(found, only_dense.end());
  EXPECT_EQ(found->bm25, 0);
}

TEST_F(SearchTest, VectorsFollowReplacementRemovalAndReopening) {
  open(fake_embedder);
  const auto id = ingest("1.txt", "An automobile drives.").documents.at(0).id;
  ingest("2.txt", "Nothing alike.");
  ingest("1.txt", "Bread tastes good.");
  const auto dense_of = [&](const std::string& query) {
    std::map<std::string, double> dense;
    for (const auto& hit : search(query)) dense[hit.text] = hit.dense.value_or(-1);
    return dense;
  };
  const auto before = dense_of("automobile bread");

  open(fake_embedder);

  EXPECT_EQ(dense_of("automobile bread"), before);
  EXPECT_EQ(before.count("An automobile drives."), 0U);
  ASSERT_TRUE(library->documents().remove_blocking(id));
  EXPECT_EQ(dense_of("automobile bread").count("Bread tastes good."), 0U);
}

TEST_F(SearchTest, AFailingEmbedderStopsIngestAndLeavesSearchByWords) {
  bool fails = false;
  open([&](std::span<const std::string> texts) -> Result<std::vector<std::vector<float>>> {
    if (fails) return Error{Errc::unavailable, "the model is down"};
    return fake_embedder(texts);
  });
  ingest("1.txt", "The car drives.");
  fails = true;

  const auto refused =
      library->documents().ingest_blocking({.collection = "c", .source = "2", .bytes = "x y"});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  const auto hits = search("car");
  ASSERT_THAT(hits, SizeIs(1));
  EXPECT_FALSE(hits[0].dense);
}

TEST_F(SearchTest, AnyHistoryGivesTheIndexThatAFreshOneWouldBe) {
  // Goal: random ingests, replacements and removals leave the postings and collection sizes of a store that
  // only ever saw the documents that are left. Method: compare decoded postings by document and offset, since
  // chunk numbers differ.
  std::mt19937 random(97);
  const auto random_text = [&] {
    std::string text = random() % 3 == 0 ? "# Head" + std::to_string(random() % 5) + "\n\n" : "";
    for (std::size_t k = random() % 600; k > 0; --k)
      text += "t" + std::to_string(random() % 60) + (random() % 9 == 0 ? ". " : " ");
    return text + "end" + std::to_string(random());
  };
  std::map<std::string, std::string> documents;
  for (int step = 0; step < 250; ++step) {
    const std::string source = "s" + std::to_string(random() % 25) + ".md";
    const auto known = documents.find(source);
    if (known != documents.end() && random() % 3 == 0) {
      const auto listed = *library->documents().list_blocking("corpus", "", 100);
      for (const Document& document : listed) {
        if (document.source == source) ASSERT_TRUE(library->documents().remove_blocking(document.id));
      }
      documents.erase(known);
    } else {
      ingest(source, documents[source] = random_text());
    }
    if (step % 60 == 59) open();
  }
  const auto logical_index = [](Library& library) {
    std::vector<std::string> entries;
    for (int term = 0; term < 60; ++term) {
      auto hits = *library.search().search_blocking({"t" + std::to_string(term), {}, kMaxSearchHits});
      for (const auto& hit : hits) {
        entries.push_back(std::to_string(term) + hit.document + ":" + std::to_string(hit.begin) + "-" +
                          std::to_string(hit.end) + "=" + std::to_string(hit.score));
      }
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  };
  const auto after_history = logical_index(*library);
  const auto sizes = *library->documents().collections_blocking();

  TemporaryFolder other_directory;
  auto other_database = Database::open({.directory = other_directory.path("store")}, metrics);
  ASSERT_TRUE(other_database);
  auto other = open_library(**other_database, clock, {});
  ASSERT_TRUE(other);
  for (const auto& [source, text] : documents) {
    ASSERT_TRUE(
        (*other)->documents().ingest_blocking({.collection = "corpus", .source = source, .bytes = text}));
  }

  EXPECT_EQ(after_history, logical_index(**other));
  EXPECT_EQ(sizes.at(0).num_chunks, (*other)->documents().collections_blocking()->at(0).num_chunks);
  EXPECT_EQ(sizes.at(0).text_bytes, (*other)->documents().collections_blocking()->at(0).text_bytes);
}

TEST_F(SearchTest, SearchesBesideWritesSeeWholeDocuments) {
  std::atomic<bool> is_done = false;
  std::thread writer([&] {
    for (int i = 0; i < 60; ++i)
      ingest("a.txt",
             "whale " + std::string(static_cast<std::size_t>(i), 'x') + " number " + std::to_string(i));
    is_done = true;
  });
  while (!is_done) {
    for (const auto& hit : search("whale number")) EXPECT_EQ(hit.text.substr(0, 5), "whale");
  }
  writer.join();
  EXPECT_THAT(search("whale"), SizeIs(1));
}

}  // namespace
}  // namespace lyceum::memory
