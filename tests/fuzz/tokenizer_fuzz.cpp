#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "model/tokenizer/tokenizer.hpp"
#include "model/tokenizer/utf8_stream.hpp"
#include "tests/unit/model/tokenizer/character_map_bytes.hpp"
#include "tests/unit/model/tokenizer/tokenizer_bytes.hpp"
#include "tests/unit/model/tokenizer/unigram_vocabulary.hpp"

namespace lyceum::model {
namespace {

Tokenizer tokenizer_of(const std::string& data) {
  auto file = GgufFile::parse(bytes_of(data), "fuzz");
  LYCEUM_CHECK(file.has_value());
  auto tokenizer = Tokenizer::from_gguf(*file);
  LYCEUM_CHECK(tokenizer.has_value());
  return *std::move(tokenizer);
}

Tokenizer unigrams() {
  GgufHeader header = unigram_header(
      {{"\u2581", -1}, {"a", -2}, {"\u2581a", -1.5F}, {"ab", -3}, {"aba", -1}, {"b\u00E9", -2}});
  header.set_bool("tokenizer.ggml.add_space_prefix", true);
  header.set_bool("tokenizer.ggml.remove_extra_whitespaces", true);
  set_character_map(CharacterMapBytes({{"B", "b"}, {"e\u0301", "\u00E9"}, {"\t", " "}, {"\x01", ""}}).bytes(),
                    header);
  auto tokenizer = tokenizer_of_header(header);
  LYCEUM_CHECK(tokenizer.has_value());
  return *std::move(tokenizer);
}

const std::vector<Tokenizer>& tokenizers() {
  static const std::vector<Tokenizer> all = [] {
    std::vector<Tokenizer> out;
    for (const char* name : {"default", "gpt-2", "llama3", "qwen2", "deepseek-llm", "deepseek-v3"})
      out.push_back(tokenizer_of(byte_pair_gguf(name)));
    out.push_back(tokenizer_of(sentence_piece_gguf()));
    out.push_back(unigrams());
    return out;
  }();
  return all;
}

void check_stream(const std::string& text) {
  Utf8Stream whole;
  std::string expected = whole.push(text);
  expected += whole.finish();
  Utf8Stream cut;
  std::string out;
  for (const char byte : text) out += cut.push(std::string(1, byte));
  out += cut.finish();
  LYCEUM_CHECK(out == expected);
}

}  // namespace
}  // namespace lyceum::model

/// The first byte chooses a tokenizer; the others are a text, which must come back from its tokens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  if (size == 0) return 0;
  const Tokenizer& tokenizer = tokenizers()[data[0] % tokenizers().size()];
  const bool parses_special = data[0] >= 128;
  const std::string text(data + 1, data + size);

  const auto tokens = tokenizer.encode(text, {.parse_special = parses_special});
  LYCEUM_CHECK(tokens.has_value());
  if (!parses_special) {
    // Unigrams have the unknown token for what they lack.
    const auto unknown = tokenizer.model() == "t5" ? tokenizer.find("<unk>") : std::nullopt;
    for (const TokenId token : *tokens) LYCEUM_CHECK(!tokenizer.is_special(token) || token == unknown);
  }
  if (tokenizer.model() == "gpt2") LYCEUM_CHECK(tokenizer.decode(*tokens, true) == text);
  check_stream(text);
  return 0;
}
