#include <array>
#include <queue>

#include "model/files/gguf_parser.hpp"
#include "model/tokenizer/byte_characters.hpp"
#include "model/tokenizer/pre_tokenizer.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kNumBytes = 256;
constexpr TokenId kNoToken = -1;

std::array<char32_t, kNumBytes> make_byte_characters() {
  std::array<char32_t, kNumBytes> all{};
  char32_t next = 256;
  for (char32_t byte = 0; byte < kNumBytes; ++byte) {
    const bool is_printable =
        (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
    all[byte] = is_printable ? byte : next++;
  }
  return all;
}

/// Nothing when the text holds a character that stands for no byte.
std::optional<std::string> bytes_of_characters(std::string_view text) {
  static const auto bytes = [] {
    std::unordered_map<char32_t, char> all;
    for (std::size_t byte = 0; byte < kNumBytes; ++byte)
      all.emplace(byte_characters()[byte], static_cast<char>(static_cast<unsigned char>(byte)));
    return all;
  }();
  std::string out;
  while (!text.empty()) {
    const Character first = first_character(text);
    const auto byte = bytes.find(first.value);
    if (byte == bytes.end()) return std::nullopt;
    out += byte->second;
    text.remove_prefix(first.num_bytes);
  }
  return out;
}

struct Merge {
  std::uint32_t rank = 0;
  TokenId merged = 0;
};

std::uint64_t pair_key(TokenId left, TokenId right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) |
         static_cast<std::uint32_t>(right);
}

using Merges = std::unordered_map<std::uint64_t, Merge>;

/// A word while its pairs are merged: a doubly linked list in an array. Every byte has a token.
class Word {
 public:
  Word(const Merges& merges, std::string_view bytes, const std::array<TokenId, kNumBytes>& byte_tokens)
      : merges_(merges), symbols_(bytes.size()) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      symbols_[i] = {byte_tokens[static_cast<unsigned char>(bytes[i])], i - 1, i + 1};
    }
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) consider(i);
  }

  void merge() {
    while (!candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      if (is_current(best)) apply(best);
    }
  }

  void append_to(std::vector<TokenId>& tokens) const {
    for (std::size_t i = 0; i < symbols_.size(); i = symbols_[i].next) tokens.push_back(symbols_[i].token);
  }

 private:
  struct Symbol {
    TokenId token = 0;         ///< kGone when merged into its left neighbour.
    std::size_t previous = 0;  ///< Of the first: wraps around to beyond the end.
    std::size_t next = 0;
  };

  struct Candidate {
    Merge merge{};
    std::size_t left = 0;
    TokenId left_token = 0;
    TokenId right_token = 0;

    /// Lowest rank first, then leftmost.
    bool operator<(const Candidate& other) const {
      return merge.rank != other.merge.rank ? merge.rank > other.merge.rank : left > other.left;
    }
  };

  static constexpr TokenId kGone = -1;

  void consider(std::size_t left) {
    if (left >= symbols_.size() || symbols_[left].next >= symbols_.size()) return;
    const TokenId left_token = symbols_[left].token;
    const TokenId right_token = symbols_[symbols_[left].next].token;
    const auto found = merges_.find(pair_key(left_token, right_token));
    if (found != merges_.end()) candidates_.push({found->second, left, left_token, right_token});
  }

  bool is_current(const Candidate& candidate) const {
    const Symbol& left = symbols_[candidate.left];
    return left.token == candidate.left_token && left.next < symbols_.size() &&
           symbols_[left.next].token == candidate.right_token;
  }

  void apply(const Candidate& candidate) {
    Symbol& left = symbols_[candidate.left];
    Symbol& right = symbols_[left.next];
    left.token = candidate.merge.merged;
    left.next = right.next;
    right.token = kGone;
    if (left.next < symbols_.size()) symbols_[left.next].previous = candidate.left;
    consider(left.previous);
    consider(candidate.left);
  }

  const Merges& merges_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate> candidates_{};
};

class BytePairEncoder final : public WordEncoder {
 public:
  PreTokenizer pre_tokenizer{};
  Merges merges{};
  std::array<TokenId, kNumBytes> byte_tokens{};  ///< kNoToken where there is none.
  bool lacks_bytes = false;
  /// By their bytes; filled when words are taken whole.
  std::unordered_map<std::string, TokenId> whole_words{};

  void encode(std::string_view text, bool, std::vector<TokenId>& tokens) const override {
    const std::string replaced = lacks_bytes ? without_lacking_bytes(text) : std::string();
    if (lacks_bytes) text = replaced;
    for (const std::string_view bytes : split_words(pre_tokenizer, text)) {
      if (const auto whole = find_whole(bytes)) {
        tokens.push_back(*whole);
        continue;
      }
      Word word(merges, bytes, byte_tokens);
      word.merge();
      word.append_to(tokens);
    }
  }

 private:
  std::string without_lacking_bytes(std::string_view text) const {
    std::string out;
    for (const char c : text) {
      if (byte_tokens[static_cast<unsigned char>(c)] != kNoToken) {
        out += c;
      } else {
        append_utf8(kReplacementCharacter, out);
      }
    }
    return out;
  }

  std::optional<TokenId> find_whole(std::string_view bytes) const {
    if (!pre_tokenizer.takes_whole_words) return std::nullopt;
    const auto found = whole_words.find(std::string(bytes));
    return found == whole_words.end() ? std::nullopt : std::optional(found->second);
  }
};

void load_bytes(Vocabulary& vocabulary, BytePairEncoder& encoder) {
  for (std::size_t i = 0; i < vocabulary.texts.size(); ++i) {
    const bool is_word = vocabulary.kinds[i] == TokenKind::normal;
    auto bytes = is_word ? bytes_of_characters(vocabulary.texts[i]) : std::nullopt;
    if (bytes && encoder.pre_tokenizer.takes_whole_words) {
      encoder.whole_words.emplace(*bytes, static_cast<TokenId>(i));
    }
    vocabulary.bytes.push_back(bytes ? *std::move(bytes) : vocabulary.texts[i]);
  }
}

/// Some published vocabularies leave out these.
bool may_be_in_utf8(std::size_t byte) {
  return byte != 0xC0 && byte != 0xC1 && byte < 0xF5;
}

Result<void> load_byte_tokens(const GgufFile& file, const Vocabulary& vocabulary, BytePairEncoder& encoder) {
  for (std::size_t byte = 0; byte < kNumBytes; ++byte) {
    std::string text;
    append_utf8(byte_characters()[byte], text);
    const auto token = vocabulary.find(text);
    if (!token && may_be_in_utf8(byte)) {
      return Error{Errc::malformed, file.path() + ": tokenizer.ggml.tokens: expected a token for byte " +
                                        std::to_string(byte)};
    }
    encoder.byte_tokens[byte] = token.value_or(kNoToken);
    encoder.lacks_bytes = encoder.lacks_bytes || !token;
  }
  return ok();
}

/// "left right", where both may hold spaces of their own only as byte characters.
Result<void> load_merges(const GgufFile& file, const Vocabulary& vocabulary, Merges& merges) {
  TRY(const auto lines, file.get_strings("tokenizer.ggml.merges"));
  merges.reserve(lines.size());
  for (std::size_t rank = 0; rank < lines.size(); ++rank) {
    const std::string_view line = lines[rank];
    const auto fail = [&](const std::string& expected) {
      return Error{Errc::malformed, file.path() + ": tokenizer.ggml.merges: entry " + std::to_string(rank) +
                                        ": expected " + expected};
    };
    const auto blank = line.find(' ', 1);
    if (line.size() > 2 * kMaxGgufNameBytes || blank == std::string_view::npos)
      return fail("two tokens with a blank between them");
    const std::string_view left = line.substr(0, blank);
    const std::string_view right = line.substr(blank + 1);
    const auto left_token = vocabulary.find(left);
    const auto right_token = vocabulary.find(right);
    const auto merged = vocabulary.find(std::string(left) + std::string(right));
    if (!left_token || !right_token || !merged)
      return fail("two tokens that make a third one of the vocabulary");
    if (vocabulary.is_special(*merged)) return fail("a merge that makes no special token");
    merges.emplace(pair_key(*left_token, *right_token), Merge{static_cast<std::uint32_t>(rank), *merged});
  }
  return ok();
}

}  // namespace

const std::array<char32_t, 256>& byte_characters() {
  static const auto all = make_byte_characters();
  return all;
}

Result<std::unique_ptr<const WordEncoder>> make_byte_pair_encoder(const GgufFile& file,
                                                                  Vocabulary& vocabulary) {
  auto encoder = std::make_unique<BytePairEncoder>();
  auto pre_tokenizer = find_pre_tokenizer(vocabulary.pre_tokenizer);
  if (!pre_tokenizer) {
    return Error{Errc::unsupported, file.path() + ": tokenizer.ggml.pre: expected one of " +
                                        pre_tokenizer_names() + "; found " +
                                        model::quoted(vocabulary.pre_tokenizer)};
  }
  encoder->pre_tokenizer = *std::move(pre_tokenizer);
  load_bytes(vocabulary, *encoder);
  TRY_OK(load_byte_tokens(file, vocabulary, *encoder));
  TRY_OK(load_merges(file, vocabulary, encoder->merges));
  return std::unique_ptr<const WordEncoder>(std::move(encoder));
}

}  // namespace lyceum::model
