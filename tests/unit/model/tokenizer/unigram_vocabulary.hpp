#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/files/gguf_writer.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

struct UnigramPiece {
  std::string text{};
  float score = 0;
  std::int32_t kind = 1;
};

/// A "t5" vocabulary: <unk> 0, </s> 1, then the pieces from 2 on.
inline GgufHeader unigram_header(const std::vector<UnigramPiece>& pieces) {
  std::vector<std::string> texts{"<unk>", "</s>"};
  std::vector<float> scores{0, 0};
  std::vector<std::int32_t> kinds{2, 3};
  for (const UnigramPiece& piece : pieces) {
    texts.push_back(piece.text);
    scores.push_back(piece.score);
    kinds.push_back(piece.kind);
  }
  GgufHeader header;
  header.set_string("tokenizer.ggml.model", "t5");
  header.set_strings("tokenizer.ggml.tokens", texts);
  header.set_f32s("tokenizer.ggml.scores", scores);
  header.set_i32s("tokenizer.ggml.token_type", kinds);
  header.set_u32("tokenizer.ggml.unknown_token_id", 0);
  header.set_u32("tokenizer.ggml.eos_token_id", 1);
  return header;
}

inline void set_character_map(const std::string& bytes, GgufHeader& header) {
  std::vector<std::uint64_t> values;
  for (const char byte : bytes) values.push_back(static_cast<unsigned char>(byte));
  header.set("tokenizer.ggml.precompiled_charsmap",
             {.type = GgufType::array, .value = GgufArray{GgufType::u8, std::move(values)}});
}

inline Result<Tokenizer> tokenizer_of_header(const GgufHeader& header) {
  const std::string bytes = header.metadata_bytes();
  TRY(const auto file, GgufFile::parse(std::as_bytes(std::span(bytes)), "x.gguf"));
  return Tokenizer::from_gguf(file);
}

}  // namespace lyceum::model
