#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "model/tokenizer/characters.hpp"
#include "tests/unit/model/files/gguf_bytes.hpp"

namespace lyceum::model {

/// The texts of the 256 byte tokens of a byte-level vocabulary, in the order of the bytes.
inline std::vector<std::string> byte_level_texts() {
  std::vector<std::string> texts;
  char32_t next = 256;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool is_printable = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    std::string text;
    append_utf8(is_printable ? byte : next++, text);
    texts.push_back(text);
  }
  return texts;
}

/// "gpt2": bytes, then "he" 256, "ll" 257, "hell" 258, " w" 259, "  " added 260, "<think>" added 261,
/// "<|end|>" control 262, "zq" without a merge 263.
inline std::string byte_pair_gguf(const std::string& pre_tokenizer = "gpt-2") {
  auto texts = byte_level_texts();
  for (const char* text : {"he", "ll", "hell", "\xC4\xA0w", "  ", "<think>", "<|end|>", "zq"})
    texts.push_back(text);
  std::vector<std::int32_t> kinds(texts.size(), 1);
  kinds[260] = kinds[261] = 4;
  kinds[262] = 3;
  GgufBytes file;
  file.header(0, 7)
      .key("tokenizer.ggml.model", GgufType::string)
      .text("gpt2")
      .key("tokenizer.ggml.pre", GgufType::string)
      .text(pre_tokenizer)
      .key("tokenizer.ggml.eos_token_id", GgufType::u32)
      .number<std::uint32_t>(262)
      .key("tokenizer.ggml.bos_token_id", GgufType::u32)
      .number<std::uint32_t>(262)
      .texts("tokenizer.ggml.tokens", texts)
      .texts("tokenizer.ggml.merges", {"h e", "l l", "he ll", "\xC4\xA0 w"})
      .key("tokenizer.ggml.token_type", GgufType::array)
      .array(GgufType::i32, kinds.size());
  for (const std::int32_t kind : kinds) file.number(kind);
  return file.data();
}

/// "llama": <unk> 0, <s> 1, </s> 2, bytes from 3, then "▁" 259, "a" 260, "b" 261, "ab" 262, "▁ab" 263, "s"
/// 264,
/// "<" 265, ">" 266, "<s" 267.
inline std::string sentence_piece_gguf() {
  std::vector<std::string> texts = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> kinds = {2, 3, 3};
  for (unsigned byte = 0; byte < 256; ++byte) {
    char text[8] = {};
    std::snprintf(text, sizeof(text), "<0x%02X>", byte);
    texts.push_back(text);
    kinds.push_back(6);
  }
  for (const char* text : {"\xE2\x96\x81", "a", "b", "ab",
                           "\xE2\x96\x81"
                           "ab",
                           "s", "<", ">", "<s"}) {
    texts.push_back(text);
    kinds.push_back(1);
  }
  GgufBytes file;
  file.header(0, 6)
      .key("tokenizer.ggml.model", GgufType::string)
      .text("llama")
      .key("tokenizer.ggml.bos_token_id", GgufType::u32)
      .number<std::uint32_t>(1)
      .key("tokenizer.ggml.unknown_token_id", GgufType::u32)
      .number<std::uint32_t>(0)
      .texts("tokenizer.ggml.tokens", texts)
      .key("tokenizer.ggml.scores", GgufType::array)
      .array(GgufType::f32, texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) file.number(-static_cast<float>(i % 7));
  file.key("tokenizer.ggml.token_type", GgufType::array).array(GgufType::i32, kinds.size());
  for (const std::int32_t kind : kinds) file.number(kind);
  return file.data();
}

}  // namespace lyceum::model
