#include "model/decoding/quote_index.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_set>

#include "base/text.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

bool is_space(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}

/// By byte of a text, and for its end.
struct Boundaries {
  std::vector<bool> may_begin{};
  std::vector<bool> may_end{};
};

/// Where characters begin, and not within a word if `keeps_words`.
Boundaries character_boundaries(std::string_view text, bool keeps_words) {
  std::vector<bool> places(text.size() + 1);
  bool was_in_word = false;
  std::size_t at = 0;
  for (const Character& character : characters_of(text)) {
    const bool is_in_word = character.kind == CharacterClass::letter ||
                            character.kind == CharacterClass::mark ||
                            character.kind == CharacterClass::number;
    places[at] = !keeps_words || !was_in_word || !is_in_word;
    was_in_word = is_in_word;
    at += character.num_bytes;
  }
  places[0] = places[text.size()] = true;
  return {.may_begin = places, .may_end = places};
}

/// White space around a sentence may go with it.
Boundaries sentence_boundaries(std::string_view text) {
  Boundaries places{.may_begin = std::vector<bool>(text.size() + 1),
                    .may_end = std::vector<bool>(text.size() + 1)};
  for (const TextRange& sentence : split_sentences(text)) {
    places.may_begin[sentence.begin] = true;
    places.may_end[sentence.end] = true;
  }
  for (std::size_t i = text.size(); i > 0; --i) {
    if (is_space(text[i - 1]) && places.may_begin[i]) places.may_begin[i - 1] = true;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i]) && places.may_end[i]) places.may_end[i + 1] = true;
  }
  places.may_begin[0] = places.may_end[text.size()] = true;
  return places;
}

Error bad_source(std::size_t index, const std::string& why) {
  return {Errc::invalid_argument, "source " + std::to_string(index) + ": " + why};
}

}  // namespace

Result<std::unique_ptr<const QuoteIndex>> QuoteIndex::make(std::span<const QuoteSource> sources,
                                                           const TokenTrie& vocabulary,
                                                           const QuoteOptions& options) {
  if (options.tokens_min == 0 || options.tokens_min > options.tokens_max) {
    return Error{Errc::invalid_argument, "a quote's tokens_min must be 1 to tokens_max"};
  }
  if (sources.empty()) return Error{Errc::invalid_argument, "no sources to quote from"};
  std::size_t num_tokens = 0;
  for (const QuoteSource& source : sources) num_tokens += source.tokens.size() + 1;
  if (num_tokens > kMaxQuoteSourceTokens) {
    return Error{Errc::too_large, "the sources to quote from have " + std::to_string(num_tokens) +
                                      " tokens, at most " + std::to_string(kMaxQuoteSourceTokens)};
  }
  std::unique_ptr<QuoteIndex> index(new QuoteIndex(options));
  for (const QuoteSource& source : sources) {
    TRY_OK(index->add_source(source, vocabulary, options.boundary));
  }
  if (index->sequence_.size() == sources.size() && options.none.empty()) {
    return Error{Errc::invalid_argument, "all sources to quote from are empty"};
  }
  if (options.excluded.size() > kMaxExcludedSpans) {
    return Error{Errc::too_large, "more than " + std::to_string(kMaxExcludedSpans) + " excluded spans"};
  }
  for (const QuoteSpan& span : options.excluded) {
    const bool is_sound = span.source < sources.size() && span.begin <= span.end &&
                          span.end <= sources[span.source].text.size();
    if (!is_sound) return Error{Errc::invalid_argument, "an excluded span lies outside its source"};
    index->exclude(span);
  }
  index->finish();
  if (index->first_tokens_.empty() && options.none.empty()) {
    return Error{Errc::invalid_argument,
                 "no part of the sources may be quoted within the given lengths and boundaries"};
  }
  return std::unique_ptr<const QuoteIndex>(std::move(index));
}

Result<void> QuoteIndex::add_source(const QuoteSource& source, const TokenTrie& vocabulary,
                                    QuoteBoundary boundary) {
  const std::size_t index = source_begins_.size();
  const auto begin = static_cast<Place>(sequence_.size());
  source_begins_.push_back(begin);
  std::string spelled;
  for (const TokenId token : source.tokens) {
    const std::string_view bytes = vocabulary.bytes_of(token);
    if (bytes.empty()) return bad_source(index, "token " + std::to_string(token) + " is not text");
    sequence_.push_back(token);
    offsets_.push_back(static_cast<std::uint32_t>(spelled.size()));
    spelled += bytes;
  }
  offsets_.push_back(static_cast<std::uint32_t>(spelled.size()));
  sequence_.push_back(-1 - static_cast<TokenId>(index));
  const bool has_space_before = spelled.size() == source.text.size() + 1 && spelled.front() == ' ';
  if (std::string_view(spelled).substr(has_space_before ? 1 : 0) != source.text) {
    return bad_source(index, "its tokens do not spell its text");
  }
  const Boundaries places = boundary == QuoteBoundary::sentence
                                ? sentence_boundaries(source.text)
                                : character_boundaries(source.text, boundary == QuoteBoundary::word);
  for (Place place = begin; place < sequence_.size(); ++place) {
    if (has_space_before && offsets_[place] > 0) --offsets_[place];
    may_begin_.push_back(places.may_begin[offsets_[place]]);
    may_end_.push_back(places.may_end[offsets_[place]]);
    limits_.push_back(static_cast<Place>(sequence_.size() - 1));
  }
  // A bare space token before the text is not a quote of it.
  if (has_space_before && source.tokens.size() > 1 && offsets_[begin + 1] == 0) may_begin_[begin] = false;
  return ok();
}

void QuoteIndex::exclude(const QuoteSpan& span) {
  const Place begin = source_begins_[span.source];
  const bool is_last = span.source + 1 == source_begins_.size();
  const std::size_t end = is_last ? sequence_.size() : source_begins_[span.source + 1];
  Place last = begin;
  for (Place place = begin; place < end && offsets_[place] <= span.begin; ++place) last = place;
  for (Place place = begin; place < end && offsets_[place] < span.end; ++place) {
    limits_[place] = std::min(limits_[place], std::max(last, place));
  }
}

void QuoteIndex::finish() {
  next_end_.resize(sequence_.size());
  Place next = 0;
  for (std::size_t i = sequence_.size(); i > 0; --i) {
    const auto place = static_cast<Place>(i - 1);
    if (may_end_[place]) next = place;
    next_end_[place] = next;
  }
  std::set<TokenId> first;
  for (Place place = 0; place < sequence_.size(); ++place) {
    if (sequence_[place] >= 0 && can_end(place, 1)) first.insert(sequence_[place]);
  }
  first_tokens_.assign(first.begin(), first.end());
  automaton_ = std::make_unique<const SuffixAutomaton>(sequence_);
}

bool QuoteIndex::reaches(Place begin, std::size_t num_tokens) const {
  return may_begin_[begin] && num_tokens <= tokens_max_ && begin + num_tokens <= limits_[begin];
}

bool QuoteIndex::can_end(Place begin, std::size_t num_tokens) const {
  const std::size_t needed = std::max(num_tokens, tokens_min_);
  if (!reaches(begin, needed)) return false;
  return reaches(begin, next_end_[begin + needed] - begin);
}

bool QuoteIndex::may_end(Place begin, std::size_t num_tokens) const {
  return num_tokens >= tokens_min_ && reaches(begin, num_tokens) && may_end_[begin + num_tokens];
}

std::size_t QuoteIndex::source_at(Place place) const {
  const auto after = std::upper_bound(source_begins_.begin(), source_begins_.end(), place);
  return static_cast<std::size_t>(after - source_begins_.begin()) - 1;
}

QuoteSpan QuoteIndex::span(Place begin, std::size_t num_tokens) const {
  return {.source = source_at(begin), .begin = offsets_[begin], .end = offsets_[begin + num_tokens]};
}

}  // namespace lyceum::model
