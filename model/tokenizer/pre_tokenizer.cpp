#include "model/tokenizer/pre_tokenizer.hpp"

#include "model/tokenizer/scanners.hpp"

namespace lyceum::model {
namespace {

struct Named {
  std::string_view name{};
  PreTokenizer pre_tokenizer{};
};

const std::vector<Named>& all_pre_tokenizers() {
  static const std::vector<Named> all = {
      {"default", {{scan_punctuation_run, scan_gpt2, scan_numbers, scan_three_digits}}},
      {"gpt-2", {{scan_gpt2}}},
      {"gpt2", {{scan_gpt2}}},
      {"olmo", {{scan_gpt2}}},
      {"llama-bpe", {{scan_llama3}, true}},
      {"llama3", {{scan_llama3}, true}},
      {"llama-v3", {{scan_llama3}, true}},
      {"qwen2", {{scan_qwen2}}},
      {"deepseek-r1-qwen", {{scan_qwen2}}},
      {"deepseek-llm",
       {{scan_line_break, scan_deepseek_letters, scan_deepseek_punctuation, scan_final_space,
         scan_deepseek_asian, scan_numbers}}},
      {"deepseek-v3", {{scan_up_to_three_numbers, scan_deepseek3_asian, scan_deepseek3}}},
  };
  return all;
}

/// Piece lengths, in characters.
using Lengths = std::vector<std::size_t>;

Lengths cut(std::span<const Character> text, Scanner scan, const Lengths& pieces) {
  Lengths out;
  std::size_t piece_begin = 0;
  for (const std::size_t length : pieces) {
    const auto piece = text.subspan(piece_begin, length);
    std::size_t gap_begin = 0;
    for (std::size_t at = 0; at < length;) {
      const std::size_t matched = scan(piece, at);
      if (matched == 0) {
        ++at;
        continue;
      }
      if (at > gap_begin) out.push_back(at - gap_begin);
      out.push_back(matched);
      at += matched;
      gap_begin = at;
    }
    if (length > gap_begin) out.push_back(length - gap_begin);
    piece_begin += length;
  }
  return out;
}

}  // namespace

std::optional<PreTokenizer> find_pre_tokenizer(std::string_view name) {
  for (const Named& named : all_pre_tokenizers()) {
    if (named.name == name) return named.pre_tokenizer;
  }
  return std::nullopt;
}

std::string pre_tokenizer_names() {
  std::string names;
  for (const Named& named : all_pre_tokenizers()) {
    if (!names.empty()) names += ", ";
    names += named.name;
  }
  return names;
}

std::vector<std::string_view> split_words(const PreTokenizer& pre_tokenizer, std::string_view text) {
  if (text.empty()) return {};
  const std::vector<Character> characters = characters_of(text);
  Lengths pieces{characters.size()};
  for (const Scanner scan : pre_tokenizer.stages) pieces = cut(characters, scan, pieces);

  std::vector<std::string_view> words;
  words.reserve(pieces.size());
  std::size_t index = 0;
  for (const std::size_t length : pieces) {
    std::size_t num_bytes = 0;
    for (std::size_t i = 0; i < length; ++i) num_bytes += characters[index++].num_bytes;
    words.push_back(text.substr(0, num_bytes));
    text.remove_prefix(num_bytes);
  }
  return words;
}

}  // namespace lyceum::model
