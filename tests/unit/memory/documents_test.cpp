#include "memory/documents.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "memory/rocksdb/rebuild.hpp"
#include "tests/unit/memory/ingest/pdf_support.hpp"
#include "tests/unit/memory/library_support.hpp"

namespace lyceum::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DocumentsTest : public LibraryTest {
 protected:
  Documents& documents() { return library->documents(); }

  std::vector<std::string> sources(const std::string& collection = "") {
    std::vector<std::string> sources;
    const auto listed = *documents().list_blocking(collection, "", 1000);
    for (const Document& document : listed) sources.push_back(document.source);
    std::sort(sources.begin(), sources.end());
    return sources;
  }

  /// Every chunk that search can find must stand in the text where it says.
  void expect_hits_stand_in_text(const std::string& query) {
    const auto hits = search(query);
    EXPECT_FALSE(hits.empty()) << query;
    for (const SearchHit& hit : hits) {
      const auto text = documents().text_blocking(hit.document, 0, ~0ULL);
      ASSERT_TRUE(text);
      EXPECT_EQ(text->substr(hit.begin, hit.end - hit.begin), hit.text);
      EXPECT_EQ(*documents().text_blocking(hit.document, hit.begin, hit.end), hit.text);
    }
  }
};

TEST_F(DocumentsTest, ADocumentKeepsItsFacts) {
  const auto report = ingest("notes/a.md", "# Whales\n\nThey sing.\n");

  ASSERT_THAT(report.documents, SizeIs(1));
  EXPECT_EQ(report.num_added, 1U);
  const auto document = documents().get_blocking(report.documents[0].id);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->source, "notes/a.md");
  EXPECT_EQ(document->title, "Whales");
  EXPECT_EQ(document->media_type, "text/markdown");
  EXPECT_EQ(document->original_hash, sha256_hex("# Whales\n\nThey sing.\n"));
  EXPECT_EQ(document->text_hash, document->original_hash);
  EXPECT_EQ(document->original_bytes, 21U);
  EXPECT_EQ(document->num_chunks, 1U);
  EXPECT_EQ(document->added_ms, clock.now_ms());
  ASSERT_THAT(document->sections, SizeIs(1));
  EXPECT_EQ(document->sections[0].title, "Whales");
  EXPECT_EQ(document->id.size(), 26U);
}

TEST_F(DocumentsTest, OffsetsAreExactForEveryFormat) {
  std::string long_text;
  for (int i = 0; i < 2'000; ++i) long_text += "Das Äpfelchen número " + std::to_string(i) + " fällt. ";
  ingest("long.txt", long_text + "\n\nThe zebra ends it.");
  ingest("a.md", "# Zebra “one”\n\nA zebra – striped.\n\n## More\n\nZebra two.\n");
  ingest("a.html", "<h1>Zébra</h1><p>A zebra &mdash; caf&eacute;.<p>Another zebra.");
  ingest("a.jsonl", "{\"title\":\"t\",\"text\":\"Ünder a zebra.\\nLine two.\"}\n");
  ingest("latin.txt", "A zebra caf\xE9.");
  ingest("a.pdf", make_pdf({"A zebra on a page.", "No other animal."}));

  expect_hits_stand_in_text("zebra");
  expect_hits_stand_in_text("Äpfelchen 1999");
  EXPECT_EQ(search("zebra", {}, 50).size(), 7U);
}

TEST_F(DocumentsTest, TextAndOriginalComeBackAsTheyWere) {
  const std::string page = "<p>caf&eacute;</p>";
  const auto html = ingest("a.html", page).documents.at(0).id;
  const auto latin = ingest("l.txt", "caf\xE9").documents.at(0).id;
  std::string large;
  for (int i = 0; i < 30'000; ++i) large += "word" + std::to_string(i) + "\n";
  const auto large_id = ingest("large.txt", large).documents.at(0).id;

  EXPECT_EQ(*documents().original_blocking(html), page);
  EXPECT_EQ(*documents().text_blocking(html, 0, 100), "café\n");
  EXPECT_EQ(*documents().original_blocking(latin), "caf\xE9");
  EXPECT_EQ(*documents().text_blocking(latin, 0, 100), "café");
  EXPECT_EQ(*documents().original_blocking(large_id), large);
  EXPECT_EQ(*documents().text_blocking(large_id, 100'000, 200'000), large.substr(100'000, 100'000));
}

TEST_F(DocumentsTest, TextRangesShrinkToWholeCharacters) {
  const auto id = ingest("a.txt", "aé€😀z").documents.at(0).id;  // 1 + 2 + 3 + 4 + 1 bytes.

  EXPECT_EQ(*documents().text_blocking(id, 0, 2), "a");
  EXPECT_EQ(*documents().text_blocking(id, 2, 6), "€");
  EXPECT_EQ(*documents().text_blocking(id, 7, 9), "");
  EXPECT_EQ(*documents().text_blocking(id, 6, 99), "😀z");
  EXPECT_EQ(*documents().text_blocking(id, 99, 100), "");
  EXPECT_EQ(*documents().text_blocking(id, 5, 2), "");
  for (std::uint64_t begin = 0; begin <= 11; ++begin) {
    for (std::uint64_t end = begin; end <= 12; ++end)
      EXPECT_TRUE(is_utf8(*documents().text_blocking(id, begin, end)));
  }
}

TEST_F(DocumentsTest, TheSameBytesAgainAreUnchanged) {
  ingest("a.txt", "whales sing");
  const auto before = stored_entries();
  clock.advance(std::chrono::hours(1));

  const auto report = ingest("a.txt", "whales sing");

  EXPECT_EQ(report.num_unchanged, 1U);
  EXPECT_EQ(stored_entries(), before);
}

TEST_F(DocumentsTest, TheSameBytesUnderAnotherSourceAreADuplicateWithinTheCollectionOnly) {
  ingest("a.txt", "whales sing");

  const auto report = ingest("b.txt", "whales sing");
  const auto elsewhere = ingest("b.txt", "whales sing", "other");

  EXPECT_THAT(report.documents, IsEmpty());
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("a.txt"));
  EXPECT_EQ(elsewhere.num_added, 1U);
  EXPECT_THAT(search("whales"), SizeIs(2));
}

TEST_F(DocumentsTest, ANewVersionReplacesAndKeepsTheId) {
  const auto id = ingest("a.txt", "whales sing").documents.at(0).id;

  const auto report = ingest("a.txt", "dolphins click and whistle");

  EXPECT_EQ(report.num_replaced, 1U);
  EXPECT_EQ(report.documents.at(0).id, id);
  EXPECT_THAT(search("whales"), IsEmpty());
  EXPECT_THAT(search("dolphins"), SizeIs(1));
  EXPECT_EQ(documents().collections_blocking()->at(0).num_documents, 1U);
  EXPECT_EQ(*documents().original_blocking(id), "dolphins click and whistle");
}

TEST_F(DocumentsTest, ANewVersionThatEqualsAnotherDocumentLeavesOnlyThatOne) {
  ingest("a.txt", "whales sing");
  ingest("b.txt", "dolphins click");

  const auto report = ingest("b.txt", "whales sing");

  EXPECT_THAT(report.skipped, SizeIs(1));
  EXPECT_THAT(sources(), ElementsAre("a.txt"));
  EXPECT_THAT(search("dolphins"), IsEmpty());
}

TEST_F(DocumentsTest, RemovalLeavesNoTrace) {
  open([](std::span<const std::string> texts) -> Result<std::vector<std::vector<float>>> {
    return std::vector<std::vector<float>>(texts.size(), {1, 0});
  });
  std::vector<std::string> ids;
  for (const std::string format : {"a.md", "a.html", "a.txt", "a.jsonl"}) {
    const std::string bytes = format == "a.jsonl"
                                  ? "{\"id\":1,\"title\":\"T\",\"text\":\"jumping whales\"}\n"
                                  : "# Whale " + format + "\n\nThey jump. " + std::string(40'000, 'x');
    for (const Document& document : ingest(format, bytes).documents) ids.push_back(document.id);
  }
  ASSERT_THAT(ids, SizeIs(4));
  ASSERT_FALSE(stored_entries().empty());

  for (const auto& id : ids) ASSERT_TRUE(documents().remove_blocking(id));

  EXPECT_THAT(stored_entries(), IsEmpty());
  EXPECT_THAT(*documents().collections_blocking(), IsEmpty());
  EXPECT_THAT(search("whales"), IsEmpty());
  EXPECT_EQ(documents().remove_blocking(ids[0]).error().code, Errc::not_found);
  EXPECT_EQ(documents().get_blocking(ids[0]).error().code, Errc::not_found);
}

TEST_F(DocumentsTest, BinaryIsUnsupportedAndStoresNothing) {
  const auto refused = documents().ingest_blocking({.collection = "corpus",
                                                    .source = "a.bin",
                                                    .bytes = std::string("\x7F"
                                                                         "ELF\0\1",
                                                                         6)});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unsupported);
  EXPECT_THAT(stored_entries(), IsEmpty());
}

TEST_F(DocumentsTest, NamesAreChecked) {
  const auto code = [&](std::string collection, std::string source) {
    return documents()
        .ingest_blocking({.collection = std::move(collection), .source = std::move(source), .bytes = "x"})
        .error()
        .code;
  };
  EXPECT_EQ(code("", "a"), Errc::invalid_argument);
  EXPECT_EQ(code("c", ""), Errc::invalid_argument);
  EXPECT_EQ(code(std::string("c\0d", 3), "a"), Errc::invalid_argument);
  EXPECT_EQ(code("c", "\xFF"), Errc::invalid_argument);
  EXPECT_EQ(code(std::string(200, 'c'), "a"), Errc::invalid_argument);
}

TEST_F(DocumentsTest, EachJsonLineIsADocumentAndBadOnesAreNamed) {
  const auto report = ingest("set.jsonl",
                             "{\"id\":\"x\",\"title\":\"One\",\"text\":\"first text\"}\n"
                             "not json\n"
                             "{\"id\":\"y\",\"title\":\"empty\"}\n"
                             "{\"context\":\"second text\"}\n"
                             "{\"id\":\"x\",\"text\":\"third text\"}\n");

  EXPECT_EQ(report.num_added, 3U);
  EXPECT_THAT(sources(), ElementsAre("set.jsonl#4", "set.jsonl#x", "set.jsonl#x@5"));
  ASSERT_THAT(report.skipped, SizeIs(2));
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("line 2"));
  EXPECT_THAT(report.skipped[1].reason, HasSubstr("line 3: no text"));
}

TEST_F(DocumentsTest, RepeatedParagraphsOfAQuestionSetAreOneDocumentAndOneLineInTheReport) {
  std::string set;
  for (int i = 0; i < 500; ++i) {
    set += "{\"id\":" + std::to_string(i) + ",\"context\":\"paragraph " + std::to_string(i / 100) + "\"}\n";
  }

  const auto report = ingest("squad.jsonl", set);
  const auto again = ingest("squad.jsonl", set);

  EXPECT_EQ(report.num_added, 5U);
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_THAT(report.skipped[0].reason, HasSubstr("495 records"));
  EXPECT_EQ(again.num_unchanged, 5U);
}

TEST_F(DocumentsTest, ANewVersionOfAJsonLinesFileRemovesTheRecordsThatAreGone) {
  ingest("set.jsonl",
         "{\"id\":1,\"text\":\"stays\"}\n{\"id\":2,\"text\":\"changes\"}\n{\"id\":3,\"text\":\"goes\"}\n");

  const auto report = ingest("set.jsonl", "{\"id\":1,\"text\":\"stays\"}\n{\"id\":2,\"text\":\"changed\"}\n");

  EXPECT_EQ(report.num_unchanged, 1U);
  EXPECT_EQ(report.num_replaced, 1U);
  EXPECT_THAT(sources(), ElementsAre("set.jsonl#1", "set.jsonl#2"));
  EXPECT_THAT(search("goes"), IsEmpty());
}

TEST_F(DocumentsTest, TheReportNamesAHundredSkippedAndCountsTheRest) {
  std::string set;
  for (int i = 0; i < 300; ++i) set += "bad\n";

  const auto report = ingest("bad.jsonl", set);

  ASSERT_THAT(report.skipped, SizeIs(101));
  EXPECT_THAT(report.skipped.back().reason, HasSubstr("200 more"));
}

TEST_F(DocumentsTest, ADirectoryGoesInSortedWithoutHiddenFilesLinksAndUnreadableOnes) {
  namespace fs = std::filesystem;
  const std::string root = directory.path("docs");
  fs::create_directories(root + "/sub/.git");
  write_file(root + "/b.txt", "beta text");
  write_file(root + "/a.md", "# Alpha\n");
  write_file(root + "/sub/c.html", "<p>gamma</p>");
  write_file(root + "/sub/.git/config", "hidden");
  write_file(root + "/.hidden.txt", "hidden");
  write_file(root + "/image.png", std::string("\x89PNG\0", 5));
  write_file(root + "/copy.txt", "beta text");
  write_file(directory.path("outside.txt"), "outside");
  fs::create_symlink(directory.path("outside.txt"), root + "/link.txt");
  fs::create_directory_symlink(directory.path(), root + "/up");
  std::vector<std::string> seen;

  const auto report = documents().ingest_path_blocking(
      "corpus", root, [&](std::uint64_t done, std::uint64_t total, const std::string& source) {
        seen.push_back(std::to_string(done) + "/" + std::to_string(total) + " " +
                       fs::path(source).filename().string());
        return true;
      });

  ASSERT_TRUE(report) << report.error().message;
  EXPECT_THAT(
      seen, ElementsAre("0/5 a.md", "1/5 b.txt", "2/5 copy.txt", "3/5 image.png", "4/5 c.html", "5/5 docs"));
  EXPECT_EQ(report->num_added, 3U);
  EXPECT_THAT(sources(), ElementsAre(root + "/a.md", root + "/b.txt", root + "/sub/c.html"));
  ASSERT_THAT(report->skipped, SizeIs(2));
  EXPECT_THAT(report->skipped[0].reason, HasSubstr("b.txt"));
  EXPECT_THAT(report->skipped[1].reason, HasSubstr("binary"));
}

TEST_F(DocumentsTest, ProgressMayStopADirectoryAndWhatIsInStays) {
  const std::string root = directory.path("docs");
  std::filesystem::create_directories(root);
  for (const char* name : {"a", "b", "c"})
    write_file(root + "/" + name + ".txt", std::string("text ") + name);

  const auto stopped = documents().ingest_path_blocking(
      "corpus", root, [](std::uint64_t done, std::uint64_t, const std::string&) { return done < 2; });

  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Errc::cancelled);
  EXPECT_THAT(sources(), ElementsAre(root + "/a.txt", root + "/b.txt"));
  EXPECT_EQ(documents().ingest_path_blocking("corpus", root + "/none", {}).error().code, Errc::not_found);
  write_file(root + "/bad.bin", std::string(4, '\0'));
  EXPECT_EQ(documents().ingest_path_blocking("corpus", root + "/bad.bin", {}).error().code,
            Errc::unsupported);
}

TEST_F(DocumentsTest, ListsGoByIdAndCollection) {
  for (int i = 0; i < 7; ++i)
    ingest("s" + std::to_string(i), "text " + std::to_string(i), i < 4 ? "one" : "two");

  std::vector<std::string> ids;
  std::string after;
  for (auto page = documents().list_blocking("", after, 3); !page->empty();
       page = documents().list_blocking("", after, 3)) {
    for (const Document& document : *page) ids.push_back(document.id);
    after = ids.back();
  }

  EXPECT_THAT(ids, SizeIs(7));
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  EXPECT_THAT(*documents().list_blocking("two", "", 100), SizeIs(3));
  EXPECT_THAT(*documents().list_blocking("on", "", 100), IsEmpty());
  const auto collections = *documents().collections_blocking();
  ASSERT_THAT(collections, SizeIs(2));
  EXPECT_EQ(collections[0].name, "one");
  EXPECT_EQ(collections[0].num_documents, 4U);
  EXPECT_EQ(collections[1].text_bytes, 18U);
}

TEST_F(DocumentsTest, TheSameSourceHasAnotherIdInAnotherCollection) {
  EXPECT_NE(ingest("a", "x", "one").documents.at(0).id, ingest("a", "x", "two").documents.at(0).id);
}

TEST_F(DocumentsTest, AnIndexOfAnEarlierVersionIsBuiltAnewAtTheStart) {
  ingest("a.txt", "whales sing");
  ingest("b.txt", "dolphins click");
  const Change age = [](Transaction& transaction) {
    transaction.put(Family::meta, "index_version", "0");
    transaction.remove_range(Family::postings, "", "\xFF");
    return ok();
  };
  ASSERT_TRUE(database->commit_blocking(age, Durability::synced));

  open();

  EXPECT_THAT(search("whales"), SizeIs(1));
  EXPECT_EQ(documents().collections_blocking()->at(0).num_documents, 2U);
  ASSERT_TRUE(documents().remove_blocking(search("dolphins").at(0).document));
  EXPECT_THAT(search("dolphins"), IsEmpty());
}

}  // namespace
}  // namespace lyceum::memory
