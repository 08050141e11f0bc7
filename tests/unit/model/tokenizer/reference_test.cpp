#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string hex_of(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte / 16];
    out += kDigits[byte % 16];
  }
  return out;
}

/// Small models with the tokens that another program makes of five prompts.
std::vector<fs::path> reference_models() {
  std::vector<fs::path> all;
  if (!fs::is_directory(LYCEUM_SHARED_MODELS)) return all;
  for (const auto& entry : fs::directory_iterator(LYCEUM_SHARED_MODELS)) {
    if (entry.path().extension() == ".gguf") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class TokenizerReference : public testing::Test {
 protected:
  void SetUp() override {
    if (reference_models().empty()) GTEST_SKIP() << "no reference models in " << LYCEUM_SHARED_MODELS;
  }
};

TEST_F(TokenizerReference, EveryPromptHasTheTokensOfTheReference) {
  for (const fs::path& path : reference_models()) {
    SCOPED_TRACE(path.filename().string());
    const auto file = GgufFile::open_blocking(path.string());
    ASSERT_TRUE(file) << file.error().message;
    const auto tokenizer = Tokenizer::from_gguf(*file);
    ASSERT_TRUE(tokenizer) << tokenizer.error().message;
    const Json reference = *parse_json(read_text(fs::path(path).replace_extension(".ref.json")));
    ASSERT_FALSE(reference.at("prompts").empty());

    for (const Json& prompt : reference.at("prompts")) {
      const auto text = prompt.at("text").get<std::string>();
      const Json& expected = prompt.at("library");
      SCOPED_TRACE(text);
      const auto tokens = tokenizer->encode(text, {.add_special = true, .parse_special = true});
      const auto plain = tokenizer->encode(text);
      EXPECT_EQ(*tokens, expected.at("tokens").get<std::vector<TokenId>>());
      EXPECT_EQ(*plain, expected.at("tokens_plain").get<std::vector<TokenId>>());
      EXPECT_EQ(hex_of(tokenizer->decode(*plain)), expected.at("detok_hex").get<std::string>());
    }
  }
}

}  // namespace
}  // namespace lyceum::model
