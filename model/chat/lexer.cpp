#include "model/chat/lexer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "model/tokenizer/characters.hpp"

namespace lyceum::model::chat {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Line ends as one character, and the one at the source's end left out.
std::string normalized(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Result<std::vector<Token>> run() {
    while (at_ < source_.size()) TRY_OK(next_part());
    push(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  Error malformed(const std::string& text) const {
    return {Errc::malformed, "line " + std::to_string(line_) + ": " + text};
  }

  void push(TokenKind kind, std::string text) {
    tokens_.push_back({.kind = kind, .line = line_, .text = std::move(text)});
  }

  /// Moves on and counts lines.
  std::string_view take(std::size_t count) {
    const std::string_view taken = source_.substr(at_, count);
    line_ += static_cast<int>(std::ranges::count(taken, '\n'));
    at_ += taken.size();
    return taken;
  }

  bool sees(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  std::size_t find_tag() const {
    for (std::size_t i = at_; i + 1 < source_.size(); ++i) {
      if (source_[i] == '{' && (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#'))
        return i;
    }
    return source_.size();
  }

  /// Text up to a tag, and the tag.
  Result<void> next_part() {
    const std::size_t tag = find_tag();
    std::string_view data = source_.substr(at_, tag - at_);
    const bool is_tag = tag < source_.size();
    const char kind = is_tag ? source_[tag + 1] : '\0';
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : '\0';
    if (is_tag && sign == '-') {
      data = data.substr(0, data.find_last_not_of(kSpaces) + 1);
    } else if (is_tag && kind != '{' && sign != '+') {
      data = without_indent(data);
    }
    if (!data.empty()) push(TokenKind::data, std::string(data));
    take(tag - at_);
    if (!is_tag) return ok();
    take(2);
    const bool has_sign = sign == '-' || (sign == '+' && kind != '{');
    if (has_sign) take(1);
    if (kind == '#') return comment();
    push(kind == '{' ? TokenKind::output_begin : TokenKind::block_begin, "");
    TRY_OK(tag_tokens(kind == '{' ? "}}" : "%}"));
    push(kind == '{' ? TokenKind::output_end : TokenKind::block_end, "");
    return ok();
  }

  /// Blanks between a line's start and a block are not written.
  std::string_view without_indent(std::string_view data) const {
    const auto line_begin = data.rfind('\n') + 1;  // 0 when there is none.
    const bool is_line_start = at_ == 0 || source_[at_ - 1] == '\n';
    if (line_begin == 0 && !is_line_start) return data;
    const bool is_blank = data.find_first_not_of(kSpaces, line_begin) == std::string_view::npos;
    return is_blank ? data.substr(0, line_begin) : data;
  }

  /// After a tag's end.
  void trim_after(char sign, bool is_output) {
    if (sign == '-') {
      const auto next = source_.find_first_not_of(kSpaces, at_);
      take((next == std::string_view::npos ? source_.size() : next) - at_);
    } else if (sign != '+' && !is_output && sees("\n")) {
      take(1);
    }
  }

  Result<void> comment() {
    const auto end = source_.find("#}", at_);
    if (end == std::string_view::npos) return malformed("a comment without its end");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    take(end + 2 - at_);
    trim_after(sign, false);
    return ok();
  }

  Result<void> tag_tokens(std::string_view tag_end) {
    int num_open = 0;
    while (true) {
      const auto next = source_.find_first_not_of(kSpaces, at_);
      if (next == std::string_view::npos) return malformed("a tag without its end");
      take(next - at_);
      const char first = source_[at_];
      const bool has_sign = first == '-' || (first == '+' && tag_end == "%}");
      if (num_open == 0 && source_.substr(at_ + (has_sign ? 1 : 0)).starts_with(tag_end)) {
        take(tag_end.size() + (has_sign ? 1 : 0));
        trim_after(has_sign ? first : '\0', tag_end == "}}");
        return ok();
      }
      if (first == '(' || first == '[' || first == '{') ++num_open;
      if (first == ')' || first == ']' || first == '}') --num_open;
      TRY_OK(one_token(first));
    }
  }

  Result<void> one_token(char first) {
    if (starts_name(first)) {
      std::size_t count = 1;
      while (at_ + count < source_.size() &&
             (starts_name(source_[at_ + count]) || is_digit(source_[at_ + count])))
        ++count;
      push(TokenKind::name, std::string(take(count)));
      return ok();
    }
    if (is_digit(first)) return number();
    if (first == '"' || first == '\'') return text(first);
    return symbol();
  }

  Result<void> number() {
    std::size_t count = 0;
    bool is_integer = true;
    const auto digits = [&] {
      while (at_ + count < source_.size() && (is_digit(source_[at_ + count]) || source_[at_ + count] == '_'))
        ++count;
    };
    digits();
    if (at_ + count + 1 < source_.size() && source_[at_ + count] == '.' &&
        is_digit(source_[at_ + count + 1])) {
      is_integer = false;
      ++count;
      digits();
    }
    std::string text(take(count));
    std::erase(text, '_');
    push(is_integer ? TokenKind::integer : TokenKind::number, std::move(text));
    return ok();
  }

  Result<void> symbol() {
    constexpr std::array<std::string_view, 28> kSymbols{
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">",
        "=",  "(",  ")",  "[",  "]",  "{",  "}", ",", ":", ".", "|", ";", "!", "@"};
    for (const std::string_view each : kSymbols) {
      if (!sees(each)) continue;
      push(TokenKind::symbol, std::string(take(each.size())));
      return ok();
    }
    return malformed("a character that has no meaning in a tag");
  }

  Result<void> text(char quote) {
    const int first_line = line_;
    take(1);
    std::string out;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
        take(1);
        append_escaped(out);
      } else {
        out += take(1);
      }
    }
    if (at_ == source_.size()) return malformed("a text without its closing quote");
    take(1);
    tokens_.push_back({.kind = TokenKind::text, .line = first_line, .text = std::move(out)});
    return ok();
  }

  /// After the backslash. Unknown escapes stay as they are.
  void append_escaped(std::string& out) {
    constexpr std::string_view kLetters = "ntrbfv0\\'\"";
    constexpr std::string_view kMeanings("\n\t\r\b\f\v\0\\'\"", 10);
    const char letter = take(1).front();
    if (const auto known = kLetters.find(letter); known != std::string_view::npos) {
      out += kMeanings[known];
      return;
    }
    const std::size_t num_digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    char32_t value = 0;
    std::size_t count = 0;
    for (; count < num_digits && at_ + count < source_.size(); ++count) {
      const int digit = hex_digit(source_[at_ + count]);
      if (digit < 0) break;
      value = value * 16 + static_cast<char32_t>(digit);
    }
    const bool is_character = value <= 0x10FFFF && !(value >= 0xD800 && value < 0xE000);
    if (num_digits > 0 && count == num_digits && is_character) {
      take(count);
      append_utf8(value, out);
    } else if (letter != '\n') {
      out += '\\';
      out += letter;
    }
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Token> tokens_{};
};

}  // namespace

Result<std::vector<Token>> tokenize_template(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    return Error{Errc::too_large, "a template of " + std::to_string(source.size()) +
                                      " bytes is over the limit of " + std::to_string(kMaxTemplateBytes)};
  }
  const std::string text = normalized(source);
  return Lexer(text).run();
}

}  // namespace lyceum::model::chat
