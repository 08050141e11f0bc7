#include "model/tokenizer/tokenizer.hpp"

#include <utility>

#include "model/files/gguf_parser.hpp"
#include "model/tokenizer/added_tokens.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

Result<std::unique_ptr<const WordEncoder>> make_word_encoder(const GgufFile& file, Vocabulary& vocabulary) {
  if (vocabulary.model == "gpt2") return make_byte_pair_encoder(file, vocabulary);
  if (vocabulary.model == "llama") return make_sentence_piece_encoder(file, vocabulary);
  if (vocabulary.model == "t5") return make_unigram_encoder(file, vocabulary);
  return Error{Errc::unsupported, file.path() + ": tokenizer.ggml.model: expected gpt2, llama or t5, found " +
                                      model::quoted(vocabulary.model)};
}

}  // namespace

struct Tokenizer::State {
  std::unique_ptr<const Vocabulary> vocabulary;
  std::unique_ptr<const WordEncoder> words;
  AddedTokens added_tokens;
};

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}

Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::from_gguf(const GgufFile& file) {
  TRY(auto vocabulary, load_vocabulary(file));
  TRY(auto words, make_word_encoder(file, *vocabulary));
  AddedTokens added_tokens(*vocabulary);
  return Tokenizer(
      std::make_unique<const State>(State{std::move(vocabulary), std::move(words), std::move(added_tokens)}));
}

Result<void> Tokenizer::encode_runs(std::string_view text, std::span<const TextRun> runs,
                                    std::vector<TokenId>& tokens) const {
  if (text.size() > kMaxEncodeBytes) {
    return Error{Errc::too_large, "a text of " + std::to_string(text.size()) +
                                      " bytes is over the limit of " + std::to_string(kMaxEncodeBytes)};
  }
  bool is_start = true;
  for (const auto& fragment : state_->added_tokens.split(text, runs)) {
    if (fragment.token) {
      tokens.push_back(*fragment.token);
    } else {
      state_->words->encode(fragment.text, is_start, tokens);
    }
    is_start = fragment.token.has_value();
  }
  return ok();
}

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  const Vocabulary& vocabulary = *state_->vocabulary;
  std::vector<TokenId> tokens;
  if (options.add_special && vocabulary.adds_begin) tokens.push_back(*vocabulary.begin);
  const TextRun all{.size_bytes = text.size(), .may_hold_special = options.parse_special};
  TRY_OK(encode_runs(text, {&all, 1}, tokens));
  if (options.add_special && vocabulary.adds_end) tokens.push_back(*vocabulary.end);
  return tokens;
}

Result<std::vector<TokenId>> Tokenizer::encode(std::span<const TextPiece> pieces) const {
  std::string text;
  std::vector<TextRun> runs;
  for (const TextPiece& piece : pieces) {
    text += piece.text;
    runs.push_back({.size_bytes = piece.text.size(), .may_hold_special = piece.may_hold_special});
  }
  std::vector<TokenId> tokens;
  TRY_OK(encode_runs(text, runs, tokens));
  return tokens;
}

std::string_view Tokenizer::bytes_of(TokenId token, bool with_special) const {
  const Vocabulary& vocabulary = *state_->vocabulary;
  if (!vocabulary.holds(token)) return {};
  const auto index = static_cast<std::size_t>(token);
  const TokenKind kind = vocabulary.kinds[index];
  const bool is_hidden = kind == TokenKind::control || kind == TokenKind::unknown;
  if (is_hidden && !with_special) return {};
  return vocabulary.bytes[index];
}

std::string Tokenizer::decode(std::span<const TokenId> tokens, bool with_special) const {
  std::string out;
  for (const TokenId token : tokens) out += bytes_of(token, with_special);
  return out;
}

std::size_t Tokenizer::vocab_size() const {
  return state_->vocabulary->texts.size();
}

std::string_view Tokenizer::model() const {
  return state_->vocabulary->model;
}

std::string_view Tokenizer::pre_tokenizer() const {
  return state_->vocabulary->pre_tokenizer;
}

bool Tokenizer::is_special(TokenId token) const {
  return state_->vocabulary->holds(token) && state_->vocabulary->is_special(token);
}

bool Tokenizer::is_end(TokenId token) const {
  return state_->vocabulary->end_tokens.contains(token);
}

std::optional<TokenId> Tokenizer::begin_token() const {
  return state_->vocabulary->begin;
}

std::optional<TokenId> Tokenizer::end_token() const {
  return state_->vocabulary->end;
}

std::optional<TokenId> Tokenizer::find(std::string_view text) const {
  return state_->vocabulary->find(text);
}

}  // namespace lyceum::model
