#include "model/tokenizer/scanners.hpp"

#include <algorithm>
#include <string_view>

namespace lyceum::model {
namespace {

using Text = std::span<const Character>;
using enum CharacterClass;

bool is_line_break(const Character& c) {
  return c.value == U'\r' || c.value == U'\n';
}

bool is_space(const Character& c) {
  return c.kind == space;
}

bool is_letter(const Character& c) {
  return c.kind == letter;
}

bool is_number(const Character& c) {
  return c.kind == number;
}

bool is_letter_or_mark(const Character& c) {
  return c.kind == letter || c.kind == mark;
}

bool is_punctuation_or_symbol(const Character& c) {
  return c.kind == punctuation || c.kind == symbol;
}

/// [^\s\p{L}\p{N}]
bool is_sign(const Character& c) {
  return !is_space(c) && !is_letter(c) && !is_number(c);
}

bool is_ascii_letter(const Character& c) {
  return (c.value >= U'A' && c.value <= U'Z') || (c.value >= U'a' && c.value <= U'z');
}

bool is_ascii_punctuation(const Character& c) {
  return c.value > U' ' && c.value < 0x7F && !is_ascii_letter(c) && !is_number(c);
}

/// How many characters from `at` on satisfy `is_in`.
template <class Predicate>
std::size_t run(Text text, std::size_t at, Predicate is_in) {
  std::size_t end = at;
  while (end < text.size() && is_in(text[end])) ++end;
  return end - at;
}

/// `lead?set+`: the lead is taken only when the set follows it. The set may hold characters of the lead.
template <class Lead, class Set>
std::size_t run_after_optional(Text text, std::size_t at, Lead is_lead, Set is_in) {
  if (is_lead(text[at])) {
    const std::size_t length = run(text, at + 1, is_in);
    if (length > 0) return 1 + length;
  }
  return run(text, at, is_in);
}

bool is_blank(const Character& c) {
  return c.value == U' ';
}

std::size_t contraction(Text text, std::size_t at, bool ignores_case) {
  if (text[at].value != U'\'') return 0;
  const auto letter_at = [&](std::size_t i) -> char32_t {
    if (i >= text.size()) return 0;
    const char32_t value = text[i].value;
    return ignores_case && value >= U'A' && value <= U'Z' ? value + 32 : value;
  };
  const char32_t first = letter_at(at + 1);
  const char32_t second = letter_at(at + 2);
  if (first == U's' || first == U't' || first == U'm' || first == U'd') return 2;
  const bool is_long = (first == U'r' && second == U'e') || (first == U'v' && second == U'e') ||
                       (first == U'l' && second == U'l');
  return is_long ? 3 : 0;
}

/// \s+(?!\S)|\s+: leaves the last space to the word after it.
std::size_t spaces(Text text, std::size_t at) {
  const std::size_t length = run(text, at, is_space);
  const bool is_at_end = at + length == text.size();
  return length > 1 && !is_at_end ? length - 1 : length;
}

/// \s*[\r\n]+: to the last line break of the white space.
std::size_t line_breaks(Text text, std::size_t at) {
  const std::size_t length = run(text, at, is_space);
  for (std::size_t i = length; i > 0; --i) {
    if (is_line_break(text[at + i - 1])) return i;
  }
  return 0;
}

std::size_t signs_with_line_breaks(Text text, std::size_t at, bool (*is_in)(const Character&)) {
  const std::size_t length = run_after_optional(text, at, is_blank, is_in);
  return length == 0 ? 0 : length + run(text, at + length, is_line_break);
}

std::size_t scan_with_numbers(Text text, std::size_t at, std::size_t num_numbers_max) {
  if (const std::size_t length = contraction(text, at, true)) return length;
  const auto may_lead = [](const Character& c) {
    return !is_line_break(c) && !is_letter(c) && !is_number(c);
  };
  if (const std::size_t length = run_after_optional(text, at, may_lead, is_letter)) return length;
  if (const std::size_t length = run(text.first(std::min(text.size(), at + num_numbers_max)), at, is_number))
    return length;
  if (const std::size_t length = signs_with_line_breaks(text, at, is_sign)) return length;
  if (const std::size_t length = line_breaks(text, at)) return length;
  return spaces(text, at);
}

struct Range {
  char32_t first = 0;
  char32_t last = 0;
};

template <std::size_t N>
bool is_within(const Range (&ranges)[N], char32_t value) {
  const auto* after =
      std::upper_bound(std::begin(ranges), std::end(ranges), value,
                       [](char32_t wanted, const Range& range) { return wanted < range.first; });
  return after != std::begin(ranges) && value <= (after - 1)->last;
}

constexpr Range kCasedLetters[] = {
    {0x41, 0x5A},       {0x61, 0x7A},       {0xB5, 0xB5},       {0xC0, 0xD6},       {0xD8, 0xF6},
    {0xF8, 0x1BA},      {0x1BC, 0x1BF},     {0x1C4, 0x293},     {0x295, 0x2AF},     {0x370, 0x373},
    {0x376, 0x376},     {0x377, 0x377},     {0x37B, 0x37D},     {0x37F, 0x37F},     {0x386, 0x386},
    {0x388, 0x38A},     {0x38C, 0x38C},     {0x38E, 0x3A1},     {0x3A3, 0x3F5},     {0x3F7, 0x481},
    {0x48A, 0x52F},     {0x531, 0x556},     {0x10A0, 0x10C5},   {0x13A0, 0x13F5},   {0x13F8, 0x13FD},
    {0x1C90, 0x1CBA},   {0x1CBD, 0x1CBF},   {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77},   {0x1D79, 0x1D9A},
    {0x1E00, 0x1F15},   {0x1F18, 0x1F1D},   {0x1F20, 0x1F45},   {0x1F48, 0x1F4D},   {0x1F50, 0x1F57},
    {0x1F59, 0x1F59},   {0x1F5B, 0x1F5B},   {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D},   {0x1F80, 0x1FB4},
    {0x1FB6, 0x1FBC},   {0x1FBE, 0x1FBE},   {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC},   {0x1FD0, 0x1FD3},
    {0x1FD6, 0x1FDB},   {0x1FE0, 0x1FEC},   {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC},   {0x2102, 0x2102},
    {0x2107, 0x2107},   {0x210A, 0x2113},   {0x2115, 0x2115},   {0x2119, 0x211D},   {0x2124, 0x2124},
    {0x2126, 0x2126},   {0x2128, 0x2128},   {0x212A, 0x212D},   {0x212F, 0x2134},   {0x2139, 0x2139},
    {0x213C, 0x213F},   {0x2145, 0x2149},   {0x214E, 0x214E},   {0x2183, 0x2183},   {0x2184, 0x2184},
    {0x2C00, 0x2C7B},   {0x2C7E, 0x2CE4},   {0x2CEB, 0x2CEE},   {0x2CF2, 0x2CF2},   {0x2CF3, 0x2CF3},
    {0xA640, 0xA66D},   {0xA680, 0xA69B},   {0xA722, 0xA76F},   {0xA771, 0xA787},   {0xA78B, 0xA78E},
    {0xAB70, 0xABBF},   {0xFB00, 0xFB06},   {0xFB13, 0xFB17},   {0xFF21, 0xFF3A},   {0xFF41, 0xFF5A},
    {0x10400, 0x1044F}, {0x104B0, 0x104D3}, {0x104D8, 0x104FB}, {0x10C80, 0x10CB2}, {0x10CC0, 0x10CF2},
    {0x118A0, 0x118DF}, {0x1E900, 0x1E943}};
constexpr Range kPunctuation[] = {{0x21, 0x2F},     {0x3A, 0x7E},     {0x2018, 0x201F},
                                  {0x3000, 0x3002}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF5E}};
constexpr Range kAsian[] = {{0x800, 0x9FA5}, {0xAC00, 0xD7FF}};
constexpr Range kAsianWithKana[] = {{0x3040, 0x30FF}, {0x4E00, 0x9FA5}};

template <std::size_t N>
std::size_t run_within(const Range (&ranges)[N], Text text, std::size_t at) {
  return run(text, at, [&ranges](const Character& c) { return is_within(ranges, c.value); });
}

template <std::size_t N>
std::size_t run_within_after_space(const Range (&ranges)[N], Text text, std::size_t at) {
  return run_after_optional(text, at, is_space,
                            [&ranges](const Character& c) { return is_within(ranges, c.value); });
}

}  // namespace

std::size_t scan_gpt2(Text text, std::size_t at) {
  if (const std::size_t length = contraction(text, at, false)) return length;
  if (const std::size_t length = run_after_optional(text, at, is_blank, is_letter)) return length;
  if (const std::size_t length = run_after_optional(text, at, is_blank, is_number)) return length;
  if (const std::size_t length = run_after_optional(text, at, is_blank, is_sign)) return length;
  return spaces(text, at);
}

std::size_t scan_llama3(Text text, std::size_t at) {
  return scan_with_numbers(text, at, 3);
}

std::size_t scan_qwen2(Text text, std::size_t at) {
  return scan_with_numbers(text, at, 1);
}

std::size_t scan_punctuation_run(Text text, std::size_t at) {
  return run(text, at, [](const Character& c) {
    constexpr std::u32string_view kMore = U"$+<=>^~|";
    return c.kind == punctuation || kMore.find(c.value) != std::u32string_view::npos;
  });
}

std::size_t scan_numbers(Text text, std::size_t at) {
  return run(text, at, is_number);
}

std::size_t scan_three_digits(Text text, std::size_t at) {
  const auto is_digit = [](const Character& c) { return c.value >= U'0' && c.value <= U'9'; };
  return run(text.first(std::min(text.size(), at + 3)), at, is_digit) == 3 ? 3 : 0;
}

std::size_t scan_up_to_three_numbers(Text text, std::size_t at) {
  return run(text.first(std::min(text.size(), at + 3)), at, is_number);
}

std::size_t scan_line_break(Text text, std::size_t at) {
  return is_line_break(text[at]) ? 1 : 0;
}

std::size_t scan_final_space(Text text, std::size_t at) {
  // The space before did not match either; asking again at every space would take quadratic time.
  if (at > 0 && is_space(text[at - 1])) return 0;
  const std::size_t length = run(text, at, is_space);
  return at + length == text.size() ? length : 0;
}

std::size_t scan_deepseek_letters(Text text, std::size_t at) {
  return run_within_after_space(kCasedLetters, text, at);
}

std::size_t scan_deepseek_punctuation(Text text, std::size_t at) {
  return run_within_after_space(kPunctuation, text, at);
}

std::size_t scan_deepseek_asian(Text text, std::size_t at) {
  return run_within(kAsian, text, at);
}

std::size_t scan_deepseek3_asian(Text text, std::size_t at) {
  return run_within(kAsianWithKana, text, at);
}

std::size_t scan_deepseek3(Text text, std::size_t at) {
  if (is_ascii_punctuation(text[at])) {
    if (const std::size_t length = run(text, at + 1, is_ascii_letter)) return 1 + length;
  }
  const auto may_lead = [](const Character& c) {
    return !is_line_break(c) && !is_letter(c) && !is_punctuation_or_symbol(c);
  };
  if (const std::size_t length = run_after_optional(text, at, may_lead, is_letter_or_mark)) return length;
  if (const std::size_t length = signs_with_line_breaks(text, at, is_punctuation_or_symbol)) return length;
  if (const std::size_t length = line_breaks(text, at)) return length;
  return spaces(text, at);
}

}  // namespace lyceum::model
