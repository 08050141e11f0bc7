#include "model/verbs/verbs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/decoding/softmax.hpp"
#include "model/verbs/slots.hpp"
#include "model/verbs/verdicts.hpp"

namespace lyceum::model {
namespace {

constexpr std::array<std::string_view, 43> kSpecialTokens = {
    "<|end|>",         "<|pad|>",         "<|system|>",      "<|user|>",        "<|assistant|>",
    "<|task|>",        "<|source|>",      "<|option|>",      "<|answer|>",      "<|none|>",
    "<|mask|>",        "<|yes|>",         "<|no|>",          "<|embed|>",       "<|match|>",
    "<|reserved_1|>",  "<|reserved_2|>",  "<|reserved_3|>",  "<|reserved_4|>",  "<|reserved_5|>",
    "<|reserved_6|>",  "<|reserved_7|>",  "<|reserved_8|>",  "<|reserved_9|>",  "<|reserved_10|>",
    "<|reserved_11|>", "<|reserved_12|>", "<|reserved_13|>", "<|reserved_14|>", "<|reserved_15|>",
    "<|reserved_16|>", "<|reserved_17|>", "<|reserved_18|>", "<|reserved_19|>", "<|reserved_20|>",
    "<|reserved_21|>", "<|reserved_22|>", "<|reserved_23|>", "<|reserved_24|>", "<|reserved_25|>",
    "<|reserved_26|>", "<|reserved_27|>", "<|reserved_28|>"};

void append(std::vector<TokenId>& tokens, std::span<const TokenId> more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
}

/// The largest length to which all may be cut so that their sum is at most `total`.
std::size_t common_length(std::span<const std::size_t> lengths, std::size_t total) {
  std::vector<std::size_t> sorted(lengths.begin(), lengths.end());
  std::sort(sorted.begin(), sorted.end());
  std::size_t left = total;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::size_t share = left / (sorted.size() - i);
    if (sorted[i] > share) return share;
    left -= sorted[i];
  }
  return sorted.empty() ? 0 : sorted.back();
}

void clip(std::vector<TokenId>& tokens, std::size_t length) {
  if (tokens.size() > length) tokens.resize(length);
}

}  // namespace

std::span<const std::string_view> special_token_texts() {
  return kSpecialTokens;
}

QuoteForm quote_form_of(std::string_view task) {
  return task == "reading.span" ? QuoteForm::span : QuoteForm::sentences;
}

std::vector<double> choice_probabilities(std::span<const double> scores) {
  return softmax({scores.begin(), scores.end()});
}

double yes_probability(double score) {
  return 1 / (1 + std::exp(-score));
}

Result<VerbRenderer> VerbRenderer::make(const Tokenizer& tokenizer) {
  VerbTokens tokens;
  const std::pair<std::string_view, TokenId*> wanted[] = {
      {"<|end|>", &tokens.end},       {"<|task|>", &tokens.task},     {"<|source|>", &tokens.source},
      {"<|option|>", &tokens.option}, {"<|answer|>", &tokens.answer}, {"<|none|>", &tokens.none},
      {"<|yes|>", &tokens.yes},       {"<|no|>", &tokens.no},         {"<|embed|>", &tokens.embed},
      {"<|match|>", &tokens.match}};
  for (const auto& [text, token] : wanted) {
    const auto found = tokenizer.find(text);
    if (!found || !tokenizer.is_special(*found)) {
      return Error{Errc::unsupported,
                   "the tokenizer has no special token " + std::string(text) + ", which the verbs need"};
    }
    *token = *found;
  }
  return VerbRenderer(tokenizer, tokens);
}

std::vector<TokenId> VerbRenderer::encode(std::string_view text) const {
  auto tokens = tokenizer_->encode(text.substr(0, kMaxEncodeBytes));
  LYCEUM_CHECK(tokens.has_value());
  return *std::move(tokens);
}

std::vector<VerbRenderer::Word> VerbRenderer::encode_words(std::string_view text,
                                                           const Terms& subject) const {
  constexpr std::string_view kAround = ".,;:!?()[]\"'";
  text = text.substr(0, kMaxEncodeBytes);
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = std::min(text.find_first_not_of(' ', at), text.size());
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view piece = text.substr(at, end - at);
    Word& word = words.emplace_back(Word{.tokens = encode(piece), .range = {begin, end}});
    const std::size_t first = text.find_first_not_of(kAround, begin);
    if (first < end) word.range = {first, text.find_last_not_of(kAround, end - 1) + 1};
    bool is_match = false;
    visit_index_terms(piece, [&](std::string_view, std::string_view term) {
      is_match = is_match || subject.contains(term);
    });
    if (is_match) word.tokens.push_back(tokens_.match);
    at = end;
  }
  return words;
}

std::vector<TokenId> VerbRenderer::encode_marked(std::string_view text, const Terms& subject) const {
  if (subject.empty()) return encode(text);
  std::vector<TokenId> out;
  for (const Word& word : encode_words(text, subject)) append(out, word.tokens);
  return out;
}

VerbRenderer::Terms VerbRenderer::subject_of(const Prompt& prompt) {
  Terms terms;
  const auto slots = slot_texts(prompt);
  if (slots.empty()) return terms;
  visit_index_terms(slots.front().text, [&](std::string_view word, std::string_view term) {
    if (!is_stop_word(word)) terms.emplace(term);
  });
  return terms;
}

std::string VerbRenderer::text_of(std::span<const TokenId> tokens) const {
  const std::string text = tokenizer_->decode(tokens);
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

std::vector<TokenId> VerbRenderer::prefix(const Prompt& prompt, std::span<std::vector<TokenId>> sources,
                                          std::size_t tokens_max) const {
  struct Line {
    std::vector<TokenId> head{};
    std::vector<TokenId> value{};
  };

  const std::vector<TokenId> line_end = encode("\n");
  std::vector<TokenId> out{tokens_.task};
  append(out, encode(prompt.task + "\n"));
  std::vector<Line> lines;
  std::vector<std::size_t> lengths;
  std::size_t fixed = out.size();
  const Terms subject = subject_of(prompt);
  for (const SlotText& slot : slot_texts(prompt)) {
    const std::string value = " " + slot.text;
    lines.push_back({encode(slot.name + ":"), lines.empty() ? encode(value) : encode_marked(value, subject)});
    fixed += lines.back().head.size() + line_end.size();
    lengths.push_back(lines.back().value.size());
  }
  for (const auto& source : sources) lengths.push_back(source.size());
  fixed += sources.size();
  const std::size_t length = common_length(lengths, tokens_max > fixed ? tokens_max - fixed : 0);
  for (Line& line : lines) {
    clip(line.value, length);
    append(out, line.head);
    append(out, line.value);
    append(out, line_end);
  }
  for (auto& source : sources) {
    clip(source, length);
    out.push_back(tokens_.source);
    append(out, source);
  }
  return out;
}

std::vector<TokenId> VerbRenderer::candidate(std::string_view text, const Terms& subject) const {
  std::vector<TokenId> out{tokens_.option};
  std::vector<TokenId> value = encode_marked(" " + std::string(text), subject);
  clip(value, kMaxCandidateTokens);
  append(out, value);
  out.push_back(tokens_.answer);
  return out;
}

namespace {

/// Room for the longest candidate and the token that judges it.
std::size_t prefix_tokens_max(const std::vector<std::vector<TokenId>>& candidates) {
  std::size_t longest = 0;
  for (const auto& candidate : candidates) longest = std::max(longest, candidate.size());
  return kVerbContextTokens - longest - 1;
}

}  // namespace

Judgement VerbRenderer::choose(const ChooseRequest& request) const {
  Judgement judgement;
  const Terms subject = subject_of(request.prompt);
  for (const std::string& option : request.options)
    judgement.candidates.push_back(candidate(option, subject));
  judgement.prefix = prefix(request.prompt, {}, prefix_tokens_max(judgement.candidates));
  return judgement;
}

std::optional<VerdictQuestion> VerbRenderer::verdict(const ChooseRequest& request) const {
  const auto labels = verdict_labels(request.prompt.task, request.options);
  if (labels.empty()) return std::nullopt;
  VerdictQuestion question{.prefix = prefix(request.prompt, {}, kVerbContextTokens - 2), .labels = {}};
  question.prefix.push_back(tokens_.answer);
  for (const VerdictLabel label : labels) {
    question.labels.push_back(label == VerdictLabel::yes  ? tokens_.yes
                              : label == VerdictLabel::no ? tokens_.no
                                                          : tokens_.none);
  }
  return question;
}

std::vector<SourceWindow> VerbRenderer::cut_windows(std::string_view source) const {
  std::vector<SourceWindow> windows;
  std::size_t used = 0;
  for (const TextRange sentence : split_sentences(source)) {
    const std::size_t length = encode(source.substr(sentence.begin, sentence.end - sentence.begin)).size();
    if (windows.empty() || used + length > kWindowTokens) {
      windows.push_back({.range = sentence, .sentences = {}});
      used = 0;
    }
    windows.back().sentences.push_back(sentence);
    windows.back().range.end = sentence.end;
    used += length;
  }
  return windows;
}

MarkedSentences VerbRenderer::quote_sentences(const Prompt& prompt, std::string_view source,
                                              const SourceWindow& window) const {
  const Terms subject = subject_of(prompt);
  std::vector<std::vector<TokenId>> sentences;
  std::size_t length = 1;
  for (const TextRange range : window.sentences) {
    const std::string sentence = " " + std::string(source.substr(range.begin, range.end - range.begin));
    auto& tokens = sentences.emplace_back(encode_marked(sentence, subject));
    clip(tokens, kMaxCandidateTokens);
    length += tokens.size() + 1;
  }
  MarkedSentences marked{.tokens = prefix(prompt, {}, kVerbContextTokens - length), .marks = {}};
  marked.tokens.push_back(tokens_.source);
  for (const auto& sentence : sentences) {
    append(marked.tokens, sentence);
    marked.marks.push_back(marked.tokens.size());
    marked.tokens.push_back(tokens_.answer);
  }
  return marked;
}

MarkedWords VerbRenderer::quote_words(const Prompt& prompt, std::string_view sentence) const {
  MarkedWords marked;
  std::vector<TokenId> reading{tokens_.source};
  std::vector<std::size_t> ends;
  for (const Word& word : encode_words(" " + std::string(sentence), subject_of(prompt))) {
    if (reading.size() + word.tokens.size() > kMaxCandidateTokens) break;
    append(reading, word.tokens);
    if (word.range.begin == word.range.end) continue;
    ends.push_back(reading.size() - 1);
    marked.words.push_back({word.range.begin - 1, word.range.end - 1});
  }
  marked.tokens = prefix(prompt, {}, kVerbContextTokens - 2 * reading.size() - 1);
  append(marked.tokens, reading);
  for (const std::size_t end : ends) marked.marks.push_back(marked.tokens.size() + end);
  append(marked.tokens, reading);
  return marked;
}

std::vector<TokenId> VerbRenderer::over_sources(const Prompt& prompt,
                                                std::span<const std::string> sources) const {
  const Terms subject = subject_of(prompt);
  std::vector<std::vector<TokenId>> encoded;
  for (const std::string& source : sources) encoded.push_back(encode_marked(source, subject));
  std::vector<TokenId> out = prefix(prompt, encoded, kVerbContextTokens - kMaxAnswerTokens - 2);
  out.push_back(tokens_.answer);
  return out;
}

std::vector<TokenId> VerbRenderer::write(const Prompt& prompt) const {
  std::vector<TokenId> out = prefix(prompt, {}, kVerbContextTokens - kMaxAnswerTokens - 2);
  out.push_back(tokens_.answer);
  return out;
}

std::vector<TokenId> VerbRenderer::embed(std::string_view text) const {
  std::vector<TokenId> out{tokens_.embed};
  std::vector<TokenId> value = encode(text);
  clip(value, kVerbContextTokens - 2);
  append(out, value);
  out.push_back(tokens_.end);
  return out;
}

}  // namespace lyceum::model
