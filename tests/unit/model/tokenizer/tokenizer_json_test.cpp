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
            "tokenizer.json: model.type: expected BPE, found \"WordPiece\"");
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
