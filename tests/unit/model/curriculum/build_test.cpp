#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "model/curriculum.hpp"
#include "model/training/data_file.hpp"
#include "model/training/token_vectors.hpp"
#include "model/word_vectors.hpp"
#include "tests/unit/model/verbs/small_tokenizer.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kReadme =
    "# set\n\n## Licence\nMIT.\n\n| file | rows | bytes | kind | fields |\n|---|---|---|---|---|\n"
    "| train.jsonl | 2 | 1 | train | x |\n| test.jsonl | 1 | 1 | test | x |\n";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

Json row(const std::string& question, const std::string& context, const std::string& answer) {
  return {{"question", question}, {"context", context}, {"answer", answer}, {"title", "Sights"}};
}

/// What is not told but shown.
std::vector<TokenId> words_of(const TrainingDocument& document) {
  std::vector<TokenId> words;
  for (std::size_t at = 0; at < document.tokens.size(); ++at) {
    if (document.weights[at] != kAside) words.push_back(document.tokens[at]);
  }
  return words;
}

/// The words of the second reading that are told to be the answer.
std::string answering_words(const Tokenizer& tokenizer, const TrainingDocument& document) {
  std::vector<TokenId> answer;
  std::vector<TokenId> word;
  for (std::size_t at = 0; at < document.tokens.size(); ++at) {
    if (document.weights[at] != kAside) {
      if (!tokenizer.is_special(document.tokens[at])) word.push_back(document.tokens[at]);
      continue;
    }
    const bool is_answer = document.tokens[at] == *tokenizer.find("<|yes|>");
    if (is_answer) answer.insert(answer.end(), word.begin(), word.end());
    word.clear();
  }
  return tokenizer.decode(answer);
}

/// A folder with one set of questions and one of free text, and a tokenizer.
class BuildTest : public ::testing::Test {
 protected:
  BuildTest() {
    std::string train;
    for (int i = 0; i < 30; ++i) {
      const std::string n = std::to_string(1850 + i);
      train += row("When was tower " + std::to_string(i) + " opened?",
                   "Many people visit tower " + std::to_string(i) + " today. Tower " + std::to_string(i) +
                       " was opened in " + n + ". It stands by the river and is not high.",
                   n)
                   .dump() +
               "\n";
    }
    train +=
        row("Who built the old stone bridge?", "The old stone bridge was built by Ann. It is near.", "Ann")
            .dump() +
        "\n";
    folder_.write("data/qa-towers/train.jsonl", train);
    folder_.write(
        "data/qa-towers/test.jsonl",
        row("Who built the old stone bridge?", "Nothing of that is known to us here.", "Ann").dump() + "\n");
    folder_.write("data/qa-towers/README.md", kReadme);
    folder_.write("data/lm-notes/part.jsonl",
                  Json{{"title", "Notes"},
                       {"text", "The bridge is old.\nNothing of that is known to us here.\nRivers flow."}}
                          .dump() +
                      "\n");
  }

  Result<Json> build(const std::string& output, const Json& config) const {
    std::filesystem::create_directories(folder_.path() + "/" + output);
    return build_training_data_blocking(config, folder_.path() + "/data", tokenizer_,
                                        folder_.path() + "/" + output);
  }

  static Json config() {
    return {{"seed", 7},
            {"validation_share", 0.2},
            {"context_share", 0},
            {"parts",
             {{{"make", "language"}, {"files", "lm-notes"}},
              {{"make", "reading"}, {"files", "qa-towers/train"}}}}};
  }

  TestFolder folder_{};
  std::string tokenizer_ = write_small_tokenizer(folder_);
};

TEST_F(BuildTest, CountsWhatItMadeAndNamesSourcesWithTheirLicences) {
  const auto summary = build("out", config());

  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  const Json& source = (*summary)["sources"]["qa-towers/train"];
  EXPECT_EQ(source["licence"], "MIT.");
  EXPECT_EQ(source["rows"], 31);
  const auto file = TrainingDataFile::open_blocking(folder_.path() + "/out/train.lytd");
  ASSERT_TRUE(file.has_value());
  std::uint64_t documents = 0;
  for (const auto& [kind, counts] : (*summary)["train"].items())
    documents += counts["documents"].get<std::uint64_t>();
  EXPECT_EQ(file->num_documents(), documents);
  for (const char* kind :
       {"language.lm-notes", "evidence.people", "span.people", "relevant.people", "enough.people"})
    EXPECT_TRUE((*summary)["train"].contains(kind)) << kind;
  EXPECT_GT((*summary)["pairs"]["questions"], 20);
}

TEST_F(BuildTest, DropsWhatEvaluationAsksAndReads) {
  const auto summary = build("out", config());

  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ((*summary)["sources"]["qa-towers/train"]["dropped"], 1);
  EXPECT_EQ((*summary)["sources"]["lm-notes"]["dropped"], 1);
  const auto tokenizer = open_tokenizer_blocking(tokenizer_);
  for (const char* name : {"/out/train.lytd", "/out/validation.lytd"}) {
    const auto file = TrainingDataFile::open_blocking(folder_.path() + name);
    ASSERT_TRUE(file.has_value());
    for (std::size_t i = 0; i < file->num_documents(); ++i) {
      const auto document = file->document(i);
      const std::string text =
          tokenizer->decode(std::vector<TokenId>(document.tokens.begin(), document.tokens.end()));
      EXPECT_EQ(text.find("stone bridge"), std::string::npos);
      EXPECT_EQ(text.find("known to us"), std::string::npos);
    }
  }
}

TEST_F(BuildTest, TheSameInputGivesTheSameBytesAndAnotherSeedOthers) {
  Json other = config();
  other["seed"] = 8;
  ASSERT_TRUE(build("a", config()).has_value());
  ASSERT_TRUE(build("b", config()).has_value());
  ASSERT_TRUE(build("c", other).has_value());

  for (const char* name : {"/train.lytd", "/validation.lytd", "/train.lytp"})
    EXPECT_EQ(read(folder_.path() + "/a" + name), read(folder_.path() + "/b" + name)) << name;
  EXPECT_NE(read(folder_.path() + "/a/train.lytd"), read(folder_.path() + "/c/train.lytd"));
}

TEST_F(BuildTest, OnlyTheAnswersOfTasksAreLearned) {
  const auto summary = build("out", config());
  ASSERT_TRUE(summary.has_value());
  const auto kinds = (*summary)["kinds"].get<std::vector<std::string>>();
  const auto tokenizer = open_tokenizer_blocking(tokenizer_);
  const TokenId yes = *tokenizer->find("<|yes|>");
  const TokenId no = *tokenizer->find("<|no|>");
  const auto file = TrainingDataFile::open_blocking(folder_.path() + "/out/train.lytd");
  std::size_t num_judged = 0;

  for (std::size_t i = 0; i < file->num_documents(); ++i) {
    const auto document = file->document(i);
    if (kinds[document.kind] != "evidence.people") continue;
    for (std::size_t at = 0; at < document.tokens.size(); ++at) {
      const bool is_label = document.tokens[at] == yes || document.tokens[at] == no;
      EXPECT_EQ(document.weights[at], is_label ? kAside : 0);
      num_judged += is_label ? 1 : 0;
    }
  }
  EXPECT_GT(num_judged, 0U);
}

TEST_F(BuildTest, TheSpanThatIsLearnedIsTheAnswer) {
  const auto summary = build("out", config());
  ASSERT_TRUE(summary.has_value());
  const auto kinds = (*summary)["kinds"].get<std::vector<std::string>>();
  const auto tokenizer = open_tokenizer_blocking(tokenizer_);
  const auto file = TrainingDataFile::open_blocking(folder_.path() + "/out/train.lytd");
  std::size_t num_spans = 0;

  for (std::size_t i = 0; i < file->num_documents(); ++i) {
    const auto document = file->document(i);
    if (kinds[document.kind] != "span.people") continue;
    const std::string answer = answering_words(*tokenizer, document);
    if (answer.empty()) continue;
    EXPECT_THAT(answer, ::testing::MatchesRegex(" ?18[5-7][0-9]\\.?"));
    ++num_spans;
  }
  EXPECT_GT(num_spans, 5U);
}

TEST_F(BuildTest, AQuestionMadeOfASentenceAsksForAPartOfItThatItDoesNotHold) {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text +=
        "The harbour master wrote many letters home. Every winter the tower was repaired by Anna Lind with " +
        std::to_string(1000 + i) +
        " stones from the quarry. Nobody else ever came to see the old lighthouse in those long years. It "
        "was a quiet place, and the sea was seldom calm enough for the boats of the village.\n";
  }
  folder_.write("data/lm-long/part.jsonl", Json{{"title", "Long"}, {"text", text}}.dump() + "\n");
  const Json config{
      {"context_share", 0},
      {"validation_share", 0},
      {"parts", {{{"make", "asked_sentences"}, {"files", "lm-long"}, {"examples_max", 5}, {"passes", 100}}}}};

  const auto summary = build("out", config);

  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  const auto kinds = (*summary)["kinds"].get<std::vector<std::string>>();
  const auto tokenizer = open_tokenizer_blocking(tokenizer_);
  const auto file = TrainingDataFile::open_blocking(folder_.path() + "/out/train.lytd");
  std::size_t num_asked = 0;
  for (std::size_t i = 0; i < file->num_documents(); ++i) {
    const auto document = file->document(i);
    if (kinds[document.kind] != "span.asked") continue;
    const std::string shown = tokenizer->decode(words_of(document));
    const std::string asked = shown.substr(0, shown.find('?'));
    std::string wanted = answering_words(*tokenizer, document);
    if (wanted.empty()) continue;
    if (wanted[0] == ' ') wanted.erase(0, 1);
    if (wanted.ends_with('.')) wanted.pop_back();
    EXPECT_EQ(asked.find(wanted), std::string::npos) << asked << " / " << wanted;
    EXPECT_NE(shown.find(wanted), std::string::npos) << shown << " / " << wanted;
    ++num_asked;
  }
  EXPECT_GT(num_asked, 10U);
}

TEST_F(BuildTest, RepetitionsRepeatTheirFirstHalf) {
  const Json config{{"context_share", 0},
                    {"validation_share", 0},
                    {"parts", {{{"make", "repetitions"}, {"examples_max", 9}}}}};

  const auto summary = build("out", config);

  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  const auto file = TrainingDataFile::open_blocking(folder_.path() + "/out/train.lytd");
  ASSERT_TRUE(file.has_value()) << file.error().message;
  ASSERT_EQ(file->num_documents(), 9U);
  for (std::size_t i = 0; i < 9; ++i) {
    const auto document = file->document(i);
    const std::size_t half = document.tokens.size() / 2;
    EXPECT_TRUE(std::ranges::equal(document.tokens.first(half), document.tokens.subspan(half)));
    EXPECT_EQ(std::count(document.weights.begin(), document.weights.end(), 1), half);
  }
}

TEST_F(BuildTest, VectorsOfTokensAndWordsAreLearnedFromItsFreeText) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "The bridge over the river is old and the tower beside it is high.\n";
  folder_.write("data/lm-notes/part.jsonl", Json{{"title", "Notes"}, {"text", text}}.dump() + "\n");
  ASSERT_TRUE(build("out", config()));
  std::ofstream(folder_.path() + "/out/summary.json") << build("out", config())->dump();
  const std::string output = folder_.path() + "/vectors.gguf";

  const auto counts = train_vectors_blocking(folder_.path() + "/out", tokenizer_, output);
  ASSERT_TRUE(counts) << counts.error().message;
  const auto words = WordVectors::of_file_blocking(output);
  ASSERT_TRUE(words);
  EXPECT_TRUE(words->find("bridge"));
  EXPECT_FALSE(words->find("the")) << "a stop word";
  const auto tokens = TokenVectors::of_file_blocking(output);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->values.size() / tokens->num_dimensions, counts->at("token_vectors"));
}

TEST_F(BuildTest, ATestFileIsRefused) {
  Json bad = config();
  bad["parts"][1]["files"] = "qa-towers/test";

  const auto summary = build("out", bad);

  ASSERT_FALSE(summary.has_value());
  EXPECT_EQ(summary.error().code, Errc::invalid_argument);
  EXPECT_NE(summary.error().message.find("test.jsonl"), std::string::npos);
}

TEST_F(BuildTest, AnUnknownMakerIsRefusedWithTheNamesOfTheOthers) {
  Json bad = config();
  bad["parts"][0]["make"] = "magic";

  const auto summary = build("out", bad);

  ASSERT_FALSE(summary.has_value());
  EXPECT_NE(summary.error().message.find("tool_queries"), std::string::npos);
}

TEST_F(BuildTest, ATokenizerIsTrainedOnSharesOfTheSets) {
  const Json config{{"vocabulary_size", 512},
                    {"sources", {{{"files", "qa-towers/train"}, {"bytes_max", 100000}}}}};
  const auto training = parse_tokenizer_training(config, folder_.path() + "/data");
  ASSERT_TRUE(training.has_value());

  const auto tokenizer = train_tokenizer_blocking(*training);

  // The text is too small for so many tokens, which is said with the number that it gives.
  ASSERT_FALSE(tokenizer.has_value());
  EXPECT_NE(tokenizer.error().message.find("vocabulary_size"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::model
