#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/text.hpp"
#include "model/language_model.hpp"
#include "model/tokenizer/tokenizer.hpp"

/// How a request is put to a model that was trained for the verbs (GGUF key lyceum.verbs.version = 1).
/// Training data and inference use these functions alike, so that what is asked is what was learned.
///
///   every prefix  <|task|>NAME\nSLOT: VALUE\n…        slots in the order of the catalogue (model/README.md)
///   verdict       prefix <|answer|>                   followed by <|yes|>, <|no|> or <|none|>
///   judge         prefix, then, for every candidate by itself:
///                 <|option|>CANDIDATE<|answer|>       followed by <|yes|> or <|no|>
///   sentences     prefix <|source|>, then for each sentence of a window: SENTENCE<|answer|>, which would be
///                 followed by <|yes|> or <|no|> but is followed by the next sentence
///   words         prefix <|source|>SENTENCE<|source|>SENTENCE
///                                                     each word of the second reading, which knows the whole
///                                                     sentence, would be followed by <|yes|> where it is
///                                                     part of the answer or by <|no|>, and is followed by
///                                                     the next word
///   write         prefix <|answer|>                   followed by the text (JSON on one line) and <|end|>
///   embed         <|embed|>TEXT<|end|>                the mean of the final hidden states of all tokens
///
/// What follows the first slot, the subject, is marked: a word that shares its stem with a word of the
/// subject has <|match|> behind it. A small model learns from such marks (exact-match features: Chen et al.,
/// Reading Wikipedia to Answer Open-Domain Questions, ACL 2017) what it would need much more text to find by
/// itself.
///
/// choose asks for a verdict where a task's options are known (verdicts.cpp) and else judges every option;
/// quote marks the sentences of a window, in one pass, and, where a short answer is wanted, the words of one
/// (answers as tagged words: Segal et al., A Simple and Effective Model for Answering Multi-span Questions,
/// EMNLP 2020). Texts of people and documents are
/// encoded without special tokens, piece by piece: nothing in them can end a slot.
namespace lyceum::model {

inline constexpr std::uint32_t kVerbsVersion = 1;
inline constexpr std::size_t kVerbContextTokens = 1024;
/// Longer options, sentences and answers are cut at their ends.
inline constexpr std::size_t kMaxCandidateTokens = 256;
inline constexpr std::size_t kMaxAnswerTokens = 200;
/// What cut_windows fills a window with, at most, but for a single longer sentence.
inline constexpr std::size_t kWindowTokens = 384;

/// All special tokens of our tokenizer, in the order of their ids, which are the last of the vocabulary.
std::span<const std::string_view> special_token_texts();

struct VerbTokens {
  TokenId end = 0;
  TokenId task = 0;
  TokenId source = 0;
  TokenId option = 0;
  TokenId answer = 0;
  TokenId none = 0;
  TokenId yes = 0;
  TokenId no = 0;
  TokenId embed = 0;
  TokenId match = 0;
};

/// Candidates that are judged one by one. The score of one is logit(yes) - logit(no) after
/// `prefix` + `candidates[i]`. Both together fit into kVerbContextTokens.
struct Judgement {
  std::vector<TokenId> prefix{};
  std::vector<std::vector<TokenId>> candidates{};
};

/// A question whose answer is one token: the score of option i is the logit of `labels[i]` after `prefix`.
struct VerdictQuestion {
  std::vector<TokenId> prefix{};
  std::vector<TokenId> labels{};
};

/// The sentences of a window, each followed by a mark. The score of the i-th is logit(yes) - logit(no) after
/// the token at `marks[i]`.
struct MarkedSentences {
  std::vector<TokenId> tokens{};
  std::vector<std::size_t> marks{};
};

/// The words of a sentence, read a second time. The score of `words[i]`, bytes of the sentence without the
/// punctuation around them, is logit(yes) - logit(no) after the token at `marks[i]`.
struct MarkedWords {
  std::vector<TokenId> tokens{};
  std::vector<std::size_t> marks{};
  std::vector<TextRange> words{};
};

/// A part of a source that is read at once; ranges are bytes of the whole source.
struct SourceWindow {
  TextRange range{};
  std::vector<TextRange> sentences{};
};

enum class QuoteForm : std::uint8_t { sentences, span };

/// Sentences for every task but "reading.span", whose quotes are the shortest that answer.
QuoteForm quote_form_of(std::string_view task);

/// The candidates' probabilities when exactly one of them is right: their odds, normalised.
std::vector<double> choice_probabilities(std::span<const double> scores);
/// The probability that a candidate is right, whatever the others are.
double yes_probability(double score);

/// Renders requests as tokens. Thread-safe. Borrows the tokenizer. Where a prefix would be too long, all
/// values (slots, sources) are cut at their ends to one common length, the largest that fits.
class VerbRenderer {
 public:
  /// unsupported, naming the special token that the tokenizer lacks.
  static Result<VerbRenderer> make(const Tokenizer& tokenizer);

  const VerbTokens& tokens() const { return tokens_; }

  /// Nothing for a task or options that have no labels of their own: those are judged.
  std::optional<VerdictQuestion> verdict(const ChooseRequest& request) const;
  Judgement choose(const ChooseRequest& request) const;
  /// Windows in order, without gaps between their sentences but for white space.
  std::vector<SourceWindow> cut_windows(std::string_view source) const;
  /// One mark a sentence of `window`, in order.
  MarkedSentences quote_sentences(const Prompt& prompt, std::string_view source,
                                  const SourceWindow& window) const;
  /// The words of `sentence` as far as kMaxCandidateTokens go.
  MarkedWords quote_words(const Prompt& prompt, std::string_view sentence) const;
  /// The prompt with sources, before any answer.
  std::vector<TokenId> over_sources(const Prompt& prompt, std::span<const std::string> sources) const;
  std::vector<TokenId> write(const Prompt& prompt) const;
  std::vector<TokenId> embed(std::string_view text) const;

  /// The text of a person or document: never a special token.
  std::vector<TokenId> encode(std::string_view text) const;
  /// The bytes that `tokens`, made from one text, stand for; a span of it without blanks around it.
  std::string text_of(std::span<const TokenId> tokens) const;

 private:
  using Terms = std::set<std::string, std::less<>>;

  /// What stands between blanks, those before it included, with a mark behind a word of the subject.
  struct Word {
    std::vector<TokenId> tokens{};
    TextRange range{};  ///< Bytes of the text, without the blanks and the punctuation around it.
  };

  VerbRenderer(const Tokenizer& tokenizer, VerbTokens tokens) : tokenizer_(&tokenizer), tokens_(tokens) {}

  std::vector<TokenId> prefix(const Prompt& prompt, std::span<std::vector<TokenId>> sources,
                              std::size_t tokens_max) const;
  std::vector<TokenId> candidate(std::string_view text, const Terms& subject) const;
  std::vector<Word> encode_words(std::string_view text, const Terms& subject) const;
  /// With a mark behind each word of the subject.
  std::vector<TokenId> encode_marked(std::string_view text, const Terms& subject) const;
  static Terms subject_of(const Prompt& prompt);

  const Tokenizer* tokenizer_;
  VerbTokens tokens_;
};

}  // namespace lyceum::model
