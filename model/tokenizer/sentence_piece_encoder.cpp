#include <queue>

#include "model/tokenizer/characters.hpp"
#include "model/tokenizer/sentence_pieces.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

struct Piece {
  TokenId token = 0;
  float score = 0;
};

using Pieces = std::unordered_map<std::string_view, Piece>;

/// A text while its pieces are merged: a doubly linked list in an array, one entry a character at first.
class PieceList {
 public:
  struct Symbol {
    std::string_view text{};   ///< Empty when merged into its left neighbour.
    std::size_t previous = 0;  ///< Of the first: wraps around to beyond the end.
    std::size_t next = 0;
  };

  PieceList(const Pieces& pieces, std::string_view text) : pieces_(pieces) {
    while (!text.empty()) {
      const std::size_t size_bytes = first_character(text).num_bytes;
      symbols_.push_back({text.substr(0, size_bytes), symbols_.size() - 1, symbols_.size() + 1});
      text.remove_prefix(size_bytes);
    }
    for (std::size_t i = 0; i + 1 < symbols_.size(); ++i) consider(i);
  }

  void merge() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (is_current(best)) apply(best);
    }
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < symbols_.size(); i = symbols_[i].next) visit(symbols_[i].text);
  }

 private:
  struct Candidate {
    float score = 0;
    std::size_t left = 0;
    std::string_view text{};

    /// Highest score first, then leftmost.
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  /// Neighbours lie side by side in the text.
  static std::string_view joined(std::string_view left, std::string_view right) {
    return {left.data(), left.size() + right.size()};
  }

  void consider(std::size_t left) {
    if (left >= symbols_.size() || symbols_[left].next >= symbols_.size()) return;
    const std::string_view text = joined(symbols_[left].text, symbols_[symbols_[left].next].text);
    const auto found = pieces_.find(text);
    if (found != pieces_.end()) candidates_.push({found->second.score, left, text});
  }

  bool is_current(const Candidate& candidate) const {
    const Symbol& left = symbols_[candidate.left];
    return !left.text.empty() && left.next < symbols_.size() &&
           left.text.size() + symbols_[left.next].text.size() == candidate.text.size();
  }

  void apply(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    Symbol& right = symbols_[left.next];
    left.text = candidate.text;
    left.next = right.next;
    right.text = {};
    if (left.next < symbols_.size()) symbols_[left.next].previous = candidate.left;
    consider(left.previous);
    consider(candidate.left);
  }

  const Pieces& pieces_;
  std::vector<Symbol> symbols_{};
  std::priority_queue<Candidate> candidates_{};
};

class SentencePieceEncoder final : public WordEncoder {
 public:
  Pieces pieces{};
  ByteTokens byte_tokens{};
  std::optional<TokenId> unknown{};
  bool adds_space_prefix = false;

  void encode(std::string_view text, bool is_start, std::vector<TokenId>& tokens) const override {
    std::string marked = adds_space_prefix && is_start ? std::string(kBlankMark) : std::string();
    marked += with_blank_marks(text);
    PieceList list(pieces, marked);
    list.merge();
    list.for_each([&](std::string_view piece) {
      if (const auto found = pieces.find(piece); found != pieces.end()) {
        tokens.push_back(found->second.token);
      } else {
        for (const char byte : piece) {
          const auto token = byte_tokens[static_cast<unsigned char>(byte)];
          tokens.push_back(token ? *token : *unknown);
        }
      }
    });
  }
};

}  // namespace

Result<std::unique_ptr<const WordEncoder>> make_sentence_piece_encoder(const GgufFile& file,
                                                                       Vocabulary& vocabulary) {
  auto encoder = std::make_unique<SentencePieceEncoder>();
  encoder->adds_space_prefix = vocabulary.adds_space_prefix;
  TRY(const auto scores, load_scores(file, vocabulary));
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const std::string& text = vocabulary.texts[i];
    const bool is_word = vocabulary.kinds[i] == TokenKind::normal || vocabulary.is_added_space(token);
    if (is_word && !text.empty()) encoder->pieces.emplace(text, Piece{token, scores[i]});
    vocabulary.bytes.push_back(is_word ? with_blanks(text) : text);
  }
  encoder->unknown = vocabulary.unknown;
  TRY(encoder->byte_tokens, load_byte_tokens(file, vocabulary));
  return std::unique_ptr<const WordEncoder>(std::move(encoder));
}

}  // namespace lyceum::model
