#include <algorithm>
#include <regex>

#include "tests/tidy/rules.hpp"

namespace lyceum::tidy {
namespace {

/// Where a raw string literal that opens at `quote` ends (just past it), or npos when it is none.
std::size_t raw_string_end(std::string_view text, std::size_t quote) {
  if (quote == 0 || text[quote - 1] != 'R') return std::string_view::npos;
  const auto open = text.find('(', quote);
  if (open == std::string_view::npos) return std::string_view::npos;
  const std::string closing = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
  const auto end = text.find(closing, open);
  return end == std::string_view::npos ? text.size() : end + closing.size();
}

/// 1'000 holds a separator; U'a' begins a literal: a number begins with a digit.
bool is_digit_separator(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) || text[begin - 1] == '\''))
    --begin;
  return begin < at && std::isdigit(static_cast<unsigned char>(text[begin]));
}

/// Where the construct that starts at `at` ends: a comment or a literal; `at` itself when there is none.
std::size_t skipped_until(std::string_view text, std::size_t at) {
  if (text.compare(at, 2, "//") == 0) return std::min(text.find('\n', at), text.size());
  if (text.compare(at, 2, "/*") == 0) {
    const auto end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  const char quote = text[at];
  if (quote != '"' && quote != '\'') return at;
  if (quote == '\'' && is_digit_separator(text, at)) return at;
  if (const auto end = raw_string_end(text, at); quote == '"' && end != std::string_view::npos) return end;
  std::size_t end = at + 1;
  while (end < text.size() && text[end] != quote && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
  return std::min(end + 1, text.size());
}

/// What stands between the previous statement or brace and the brace at hand.
bool opens_function(const std::string& head) {
  static const std::regex other(
      R"(^\s*(namespace|class|struct|enum|union|extern)\b|[^=!<>]=\s*$|\breturn\s*$)");
  static const std::regex control(R"(^\s*(if|for|while|switch|do|else|try|catch)\b)");
  return head.find('(') != std::string::npos && !std::regex_search(head, other) &&
         !std::regex_search(head, control);
}

std::string function_name(const std::string& head) {
  static const std::regex name(R"(([A-Za-z_~][\w:~]*)\s*\()");
  std::smatch match;
  return std::regex_search(head, match, name) ? match[1].str() : "?";
}

}  // namespace

std::string strip_comments_and_literals(std::string_view text) {
  std::string stripped(text);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = skipped_until(text, at);
    for (std::size_t i = at; i < end; ++i) {
      if (stripped[i] != '\n') stripped[i] = ' ';
    }
    at = end > at ? end : at + 1;
  }
  return stripped;
}

namespace {

/// Blanks preprocessor directives, with the lines that continue them.
std::string blank_directives(std::string text) {
  bool is_directive = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::size_t first = text.find_first_not_of(" \t", begin);
    is_directive = is_directive || (first < end && text[first] == '#');
    const bool continues = end > begin && text[end - 1] == '\\';
    if (is_directive)
      std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
                text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    is_directive = is_directive && continues;
    begin = end + 1;
  }
  return text;
}

}  // namespace

std::vector<Function> find_functions(std::string_view text) {
  std::vector<Function> functions;
  std::string head;
  std::size_t line = 1;
  std::size_t depth_in_function = 0;
  Function current;
  const std::string code = blank_directives(strip_comments_and_literals(text));
  for (const char c : code) {
    if (c == '\n') ++line;
    if (depth_in_function > 0) {
      if (c == '{') ++depth_in_function;
      if (c == '}' && --depth_in_function == 0) {
        current.num_lines = line - current.line + 1;
        functions.push_back(current);
      }
      continue;
    }
    if (c == '{' && opens_function(head)) {
      depth_in_function = 1;
      current = {function_name(head), line, 0};
    }
    const bool ends_head = c == '{' || c == '}' || c == ';';
    head = ends_head ? std::string() : head + c;
  }
  return functions;
}

}  // namespace lyceum::tidy
