#include "model/decoding/gbnf.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/text.hpp"
#include "model/decoding/expression.hpp"
#include "model/decoding/grammar_constraint.hpp"
#include "model/tokenizer/characters.hpp"

namespace lyceum::model {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Recursive descent over the text. A function that fails has set `error_` and returns what nobody reads.
class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : text_(text) {}

  Result<Grammar> parse() {
    skip_space(true);
    while (at_ < text_.size() && !failed()) {
      parse_rule();
      skip_space(true);
    }
    if (failed()) return Error{Errc::malformed, "grammar: " + error_};
    const auto root = rules_.find("root");
    if (root == rules_.end()) return Error{Errc::invalid_argument, "grammar: rule root is not defined"};
    for (const auto& [name, rule] : rules_) {
      if (!is_defined_[rule]) {
        return Error{Errc::invalid_argument, "grammar: rule " + name + " is used but not defined"};
      }
    }
    return builder_.finish(root->second, kMaxGbnfLevels);
  }

 private:
  bool failed() const { return !error_.empty(); }

  void fail(const std::string& what) {
    if (failed()) return;
    const std::string_view before = text_.substr(0, at_);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_begin = before.rfind('\n') + 1;
    error_ = "line " + std::to_string(line) + ", column " + std::to_string(at_ - line_begin + 1) +
             ": expected " + what;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(std::string_view wanted) {
    if (text_.substr(at_, wanted.size()) != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  /// Blanks and comments; line breaks too, where a rule may go on in the next line.
  void skip_space(bool over_lines) {
    while (at_ < text_.size()) {
      const char c = peek();
      if (c == '#') {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || (over_lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string parse_name() {
    const std::size_t begin = at_;
    while (is_name_character(peek())) ++at_;
    if (at_ == begin) fail("a rule's name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  RuleId rule_of(const std::string& name) {
    const auto [found, is_new] = rules_.try_emplace(name, 0);
    if (is_new) {
      found->second = builder_.add_rule("rule " + name, 1);
      is_defined_.resize(found->second + 1);
    }
    return found->second;
  }

  void parse_rule() {
    const std::size_t begin = at_;
    const std::string name = parse_name();
    skip_space(false);
    if (!failed() && !take("::=")) fail("\"::=\"");
    if (failed()) return;
    const RuleId rule = rule_of(name);
    if (is_defined_[rule]) {
      at_ = begin;
      return fail("a name that is not defined yet, not " + name);
    }
    is_defined_[rule] = true;
    skip_space(true);
    const Expression body = parse_choice(0);
    if (failed()) return;
    if (at_ < text_.size() && peek() != '\n' && peek() != '\r') return fail("the end of the line or \"|\"");
    add_expression(builder_, {.rule = rule, .levels = 1}, builder_.start_of(rule), builder_.end_of(rule),
                   body);
  }

  Expression parse_choice(int depth) {
    Expression choice{.kind = Expression::Kind::choice};
    choice.parts.push_back(parse_sequence(depth));
    while (!failed() && take("|")) {
      skip_space(true);
      choice.parts.push_back(parse_sequence(depth));
    }
    return choice;
  }

  Expression parse_sequence(int depth) {
    Expression sequence;
    while (!failed()) {
      const char c = peek();
      if (c == '"') {
        parse_text(sequence);
      } else if (c == '[') {
        sequence.parts.push_back(parse_class());
      } else if (c == '.') {
        ++at_;
        sequence.parts.push_back(Expression::of(CharacterSet::all()));
      } else if (c == '(') {
        sequence.parts.push_back(parse_group(depth));
      } else if (is_name_character(c)) {
        sequence.parts.push_back({.kind = Expression::Kind::rule, .rule = rule_of(parse_name())});
      } else {
        return sequence;
      }
      skip_space(depth > 0);
      for (int count = 0; !failed() && parse_repetition(sequence.parts.back()); ++count) {
        if (count == kMaxRepeatsOfAPart) fail("fewer repetitions of one part");
        skip_space(depth > 0);
      }
    }
    return sequence;
  }

  Expression parse_group(int depth) {
    ++at_;
    if (depth >= kMaxGroupDepth) fail("at most " + std::to_string(kMaxGroupDepth) + " nested groups");
    if (failed()) return {};
    skip_space(true);
    Expression group = parse_choice(depth + 1);
    if (!failed() && !take(")")) fail("\")\"");
    return group;
  }

  /// A repetition counts for the whole text in quotes, as for a group.
  void parse_text(Expression& sequence) {
    ++at_;
    Expression text;
    while (!failed() && !take("\"")) {
      const auto character = parse_character();
      text.parts.push_back(Expression::of(CharacterSet().add(character)));
    }
    sequence.parts.push_back(std::move(text));
  }

  Expression parse_class() {
    ++at_;
    const bool is_negated = take("^");
    CharacterSet set;
    while (!failed() && !take("]")) {
      const char32_t first = parse_character();
      char32_t last = first;
      if (peek() == '-' && text_.substr(at_, 2) != "-]") {
        ++at_;
        last = parse_character();
      }
      if (!failed() && last < first) fail("a range whose end is not before its beginning");
      if (!failed()) set.add(first, last);
    }
    if (is_negated) set = set.complement();
    if (!failed() && set.empty()) fail("a class with at least one character");
    return Expression::of(std::move(set));
  }

  /// True when one was there.
  bool parse_repetition(Expression& item) {
    std::uint32_t min = 0;
    std::optional<std::uint32_t> max;
    if (take("+")) {
      min = 1;
    } else if (take("?")) {
      max = 1;
    } else if (take("{")) {
      skip_space(false);
      min = parse_count();
      skip_space(false);
      const bool is_range = take(",");
      skip_space(false);
      if (!is_range) max = min;
      if (is_range && peek() != '}') max = parse_count();
      skip_space(false);
      if (!failed() && !take("}")) fail("\"}\"");
      if (!failed() && max && *max < min) fail("a largest count that is not below the smallest");
    } else if (!take("*")) {
      return false;
    }
    if (!failed()) item = Expression::repeated(std::move(item), min, max);
    return !failed();
  }

  std::uint32_t parse_count() {
    std::uint32_t count = 0;
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9' && count <= kMaxRepeat) {
      count = count * 10 + static_cast<std::uint32_t>(peek() - '0');
      ++at_;
    }
    if (at_ == begin || count > kMaxRepeat) fail("a count of at most " + std::to_string(kMaxRepeat));
    return count;
  }

  char32_t parse_character() {
    if (at_ >= text_.size() || peek() == '\n') {
      fail("the end of a text or a class");
      return 0;
    }
    if (!take("\\")) {
      const Character character = first_character(text_.substr(at_));
      at_ += character.num_bytes;
      return character.value;
    }
    const char c = peek();
    ++at_;
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'x':
        return parse_hex(2);
      case 'u':
        return parse_hex(4);
      case 'U':
        return parse_hex(8);
      case '"':
      case '\\':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<char32_t>(c);
      default:
        --at_;
        fail("one of n r t x u U \" \\ [ ] - ^ after \\");
        return 0;
    }
  }

  char32_t parse_hex(std::size_t num_digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < num_digits; ++i) {
      const char c = peek();
      const bool is_digit = c >= '0' && c <= '9';
      const bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!is_digit && !is_letter) {
        fail(std::to_string(num_digits) + " hexadecimal digits");
        return 0;
      }
      value = value * 16 + static_cast<char32_t>(is_digit ? c - '0' : (c | 0x20) - 'a' + 10);
      ++at_;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      fail("a character's number");
      return 0;
    }
    return value;
  }

  /// Repetitions of repetitions nest as groups do.
  static constexpr int kMaxRepeatsOfAPart = 4;

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_{};
  GrammarBuilder builder_{};
  std::unordered_map<std::string, RuleId> rules_{};
  std::vector<bool> is_defined_{};
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view text) {
  if (text.size() > kMaxGrammarBytes) {
    return Error{Errc::too_large, "grammar: " + std::to_string(text.size()) + " bytes, at most " +
                                      std::to_string(kMaxGrammarBytes)};
  }
  if (!is_utf8(text)) return Error{Errc::malformed, "grammar: not UTF-8"};
  return GbnfParser(text).parse();
}

}  // namespace lyceum::model
