#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.hpp"
#include "model/files/gguf.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxVocabSize = 8 * 1024 * 1024;

/// tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

/// The entries of tokenizer.ggml.* that both kinds of tokenizer share.
struct Vocabulary {
  std::string model{};
  std::string pre_tokenizer{};
  std::vector<std::string> texts{};  ///< As in the file.
  std::vector<std::string> bytes{};  ///< What a token stands for in a text.
  std::vector<TokenKind> kinds{};
  std::unordered_map<std::string_view, TokenId> ids{};  ///< By text; the first of equal ones.
  std::unordered_set<TokenId> end_tokens{};
  std::optional<TokenId> begin{};
  std::optional<TokenId> end{};
  std::optional<TokenId> unknown{};
  bool adds_begin = false;
  bool adds_end = false;
  bool adds_space_prefix = false;

  bool holds(TokenId id) const { return id >= 0 && static_cast<std::size_t>(id) < texts.size(); }

  std::optional<TokenId> find(std::string_view text) const;
  /// Not to be made from text that is not trusted.
  bool is_special(TokenId id) const;
  /// An added token that stands for itself in any text: white space only.
  bool is_added_space(TokenId id) const;
};

/// Everything but `bytes`, whose form depends on the model. Texts are checked, ids lie in the vocabulary.
Result<std::unique_ptr<Vocabulary>> load_vocabulary(const GgufFile& file);

/// Makes tokens of a text without special tokens in it.
class WordEncoder {
 public:
  virtual ~WordEncoder() = default;
  /// `is_start`: nothing, or a special token, stands before the text.
  virtual void encode(std::string_view text, bool is_start, std::vector<TokenId>& tokens) const = 0;
};

/// Byte-level byte pair encoding. Sets the vocabulary's bytes. Borrows nothing from the file.
Result<std::unique_ptr<const WordEncoder>> make_byte_pair_encoder(const GgufFile& file,
                                                                  Vocabulary& vocabulary);
/// SentencePiece: the pair with the best score is merged first. Borrows the vocabulary.
Result<std::unique_ptr<const WordEncoder>> make_sentence_piece_encoder(const GgufFile& file,
                                                                       Vocabulary& vocabulary);
/// Unigrams: the pieces whose scores have the highest sum, after normalisation (Kudo 2018,
/// arXiv:1804.10959; found by Viterbi's algorithm). Borrows the vocabulary. Time is linear in the text, times
/// the bytes of the longest piece.
Result<std::unique_ptr<const WordEncoder>> make_unigram_encoder(const GgufFile& file, Vocabulary& vocabulary);

}  // namespace lyceum::model
