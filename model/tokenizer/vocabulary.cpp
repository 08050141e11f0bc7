#include "model/tokenizer/vocabulary.hpp"

#include <algorithm>
#include <limits>

namespace lyceum::model {
namespace {

/// Control tokens that end a turn in published models; files often name only one of them by its key.
constexpr std::string_view kEndTexts[] = {"<|endoftext|>", "<|im_end|>",    "<|eot_id|>", "<|eom_id|>",
                                          "<|end|>",       "<end_of_turn>", "<|return|>", "<|end_of_text|>"};

Error malformed(const GgufFile& file, const std::string& text) {
  return {Errc::malformed, file.path() + ": " + text};
}

Result<void> load_kinds(const GgufFile& file, Vocabulary& vocabulary) {
  constexpr std::string_view kKey = "tokenizer.ggml.token_type";
  vocabulary.kinds.assign(vocabulary.texts.size(), TokenKind::normal);
  if (!file.has(kKey)) return ok();
  TRY(const auto kinds, file.get_integers(kKey));
  if (kinds.size() != vocabulary.texts.size()) {
    return malformed(file, std::string(kKey) + ": expected " + std::to_string(vocabulary.texts.size()) +
                               " entries, found " + std::to_string(kinds.size()));
  }
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] < 0 || kinds[i] > 6) {
      return malformed(file, std::string(kKey) + ": entry " + std::to_string(i) +
                                 ": expected 0 to 6, found " + std::to_string(kinds[i]));
    }
    if (kinds[i] != 0) vocabulary.kinds[i] = static_cast<TokenKind>(kinds[i]);
  }
  return ok();
}

Result<std::optional<TokenId>> load_id(const GgufFile& file, std::string_view key,
                                       const Vocabulary& vocabulary) {
  if (!file.has(key)) return std::optional<TokenId>();
  TRY(const auto id, file.get_u32(key));
  // Files without such a token say so with the largest number.
  if (id == std::numeric_limits<std::uint32_t>::max()) return std::optional<TokenId>();
  if (id >= vocabulary.texts.size()) {
    return malformed(file, std::string(key) + ": expected a token below " +
                               std::to_string(vocabulary.texts.size()) + ", found " + std::to_string(id));
  }
  return std::optional<TokenId>(static_cast<TokenId>(id));
}

Result<void> load_named_tokens(const GgufFile& file, Vocabulary& vocabulary) {
  TRY(vocabulary.begin, load_id(file, "tokenizer.ggml.bos_token_id", vocabulary));
  TRY(vocabulary.end, load_id(file, "tokenizer.ggml.eos_token_id", vocabulary));
  TRY(vocabulary.unknown, load_id(file, "tokenizer.ggml.unknown_token_id", vocabulary));
  TRY(const auto end_of_turn, load_id(file, "tokenizer.ggml.eot_token_id", vocabulary));
  for (const auto& id : {vocabulary.end, end_of_turn}) {
    if (id) vocabulary.end_tokens.insert(*id);
  }
  for (const std::string_view text : kEndTexts) {
    const auto id = vocabulary.find(text);
    if (id && vocabulary.is_special(*id)) vocabulary.end_tokens.insert(*id);
  }
  return ok();
}

Result<void> load_flags(const GgufFile& file, Vocabulary& vocabulary) {
  const bool is_sentence_piece = vocabulary.model == "llama";
  const bool is_unigram = vocabulary.model == "t5";
  const std::string& pre = vocabulary.pre_tokenizer;
  const bool is_llama3 = pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3";
  TRY(vocabulary.adds_begin,
      file.get_bool_or("tokenizer.ggml.add_bos_token", is_sentence_piece || is_llama3));
  TRY(vocabulary.adds_end,
      file.get_bool_or("tokenizer.ggml.add_eos_token", is_unigram && vocabulary.end.has_value()));
  TRY(vocabulary.adds_space_prefix, file.get_bool_or("tokenizer.ggml.add_space_prefix", is_sentence_piece));
  if (vocabulary.adds_begin && !vocabulary.begin)
    return malformed(file, "expected tokenizer.ggml.bos_token_id, as a begin token is to be added");
  if (vocabulary.adds_end && !vocabulary.end)
    return malformed(file, "expected tokenizer.ggml.eos_token_id, as an end token is to be added");
  return ok();
}

}  // namespace

std::optional<TokenId> Vocabulary::find(std::string_view text) const {
  const auto found = ids.find(text);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

bool Vocabulary::is_added_space(TokenId id) const {
  const auto index = static_cast<std::size_t>(id);
  return kinds[index] == TokenKind::user_defined &&
         texts[index].find_first_not_of(" \t\n\r") == std::string::npos;
}

bool Vocabulary::is_special(TokenId id) const {
  const TokenKind kind = kinds[static_cast<std::size_t>(id)];
  return kind == TokenKind::control || kind == TokenKind::unknown ||
         (kind == TokenKind::user_defined && !is_added_space(id));
}

Result<std::unique_ptr<Vocabulary>> load_vocabulary(const GgufFile& file) {
  auto vocabulary = std::make_unique<Vocabulary>();
  TRY(vocabulary->model, file.get_string("tokenizer.ggml.model"));
  TRY(const auto texts, file.get_strings("tokenizer.ggml.tokens"));
  if (texts.empty() || texts.size() > kMaxVocabSize) {
    return malformed(file, "tokenizer.ggml.tokens: expected 1 to " + std::to_string(kMaxVocabSize) +
                               " tokens, found " + std::to_string(texts.size()));
  }
  vocabulary->texts.assign(texts.begin(), texts.end());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() > kMaxGgufNameBytes) {
      return malformed(file, "tokenizer.ggml.tokens: entry " + std::to_string(i) + ": expected at most " +
                                 std::to_string(kMaxGgufNameBytes) + " bytes");
    }
    vocabulary->ids.emplace(vocabulary->texts[i], static_cast<TokenId>(i));
  }
  if (vocabulary->model == "gpt2") {
    TRY(vocabulary->pre_tokenizer, file.get_string_or("tokenizer.ggml.pre", "default"));
  }
  TRY_OK(load_kinds(file, *vocabulary));
  TRY_OK(load_named_tokens(file, *vocabulary));
  TRY_OK(load_flags(file, *vocabulary));
  return vocabulary;
}

}  // namespace lyceum::model
