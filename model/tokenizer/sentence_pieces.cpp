#include "model/tokenizer/sentence_pieces.hpp"

#include <cmath>
#include <cstdio>

namespace lyceum::model {
namespace {

std::string byte_token_text(std::size_t byte) {
  char text[8] = {};
  std::snprintf(text, sizeof(text), "<0x%02X>", static_cast<unsigned>(byte));
  return text;
}

Error malformed(const GgufFile& file, const std::string& text) {
  return {Errc::malformed, file.path() + ": " + text};
}

}  // namespace

std::string with_blank_marks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ') {
      out += kBlankMark;
    } else {
      out += c;
    }
  }
  return out;
}

std::string with_blanks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto mark = text.find(kBlankMark);
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    out += ' ';
    text.remove_prefix(mark + kBlankMark.size());
  }
  return out;
}

Result<ByteTokens> load_byte_tokens(const GgufFile& file, Vocabulary& vocabulary) {
  ByteTokens tokens;
  for (std::size_t byte = 0; byte < tokens.size(); ++byte) {
    const auto token = vocabulary.find(byte_token_text(byte));
    if (token && vocabulary.kinds[static_cast<std::size_t>(*token)] == TokenKind::byte) {
      tokens[byte] = token;
      vocabulary.bytes[static_cast<std::size_t>(*token)] =
          std::string(1, static_cast<char>(static_cast<unsigned char>(byte)));
    } else if (!vocabulary.unknown) {
      return malformed(file, "tokenizer.ggml.tokens: expected the byte token " + byte_token_text(byte) +
                                 " or an unknown token");
    }
  }
  return tokens;
}

Result<std::vector<float>> load_scores(const GgufFile& file, const Vocabulary& vocabulary) {
  TRY(auto scores, file.get_f32s("tokenizer.ggml.scores"));
  if (scores.size() != vocabulary.texts.size()) {
    return malformed(file, "tokenizer.ggml.scores: expected " + std::to_string(vocabulary.texts.size()) +
                               " entries, found " + std::to_string(scores.size()));
  }
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i]))
      return malformed(file, "tokenizer.ggml.scores: entry " + std::to_string(i) + ": expected a number");
  }
  return scores;
}

}  // namespace lyceum::model
