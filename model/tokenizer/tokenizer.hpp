#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {

using TokenId = std::int32_t;

inline constexpr std::size_t kMaxEncodeBytes = 64 * 1024 * 1024;

struct EncodeOptions {
  /// Adds the tokens that the model wants around a text (most often a begin token).
  bool add_special = false;
  /// Turns the texts of control tokens and of markup such as "<think>" into those tokens. Only for texts that
  /// this program wrote, such as a chat template's: anybody else could forge a role with them.
  bool parse_special = false;
};

/// A part of a text.
struct TextPiece {
  std::string text{};
  /// Its author may write special tokens. They are found within one such piece, never across pieces.
  bool may_hold_special = false;
};

/// A part of a text from the end of the one before it.
struct TextRun {
  std::size_t size_bytes = 0;
  bool may_hold_special = false;
};

/// Text to token ids and back, as a GGUF file describes it (tokenizer.ggml.*): byte-level byte pair encoding
/// ("gpt2"), SentencePiece's pairs ("llama") or unigrams ("t5"). Immutable and thread-safe. Owns what it
/// needs: the file may be closed. Its tokens are those of the tokenizer that the model was trained with;
/// added tokens of white space are ordinary words, all other added tokens need `parse_special`.
class Tokenizer {
 public:
  /// not_found or malformed (with the entry and the file), unsupported for another model or pre-tokenizer.
  static Result<Tokenizer> from_gguf(const GgufFile& file);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Any bytes; those that are not UTF-8 become byte tokens, or U+FFFD where a vocabulary lacks them;
  /// in unigrams always U+FFFD.
  /// too_large above kMaxEncodeBytes. Time grows with n log n in the longest word.
  Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The same for a text in pieces: words are cut as if it were whole. No begin or end token is added.
  Result<std::vector<TokenId>> encode(std::span<const TextPiece> pieces) const;

  /// The bytes of the tokens, which may begin or end within a character (see Utf8Stream). Control tokens give
  /// nothing unless `with_special`. SentencePiece models put a space before a text, and it is there again.
  /// Ids outside the vocabulary give nothing.
  std::string decode(std::span<const TokenId> tokens, bool with_special = false) const;
  /// The same for one token; valid while the tokenizer lives.
  std::string_view bytes_of(TokenId token, bool with_special = false) const;

  std::size_t vocab_size() const;
  /// "gpt2", "llama" or "t5".
  std::string_view model() const;
  /// The pre-tokenizer's name in the file; empty for SentencePiece.
  std::string_view pre_tokenizer() const;
  /// A token that only `parse_special` makes from text: control tokens and markup.
  bool is_special(TokenId token) const;
  /// True for the tokens after which generation ends (end of text, end of turn).
  bool is_end(TokenId token) const;
  std::optional<TokenId> begin_token() const;
  std::optional<TokenId> end_token() const;
  /// The token whose text in the file is `text`, special or not.
  std::optional<TokenId> find(std::string_view text) const;

 private:
  struct State;
  Result<void> encode_runs(std::string_view text, std::span<const TextRun> runs,
                           std::vector<TokenId>& tokens) const;
  explicit Tokenizer(std::unique_ptr<const State> state);

  std::unique_ptr<const State> state_;
};

}  // namespace lyceum::model
