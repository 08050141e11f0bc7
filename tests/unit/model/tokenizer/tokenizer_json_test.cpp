#include "model/tokenizer/tokenizer_json.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace lyceum::model {
namespace {

/// Characters of bytes, in the order of the bytes' values from '!' to '~' and a few more.
Json small_tokenizer() {
  Json vocab = Json::object();
  for (int byte = 0; byte < 256; ++byte) {
    // Printable bytes stand for themselves; the others for the characters from U+0100 on, in their order.
    static int next = 0;
    const bool is_plain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
    if (byte == 0) next = 0;
    const int code = is_plain ? byte : 256 + next++;
    std::string text;
    if (code < 128) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 63));
    }
    vocab[text] = byte;
  }
  vocab["ab"] = 256;
  return {{"added_tokens",
           {{{"id", 257}, {"content", "<|end|>"}, {"special", true}},
            {{"id", 258}, {"content", "<think>"}, {"special", false}}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b"}}}}};
}

Result<Tokenizer> made(const std::function<void(Json&)>& change = [](Json&) {}) {
  Json json = small_tokenizer();
  change(json);
  return tokenizer_from_json(json.dump(), "tokenizer.json");
}

std::string error_of(const std::function<void(Json&)>& change) {
  const auto tokenizer = made(change);
  return tokenizer ? "no error" : tokenizer.error().message;
}

TEST(TokenizerJson, ReadsByteLevelPairs) {
  const auto tokenizer = made();

  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(*tokenizer->encode("abc"), (std::vector<TokenId>{256, 'c'}));
  EXPECT_EQ(*tokenizer->encode("<|end|>x", {.parse_special = true}), (std::vector<TokenId>{257, 'x'}));
  EXPECT_EQ(tokenizer->end_token(), 257);
  EXPECT_TRUE(tokenizer->is_special(258));
  EXPECT_EQ(tokenizer->pre_tokenizer(), "gpt-2");
}

TEST(TokenizerJson, TakesMergesAsPairsToo) {
  const auto tokenizer = made([](Json& json) { json["model"]["merges"] = {{"a", "b"}, {"ab", "ab"}}; });
  EXPECT_FALSE(tokenizer);
  const auto good = made([](Json& json) {
    json["model"]["merges"] = Json::array({Json::array({"a", "b"})});
  });
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(*good->encode("ab"), (std::vector<TokenId>{256}));
}

TEST(TokenizerJson, FillsUnusedIdsUp) {
  Json json = small_tokenizer();
  GgufHeader header;
  ASSERT_TRUE(set_tokenizer_metadata(Json::parse(json.dump()), "x", header, 300));
  const std::string bytes = header.metadata_bytes();
  const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "x");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->get_strings("tokenizer.ggml.tokens")->size(), 300U);
}

TEST(TokenizerJson, NamesTheFieldAndWhatWasExpected) {
  EXPECT_EQ(error_of([](Json& json) { json = Json::array(); }), "tokenizer.json: model: expected an object");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["type"] = "WordPiece"; }),
            "tokenizer.json: model.type: expected BPE or Unigram, found \"WordPiece\"");
  EXPECT_EQ(error_of([](Json& json) { json["model"].erase("vocab"); }),
            "tokenizer.json: model.vocab: expected an object of ids by texts");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["vocab"]["zz"] = 4'000'000'000; }),
            "tokenizer.json: model.vocab: \"zz\": expected an id below 8388608");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["vocab"]["zz"] = 7'000'000; }),
            "tokenizer.json: model.vocab: expected at most 65536 ids without a token");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["vocab"]["zz"] = 256; }),
            "tokenizer.json: model.vocab: \"zz\": expected one text that is not empty for id 256");
  EXPECT_EQ(error_of([](Json& json) { json["added_tokens"][0]["id"] = 256; }),
            "tokenizer.json: added_tokens: \"<|end|>\": expected an id without another token");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["merges"].push_back(7); }),
            "tokenizer.json: model.merges: entry 1: expected a text or two texts");
  EXPECT_EQ(error_of([](Json& json) {
              json["normalizer"] = {{"type", "Lowercase"}};
            }),
            "tokenizer.json: normalizer: expected none or NFC, found \"Lowercase\"");
}

/// <unk> 0, "▁a" 1, "a" 2, "▁" 3, "▁▁" 4, "b▁a" 5, </s> 6.
Json unigram_tokenizer() {
  const std::string mark = "\u2581";
  Json vocab = Json::array();
  for (const auto& [text, score] : std::vector<std::pair<std::string, double>>{{"<unk>", 0.0},
                                                                               {mark + "a", -1.5},
                                                                               {"a", -2.5},
                                                                               {mark, -3.5},
                                                                               {mark + mark, -0.5},
                                                                               {"b" + mark + "a", -0.5},
                                                                               {"</s>", 0.0}})
    vocab.push_back(Json::array({text, score}));
  return {{"added_tokens", {{{"id", 6}, {"content", "</s>"}, {"special", true}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "Metaspace"}, {"replacement", mark}, {"prepend_scheme", "always"}}},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single", {{{"Sequence", {{"id", "A"}}}}, {{"SpecialToken", {{"id", "</s>"}}}}}}}},
          {"model", {{"type", "Unigram"}, {"unk_id", 0}, {"vocab", vocab}}}};
}

Tokenizer made_unigram(const Json& json) {
  auto tokenizer = tokenizer_from_json(json.dump(), "tokenizer.json");
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return *std::move(tokenizer);
}

TEST(TokenizerJson, ReadsUnigrams) {
  Json json = unigram_tokenizer();
  const Tokenizer tokenizer = made_unigram(json);
  EXPECT_EQ(tokenizer.model(), "t5");
  EXPECT_EQ(*tokenizer.encode("a a", {.add_special = true}), (std::vector<TokenId>{1, 1, 6}));
  // A blank at the front is not doubled; a word ends before the next mark.
  EXPECT_EQ(*tokenizer.encode(" a"), (std::vector<TokenId>{1}));
  EXPECT_EQ(*tokenizer.encode("a   a"), (std::vector<TokenId>{1, 3, 3, 1}));
  EXPECT_EQ(*tokenizer.encode("ab a"), (std::vector<TokenId>{1, 0, 1}));
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{5, 4}), "b a  ");

  json["pre_tokenizer"]["split"] = false;
  EXPECT_EQ(*made_unigram(json).encode("a   a"), (std::vector<TokenId>{1, 4, 1}));
  EXPECT_EQ(*made_unigram(json).encode("ab a"), (std::vector<TokenId>{1, 5}));

  json["pre_tokenizer"]["prepend_scheme"] = "never";
  EXPECT_EQ(*made_unigram(json).encode("a"), (std::vector<TokenId>{2}));
}

TEST(TokenizerJson, AppliesTheStepsBeforeUnigrams) {
  Json json = unigram_tokenizer();
  json["normalizer"] = {{"type", "Sequence"},
                        {"normalizers",
                         {{{"type", "NFKC"}},
                          {{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}},
                          {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", "\u2581"}}}}};
  // U+FF41 is a wide a, U+3000 a wide blank.
  EXPECT_EQ(*made_unigram(json).encode("  \uFF41 \u3000a "), (std::vector<TokenId>{1, 1}));

  // This map replaces nothing.
  const std::string map = "CAAAAAAAAAAAAAAA";
  json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", map}};
  json["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers", {{{"type", "WhitespaceSplit"}}, {{"type", "Metaspace"}, {"replacement", "\u2581"}}}}};
  EXPECT_EQ(*made_unigram(json).encode("  a   a "), (std::vector<TokenId>{1, 1}));
}

TEST(TokenizerJson, NamesTheStepBeforeUnigramsThatIsNotKnown) {
  const auto error_of = [](const std::function<void(Json&)>& change) {
    Json json = unigram_tokenizer();
    change(json);
    const auto tokenizer = tokenizer_from_json(json.dump(), "x");
    return tokenizer ? "no error" : tokenizer.error().message;
  };
  const std::string steps =
      "x: normalizer: expected Precompiled, NFC, NFD, NFKC, NFKD, Strip at the right or Replace of \" "
      "{2,}\", ";
  EXPECT_EQ(error_of([](Json& json) {
              json["normalizer"] = {{"type", "Lowercase"}};
            }),
            steps + "found \"Lowercase\"");
  EXPECT_EQ(error_of([](Json& json) {
              json["normalizer"] = {{"type", "Strip"}, {"strip_right", true}};
            }),
            "x: normalizer: expected both or none of Strip and Replace of \" {2,}\", found \"Strip\"");
  EXPECT_EQ(error_of([](Json& json) {
              json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "!"}};
            }),
            "x: normalizer: precompiled_charsmap: expected base64");
  EXPECT_EQ(error_of([](Json& json) {
              json["pre_tokenizer"] = {{"type", "ByteLevel"}};
            }),
            "x: pre_tokenizer: expected Metaspace or WhitespaceSplit, found \"ByteLevel\"");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["vocab"][2] = Json::array({"a"}); }),
            "x: model.vocab: entry 2: expected a text and a score");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["vocab"][3][0] = "a"; }),
            "x: model.vocab: entry 3: expected a text that no other entry has");
  EXPECT_EQ(error_of([](Json& json) { json["model"]["unk_id"] = 7; }),
            "x: model.unk_id: expected an id of the vocabulary");
}

TEST(TokenizerJson, NamesAPatternThatIsNotKnown) {
  const std::string error = error_of([](Json& json) {
    json["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "\\w+"}}}};
  });
  EXPECT_EQ(
      error,
      "tokenizer.json: pre_tokenizer: expected the patterns of one of gpt-2, llama-bpe, qwen2, deepseek-v3, "
      "deepseek-llm, found \"\\w+\"");
}

TEST(TokenizerJson, RefusesTextsThatAreCutOrDeep) {
  const std::string whole = small_tokenizer().dump();
  for (std::size_t size = 0; size < whole.size(); size += 97)
    EXPECT_FALSE(tokenizer_from_json(whole.substr(0, size), "x")) << size;
  const auto deep = tokenizer_from_json(std::string(100'000, '['), "x");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message.substr(0, 3), "x: ");
}

}  // namespace
}  // namespace lyceum::model
