#include "model/decoding/pattern.hpp"

#include <string_view>

#include "base/text.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model {
namespace {

CharacterSet digits() {
  return CharacterSet().add('0', '9');
}

CharacterSet word_characters() {
  return digits().add('A', 'Z').add('a', 'z').add('_');
}

/// White space and line ends of ECMAScript.
CharacterSet spaces() {
  return CharacterSet()
      .add('\t', '\r')
      .add(' ')
      .add(0xA0)
      .add(0x1680)
      .add(0x2000, 0x200A)
      .add(0x2028, 0x2029)
      .add(0x202F)
      .add(0x205F)
      .add(0x3000)
      .add(0xFEFF);
}

CharacterSet all_but_line_ends() {
  return CharacterSet().add('\n').add('\r').add(0x2028, 0x2029).complement();
}

Expression anything() {
  return Expression::repeated(Expression::of(CharacterSet::all()), 0, std::nullopt);
}

/// Recursive descent over the pattern. A function that fails has set `error_` and returns what nobody reads.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : text_(text) {}

  Result<Expression> parse() {
    Expression choice{.kind = Expression::Kind::choice};
    do {
      Expression whole;
      if (!take("^")) whole.parts.push_back(anything());
      whole.parts.push_back(parse_sequence(0));
      if (!take("$")) whole.parts.push_back(anything());
      choice.parts.push_back(std::move(whole));
    } while (!error_ && take("|"));
    if (!error_ && at_ < text_.size()) fail("the end");
    if (error_) return *std::move(error_);
    return choice;
  }

 private:
  void fail(const std::string& expected) {
    if (error_) return;
    error_ = Error{Errc::malformed, "byte " + std::to_string(at_) + ": expected " + expected};
  }

  void refuse(const std::string& what) {
    if (error_) return;
    error_ = Error{Errc::unsupported, "byte " + std::to_string(at_) + ": " + what + " is not supported"};
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  bool take(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  Expression parse_choice(int depth) {
    Expression choice{.kind = Expression::Kind::choice};
    do choice.parts.push_back(parse_sequence(depth));
    while (!error_ && take("|"));
    return choice;
  }

  Expression parse_sequence(int depth) {
    Expression sequence;
    while (!error_ && at_ < text_.size() && peek() != '|' && peek() != ')') {
      if (peek() == '$' && depth == 0 && (at_ + 1 == text_.size() || peek(1) == '|')) break;
      Expression part = parse_part(depth);
      parse_repetition(part);
      sequence.parts.push_back(std::move(part));
    }
    return sequence;
  }

  Expression parse_part(int depth) {
    if (take("(")) return parse_group(depth);
    if (take("[")) return Expression::of(parse_class());
    if (take(".")) return Expression::of(all_but_line_ends());
    if (peek() == '^' || peek() == '$') refuse("an anchor within a pattern");
    if (peek() == '*' || peek() == '+' || peek() == '?') fail("something to repeat");
    if (peek() == '{' || peek() == '}' || peek() == ']') fail("\\ before a bracket that stands for itself");
    return Expression::of(parse_character_or_set());
  }

  Expression parse_group(int depth) {
    if (depth >= kMaxGroupDepth) fail("at most " + std::to_string(kMaxGroupDepth) + " nested groups");
    if (!take("?:") && peek() == '?') refuse("a group with (?");
    if (error_) return {};
    Expression group = parse_choice(depth + 1);
    if (!take(")")) fail("\")\"");
    return group;
  }

  void parse_repetition(Expression& part) {
    std::uint32_t min = 0;
    std::optional<std::uint32_t> max;
    if (take("+")) {
      min = 1;
    } else if (take("?")) {
      max = 1;
    } else if (take("{")) {
      min = parse_count();
      if (!take(",")) {
        max = min;
      } else if (peek() != '}') {
        max = parse_count();
      }
      if (!take("}")) fail("\"}\"");
      if (max && *max < min) fail("a largest count that is not below the smallest");
    } else if (!take("*")) {
      return;
    }
    take("?");  // Lazy: finds another match first, but matches the same strings.
    if (!error_) part = Expression::repeated(std::move(part), min, max);
  }

  std::uint32_t parse_count() {
    std::uint32_t count = 0;
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9' && count <= kMaxRepeat) {
      count = count * 10 + static_cast<std::uint32_t>(text_[at_++] - '0');
    }
    if (at_ == begin || count > kMaxRepeat) fail("a count of at most " + std::to_string(kMaxRepeat));
    return count;
  }

  CharacterSet parse_class() {
    const bool is_negated = take("^");
    CharacterSet set;
    while (!error_ && !take("]")) {
      const CharacterSet first = parse_character_or_set();
      if (error_) break;
      if (peek() != '-' || peek(1) == ']') {
        set.add(first);
        continue;
      }
      ++at_;
      const CharacterSet last = parse_character_or_set();
      if (error_) break;
      const auto [begin, end] = std::pair(first.ranges(), last.ranges());
      if (begin.size() != 1 || end.size() != 1 || begin[0].first != begin[0].second ||
          end[0].first != end[0].second || end[0].first < begin[0].first) {
        fail("a range from a character to a later one");
        break;
      }
      set.add(begin[0].first, end[0].first);
    }
    if (is_negated) set = set.complement();
    if (!error_ && set.empty()) fail("a class with at least one character");
    return set;
  }

  CharacterSet parse_character_or_set() {
    if (at_ >= text_.size()) {
      fail("a character");
      return {};
    }
    if (take("\\")) return parse_escape();
    const Character character = first_character(text_.substr(at_));
    at_ += character.num_bytes;
    return CharacterSet().add(character.value);
  }

  CharacterSet parse_escape() {
    const char c = peek();
    ++at_;
    switch (c) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word_characters();
      case 'W':
        return word_characters().complement();
      case 's':
        return spaces();
      case 'S':
        return spaces().complement();
      case 'n':
        return CharacterSet().add('\n');
      case 'r':
        return CharacterSet().add('\r');
      case 't':
        return CharacterSet().add('\t');
      case 'f':
        return CharacterSet().add('\f');
      case 'v':
        return CharacterSet().add('\v');
      case 'x':
        return parse_hex(2);
      case 'u':
        return parse_hex(4);
      default:
        break;
    }
    const bool is_plain = c > ' ' && c < '\x7F' && !word_characters().contains(static_cast<char32_t>(c));
    if (!is_plain) {
      --at_;
      refuse(at_ < text_.size() ? "the escape \\" + std::string(1, c) : "a \\ at the end");
      return {};
    }
    return CharacterSet().add(static_cast<char32_t>(c));
  }

  CharacterSet parse_hex(std::size_t num_digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < num_digits; ++i, ++at_) {
      const char c = peek();
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        value = value * 16 + static_cast<char32_t>((c | 0x20) - 'a' + 10);
      } else {
        fail(std::to_string(num_digits) + " hexadecimal digits");
        return {};
      }
    }
    if (value >= 0xD800 && value <= 0xDFFF) refuse("a surrogate");
    return CharacterSet().add(value);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::optional<Error> error_{};
};

}  // namespace

Result<Expression> parse_pattern(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return Error{Errc::too_large, "more than " + std::to_string(kMaxPatternBytes) + " bytes"};
  }
  if (!is_utf8(pattern)) return Error{Errc::malformed, "not UTF-8"};
  return PatternParser(pattern).parse();
}

}  // namespace lyceum::model
