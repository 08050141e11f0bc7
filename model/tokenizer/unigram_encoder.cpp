#include <algorithm>
#include <cmath>
#include <limits>

#include "model/tokenizer/characters.hpp"
#include "model/tokenizer/sentence_pieces.hpp"
#include "model/tokenizer/text_normalizer.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

/// What a character that no piece holds costs beyond the least likely piece (SentencePiece's kUnkPenalty).
constexpr float kUnknownPenalty = 10;
/// A piece of the path that is no token.
constexpr TokenId kNoToken = -1;

struct Piece {
  std::string_view text{};
  TokenId token = 0;
  float score = 0;
};

/// Pieces in the order of their bytes.
class PieceTable {
 public:
  void add(Piece piece) { pieces_.push_back(piece); }

  void sort() {
    std::ranges::sort(pieces_, [](const Piece& a, const Piece& b) {
      return a.text != b.text ? a.text < b.text : a.token < b.token;
    });
  }

  float lowest_score() const {
    float lowest = pieces_.empty() ? 0 : std::numeric_limits<float>::max();
    for (const Piece& piece : pieces_) lowest = std::min(lowest, piece.score);
    return lowest;
  }

  /// Calls visit(piece) for the pieces that the text begins with, shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    auto begin = pieces_.begin();
    auto end = pieces_.end();
    // All between begin and end have the first `depth` bytes of the text.
    for (std::size_t depth = 0; depth < text.size() && begin != end; ++depth) {
      const auto byte = static_cast<unsigned char>(text[depth]);
      const auto byte_of = [depth](const Piece& piece) {
        return piece.text.size() > depth ? int{static_cast<unsigned char>(piece.text[depth])} : -1;
      };
      const auto range = std::ranges::equal_range(begin, end, int{byte}, {}, byte_of);
      begin = range.begin();
      end = range.end();
      if (begin != end && begin->text.size() == depth + 1) visit(*begin);
    }
  }

 private:
  std::vector<Piece> pieces_{};
};

/// The likeliest way to a byte of the text: its last piece begins at `begin`.
struct Step {
  float score = 0;
  std::uint32_t begin = std::numeric_limits<std::uint32_t>::max();
  TokenId token = kNoToken;

  bool is_reached() const { return begin != std::numeric_limits<std::uint32_t>::max(); }
};

class UnigramEncoder final : public WordEncoder {
 public:
  PieceTable pieces{};
  ByteTokens byte_tokens{};
  std::optional<TokenId> unknown{};
  TextNormalizer normalizer{};
  float unknown_score = 0;

  void encode(std::string_view text, bool is_start, std::vector<TokenId>& tokens) const override {
    const std::string normalized = normalizer.normalize(text, is_start);
    const std::vector<Step> steps = best_steps(normalized);
    std::vector<std::size_t> ends;
    for (std::size_t end = normalized.size(); end > 0; end = steps[end].begin) ends.push_back(end);
    bool is_after_unknown = false;
    for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
      const Step& step = steps[*end];
      const std::string_view piece(normalized.data() + step.begin, *end - step.begin);
      const bool is_unknown = step.token == kNoToken && !add_bytes(piece, tokens);
      // Neighbours without a piece are one unknown token.
      if (is_unknown && !is_after_unknown) tokens.push_back(*unknown);
      if (step.token != kNoToken) tokens.push_back(step.token);
      is_after_unknown = is_unknown;
    }
  }

 private:
  /// Of the sums of scores the highest; of equal ones the path whose last piece is longest. A sum is compared
  /// as it is and kept rounded, as SentencePiece does: which of two nearly equal paths is taken depends on
  /// it.
  std::vector<Step> best_steps(std::string_view text) const {
    std::vector<Step> steps(text.size() + 1);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t char_bytes = first_character(text.substr(at)).num_bytes;
      bool has_char = false;
      const auto offer = [&](std::size_t size, float score, TokenId token) {
        Step& step = steps[at + size];
        const double sum = static_cast<double>(score) + static_cast<double>(steps[at].score);
        if (step.is_reached() && sum <= static_cast<double>(step.score)) return;
        step = {.score = static_cast<float>(sum), .begin = static_cast<std::uint32_t>(at), .token = token};
      };
      pieces.for_each_prefix(text.substr(at), [&](const Piece& piece) {
        offer(piece.text.size(), piece.score, piece.token);
        has_char = has_char || piece.text.size() == char_bytes;
      });
      if (!has_char) offer(char_bytes, unknown_score, kNoToken);
      at += char_bytes;
    }
    return steps;
  }

  /// False, and nothing added, when a byte has no token.
  bool add_bytes(std::string_view text, std::vector<TokenId>& tokens) const {
    const auto token_of = [this](char byte) { return byte_tokens[static_cast<unsigned char>(byte)]; };
    if (!std::ranges::all_of(text, [&](char byte) { return token_of(byte).has_value(); })) return false;
    for (const char byte : text) tokens.push_back(*token_of(byte));
    return true;
  }
};

}  // namespace

Result<std::unique_ptr<const WordEncoder>> make_unigram_encoder(const GgufFile& file,
                                                                Vocabulary& vocabulary) {
  auto encoder = std::make_unique<UnigramEncoder>();
  TRY(encoder->normalizer, load_text_normalizer(file));
  encoder->normalizer.adds_blank = vocabulary.adds_space_prefix;
  TRY(const auto scores, load_scores(file, vocabulary));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::string& text = vocabulary.texts[i];
    const TokenKind kind = vocabulary.kinds[i];
    const bool is_piece = kind == TokenKind::normal && !text.empty();
    if (is_piece && !std::isfinite(scores[i])) {
      return Error{Errc::malformed, file.path() + ": tokenizer.ggml.scores: entry " + std::to_string(i) +
                                        ": expected a finite number"};
    }
    if (is_piece) encoder->pieces.add({.text = text, .token = static_cast<TokenId>(i), .score = scores[i]});
    // An unused piece is written as it stands, but never made from text.
    const bool has_marks = is_piece || kind == TokenKind::unused;
    vocabulary.bytes.push_back(has_marks ? with_blanks(text) : text);
  }
  encoder->pieces.sort();
  encoder->unknown_score = encoder->pieces.lowest_score() - kUnknownPenalty;
  encoder->unknown = vocabulary.unknown;
  TRY(encoder->byte_tokens, load_byte_tokens(file, vocabulary));
  return std::unique_ptr<const WordEncoder>(std::move(encoder));
}

}  // namespace lyceum::model
