#include "tests/unit/tools/store_fixture.hpp"

namespace lyceum::tools {
namespace {

using testing::HasSubstr;

class MemoryToolsTest : public BuiltinToolsTest {
 protected:
  void SetUp() override {
    open_id = ingest(
        "Rivers",
        "# Rivers\n\nThe Danube rises in the Black Forest.\n\n## Length\n\nIt flows for 2850 kilometres.\n",
        "open");
    closed_id = ingest("Diary", "The Danube was cold today.", "closed");
  }

  static ToolCall of_run(std::vector<std::string> collections) {
    return {.run_id = "r", .step_id = "s", .key = "k", .collections = std::move(collections)};
  }

  std::string open_id;
  std::string closed_id;
};

TEST_F(MemoryToolsTest, SearchFindsPassagesOfTheRunsCollectionsOnly) {
  const auto outcome = call("search_memory", Json{{"query", "Danube"}}, of_run({"open"}));

  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_FALSE(outcome->result["hits"].empty());
  for (const Json& hit : outcome->result["hits"]) {
    EXPECT_EQ(hit["collection"], "open");
    const auto text = store->documents().text_blocking(hit["document"], hit["begin"], hit["end"]);
    EXPECT_EQ(*text, hit["text"].get<std::string>());
  }
}

TEST_F(MemoryToolsTest, SearchRefusesACollectionThatIsNotTheRuns) {
  const auto outcome = call(
      "search_memory", Json{{"query", "Danube"}, {"collections", Json::array({"closed"})}}, of_run({"open"}));

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::forbidden);
  EXPECT_THAT(outcome.error().message, HasSubstr("closed"));
}

TEST_F(MemoryToolsTest, SearchNarrowsToTheCollectionsAskedFor) {
  const auto outcome =
      call("search_memory", Json{{"query", "Danube"}, {"collections", Json::array({"closed"})}},
           of_run({"open", "closed"}));

  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->result["hits"].size(), 1U);
  EXPECT_EQ(outcome->result["hits"][0]["document"], closed_id);
}

TEST_F(MemoryToolsTest, SearchRefusesBadArguments) {
  for (const char* args : {R"({})", R"({"query":""})", R"({"query":7})", R"({"query":"x","limit":0})",
                           R"({"query":"x","limit":51})", R"({"query":"x","colections":[]})",
                           R"({"query":"x","collections":[1]})", R"([])", R"(null)"}) {
    const auto outcome = call("search_memory", Json::parse(args), of_run({"open"}));
    ASSERT_FALSE(outcome) << args;
    EXPECT_EQ(outcome.error().code, Errc::invalid_argument) << args;
  }
  EXPECT_FALSE(call("search_memory", Json{{"query", std::string(5000, 'x')}}, of_run({"open"})));
}

TEST_F(MemoryToolsTest, ReadingGivesTheSliceWithItsSection) {
  const std::string whole = *store->documents().text_blocking(open_id, 0, 1000);
  const std::size_t begin = whole.find("It flows");

  const auto outcome = call(
      "read_document", Json{{"document", open_id}, {"begin", begin}, {"end", begin + 8}}, of_run({"open"}));

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["text"], "It flows");
  EXPECT_EQ(outcome->result["section"], "Length");
  EXPECT_EQ(outcome->result["title"], "Rivers");
  EXPECT_EQ(outcome->result["begin"], begin);
  EXPECT_EQ(outcome->result["end"], begin + 8);
  EXPECT_EQ(outcome->result["size"], whole.size());
}

TEST_F(MemoryToolsTest, ASliceIsCutAtCharactersAndSaysWhere) {
  const std::string id = ingest("Accents", "aéb", "open");

  const auto outcome =
      call("read_document", Json{{"document", id}, {"begin", 2}, {"end", 4}}, of_run({"open"}));

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["text"], "b");
  EXPECT_EQ(outcome->result["begin"], 3);
  EXPECT_EQ(outcome->result["end"], 4);
}

TEST_F(MemoryToolsTest, ReadingPastTheEndGivesNothing) {
  const auto outcome =
      call("read_document", Json{{"document", open_id}, {"begin", 100'000}}, of_run({"open"}));

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["text"], "");
}

TEST_F(MemoryToolsTest, ReadingStaysInsideTheRunsCollections) {
  const auto outcome = call("read_document", Json{{"document", closed_id}}, of_run({"open"}));

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::not_found);
  EXPECT_THAT(outcome.error().message, testing::Not(HasSubstr("Diary")));
}

TEST_F(MemoryToolsTest, ReadingRefusesBadSlices) {
  EXPECT_FALSE(
      call("read_document", Json{{"document", open_id}, {"begin", 5}, {"end", 4}}, of_run({"open"})));
  EXPECT_FALSE(
      call("read_document", Json{{"document", open_id}, {"begin", 0}, {"end", 70'000}}, of_run({"open"})));
  EXPECT_FALSE(call("read_document", Json{{"document", open_id}, {"begin", -1}}, of_run({"open"})));
  EXPECT_FALSE(call("read_document", Json{{"document", "../etc"}}, of_run({"open"})));
}

TEST_F(MemoryToolsTest, CalculatesThroughTheRegistry) {
  const auto outcome = call("calculator", Json{{"expression", "15% of 80"}}, {});

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result.dump(), R"({"is_exact":false,"text":"12","value":12.0})");
  EXPECT_FALSE(call("calculator", Json{{"expression", std::string(2000, '(')}}, {}));
  EXPECT_FALSE(call("calculator", Json{{"expression", "1/0"}}, {}));
}

TEST_F(MemoryToolsTest, FilesAreReadAndAppendedToByTheirHash) {
  ToolCall run = of_run({});
  run.files.emplace_back("notes.md", *store->blobs().put_blocking("one\n"));

  const auto read = call("read_file", Json{{"path", "./notes.md"}}, run);
  const auto appended = call("append_file", Json{{"path", "notes.md"}, {"content", "two\n"}}, run);
  const auto made = call("append_file", Json{{"path", "other.md"}, {"content", "new"}}, run);

  ASSERT_TRUE(read && appended && made);
  EXPECT_EQ(read->result["content"], "one\n");
  EXPECT_EQ(appended->files.at(0).content, "one\ntwo\n");
  EXPECT_EQ(made->files.at(0).content, "new");
  EXPECT_EQ(call("read_file", Json{{"path", "missing"}}, run).error().code, Errc::not_found);
  EXPECT_EQ(call("append_file", Json{{"path", "../up"}, {"content", "x"}}, run).error().code,
            Errc::invalid_argument);
}

TEST_F(MemoryToolsTest, AFileCannotGrowForEverByAppending) {
  ToolCall run = of_run({});
  run.files.emplace_back("big", *store->blobs().put_blocking(std::string(1U << 20U, 'x')));

  EXPECT_EQ(call("append_file", Json{{"path", "big"}, {"content", "y"}}, run).error().code, Errc::too_large);
}

}  // namespace
}  // namespace lyceum::tools
