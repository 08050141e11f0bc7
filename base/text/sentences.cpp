#include <algorithm>
#include <array>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/text.hpp"
#include "base/text/characters.hpp"

namespace lyceum {
namespace {

/// Hand-wrapped lines are shorter. Where a line is longer, its text has a line a paragraph.
constexpr std::size_t kMaxWrappedLineBytes = 200;

/// Stand before a name or an explanation, so that their point never ends a sentence.
constexpr auto kNeverLast = std::to_array<std::string_view>(
    {"adm", "approx", "attn", "brig", "ca",  "capt", "cf",  "cmdr", "col", "cpl",    "dr", "e.g",
     "eg",  "fr",     "gen",  "gov",  "hon", "i.e",  "ie",  "lt",   "maj", "messrs", "mr", "mrs",
     "ms",  "mt",     "pres", "prof", "rep", "rev",  "sen", "sgt",  "st",  "viz",    "vs"});
/// Abbreviations before a number, words otherwise.
constexpr auto kBeforeNumber =
    std::to_array<std::string_view>({"art", "ch", "chap", "col", "eq", "fig", "figs", "no", "nos", "op", "p",
                                     "para", "pp", "sec", "vol", "vols"});
/// May stand last: then a sentence's usual first word follows.
constexpr auto kMaybeLast = std::to_array<std::string_view>(
    {"al",  "apr",  "assn", "aug", "ave",  "bros", "co",  "corp", "dec", "dept",  "dist", "ed",
     "eds", "est",  "etc",  "feb", "ft",   "inc",  "jan", "jr",   "jul", "jun",   "llc",  "ltd",
     "mar", "mass", "nov",  "oct", "ph.d", "plc",  "sep", "sept", "sr",  "trans", "univ"});

template <class Words>
bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), ascii_lower);
  return result;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes,
                     std::size_t& size) {
  for (const auto prefix : prefixes) {
    if (text.substr(0, prefix.size()) == prefix) {
      size = prefix.size();
      return true;
    }
  }
  return false;
}

bool is_lower_case(std::string_view text) {
  if (!is_non_ascii(text.front())) return text.front() >= 'a' && text.front() <= 'z';
  std::int32_t i = 0;
  UChar32 c = 0;
  U8_NEXT(text.data(), i, static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 4)), c);
  return c >= 0 && u_islower(c) != 0;
}

/// Finds the sentences of one block: a paragraph, a list item, a heading.
class BlockSplitter {
 public:
  BlockSplitter(std::string_view text, TextRange block, std::vector<TextRange>& sentences)
      : text_(text.substr(0, block.end)), begin_(block.begin), sentences_(sentences) {}

  void split() {
    std::size_t i = begin_;
    while (i < text_.size()) {
      std::size_t size = 1;
      if (is_terminator(i, size)) {
        const std::size_t end = closed_end(i + size);
        if (is_end(i, size, end)) {
          emit(end);
          begin_ = end;
        }
        i = std::max(end, i + size);
      } else {
        ++i;
      }
    }
    emit(text_.size());
  }

 private:
  bool is_terminator(std::size_t i, std::size_t& size) const {
    switch (text_[i]) {
      case '.':
      case '!':
      case '?':
        return true;
      case '\xE2':
      case '\xE3':
      case '\xEF':
        return starts_with_any(text_.substr(i), {"…", "。", "！", "？"}, size);
      default:
        return false;
    }
  }

  /// Past further terminators, closing quotes and brackets, and references like [12].
  std::size_t closed_end(std::size_t i) const {
    while (i < text_.size()) {
      std::size_t size = 1;
      const std::string_view rest = text_.substr(i);
      if (starts_with_any(
              rest, {".", "!", "?", ")", "]", "\"", "'", "”", "’", "»", "…", "。", "！", "？", "」"}, size)) {
        i += size;
      } else if (rest[0] == '[') {
        const std::size_t close = rest.find_first_not_of("0123456789", 1);
        if (close == std::string_view::npos || close == 1 || rest[close] != ']') return i;
        i += close + 1;
      } else {
        return i;
      }
    }
    return i;
  }

  bool is_end(std::size_t i, std::size_t size, std::size_t end) const {
    if (end == text_.size()) return true;
    if (is_non_ascii(text_[i]) && text_.substr(i, size) != "…") return true;  // CJK writes no space after it.
    if (!is_ascii_space(text_[end])) return false;
    std::size_t next = end;
    while (next < text_.size() && is_ascii_space(text_[next])) ++next;
    for (std::size_t open = 1; next < text_.size();) {
      if (!starts_with_any(text_.substr(next), {"(", "[", "\"", "'", "“", "‘", "«"}, open)) break;
      next += open;
    }
    if (next == text_.size()) return true;
    if (is_lower_case(text_.substr(next))) return false;
    const bool is_single_point = text_[i] == '.' && (i + 1 == text_.size() || text_[i + 1] != '.');
    return !is_single_point || is_end_after(word_before(i), next);
  }

  std::string_view word_before(std::size_t point) const {
    std::size_t from = point;
    while (from > begin_) {
      const char c = text_[from - 1];
      if (!is_ascii_letter(c) && !is_ascii_digit(c) && c != '.' && !is_non_ascii(c)) break;
      --from;
    }
    return text_.substr(from, point - from);
  }

  bool is_end_after(std::string_view last_word, std::size_t next) const {
    if (last_word.empty()) return true;
    const std::string word = lower(last_word);
    const bool is_number = std::all_of(word.begin(), word.end(), is_ascii_digit);
    const bool is_enumerator = is_number && leading_text_is_empty(last_word);
    if (is_enumerator || contains(kNeverLast, word)) return false;
    const bool is_before_number = is_ascii_digit(text_[next]);
    if (contains(kBeforeNumber, word) && is_before_number) return false;
    const bool is_initial = word.size() == 1 && is_ascii_letter(word[0]);
    const bool is_acronym = word.size() >= 3 && word[word.size() - 2] == '.' && is_ascii_letter(word.back());
    if (is_initial || is_acronym || contains(kMaybeLast, word)) return is_sentence_starter(next);
    return true;
  }

  /// True when only white space stands between the sentence's begin and `word`.
  bool leading_text_is_empty(std::string_view word) const {
    const auto offset = static_cast<std::size_t>(word.data() - text_.data());
    return std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(begin_),
                       text_.begin() + static_cast<std::ptrdiff_t>(offset), is_ascii_space);
  }

  bool is_sentence_starter(std::size_t next) const {
    std::size_t end = next;
    while (end < text_.size() && is_ascii_letter(text_[end])) ++end;
    const bool is_another_initial = end - next == 1 && end < text_.size() && text_[end] == '.';
    return !is_another_initial && is_stop_word(lower(text_.substr(next, end - next)));
  }

  void emit(std::size_t end) {
    std::size_t begin = begin_;
    while (begin < end && is_ascii_space(text_[begin])) ++begin;
    while (end > begin && is_ascii_space(text_[end - 1])) --end;
    if (begin < end) sentences_.push_back({begin, end});
  }

  std::string_view text_;
  std::size_t begin_;
  std::vector<TextRange>& sentences_;
};

bool is_blank(std::string_view line) {
  return std::all_of(line.begin(), line.end(), is_ascii_space);
}

bool is_heading(std::string_view line) {
  const std::size_t marks = std::min(line.find_first_not_of('#'), line.size());
  return marks >= 1 && marks <= 6 && (marks == line.size() || line[marks] == ' ');
}

/// A list item, a table row, a heading or a page break begins here.
bool starts_block(std::string_view line) {
  if (!line.empty() && line.front() == '\f') return true;
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.empty() || line.front() == '|' || is_heading(line)) return true;
  std::size_t bullet = 0;
  if (starts_with_any(line, {"- ", "* ", "+ ", "• ", "– "}, bullet)) return true;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  return digits >= 1 && digits <= 3 && digits + 1 < line.size() &&
         (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
}

bool is_break_between(std::string_view line, std::string_view next) {
  return is_blank(line) || is_blank(next) || is_heading(line) || starts_block(next) ||
         std::max(line.size(), next.size()) > kMaxWrappedLineBytes;
}

}  // namespace

std::vector<TextRange> split_sentences(std::string_view text) {
  const auto line_end = [&](std::size_t from) { return std::min(text.find('\n', from), text.size()); };
  std::vector<TextRange> sentences;
  std::size_t block_begin = 0;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = line_end(begin);
    const std::size_t next = std::min(end + 1, text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (next == text.size() || is_break_between(line, text.substr(next, line_end(next) - next))) {
      BlockSplitter(text, {block_begin, end}, sentences).split();
      block_begin = next;
    }
    begin = next;
  }
  return sentences;
}

}  // namespace lyceum
