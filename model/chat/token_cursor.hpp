#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/chat/lexer.hpp"

namespace lyceum::model::chat {

/// Of expressions, and of statements within statements.
inline constexpr int kMaxTemplateDepth = 100;

/// Names that are operators or words of statements, not variables.
inline bool is_operator_word(std::string_view name) {
  constexpr std::string_view kWords[] = {"and", "or", "not", "in", "is", "if", "else"};
  return std::ranges::find(kWords, name) != std::end(kWords);
}

/// A place in a template's tokens, shared by the parsers of statements and of expressions.
class TokenCursor {
 public:
  /// The last token is `end`.
  explicit TokenCursor(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& here() const { return tokens_[at_]; }

  const Token& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }

  Token take() {
    Token token = tokens_[at_];
    if (token.kind != TokenKind::end) ++at_;
    return token;
  }

  bool sees_symbol(std::string_view text) const {
    return here().kind == TokenKind::symbol && here().text == text;
  }

  bool sees_word(std::string_view text) const {
    return here().kind == TokenKind::name && here().text == text;
  }

  bool take_symbol(std::string_view text) {
    if (!sees_symbol(text)) return false;
    take();
    return true;
  }

  bool take_word(std::string_view text) {
    if (!sees_word(text)) return false;
    take();
    return true;
  }

  Error malformed(const std::string& expected) const {
    const std::string found = here().text.empty() ? std::string("the end of the tag or template")
                                                  : "\"" + here().text.substr(0, 32) + "\"";
    return {Errc::malformed,
            "line " + std::to_string(here().line) + ": expected " + expected + ", found " + found};
  }

  Result<void> expect_symbol(std::string_view text) {
    return take_symbol(text) ? ok() : Result<void>(malformed("\"" + std::string(text) + "\""));
  }

  Result<void> expect_word(std::string_view text) {
    return take_word(text) ? ok() : Result<void>(malformed("\"" + std::string(text) + "\""));
  }

  Result<std::string> expect_name() {
    if (here().kind != TokenKind::name || is_operator_word(here().text)) return malformed("a name");
    return take().text;
  }

  Result<void> expect_end(TokenKind kind) {
    if (here().kind != kind) return malformed("the end of the tag");
    take();
    return ok();
  }

  /// One level deeper, until `leave`.
  Result<void> enter() {
    if (++depth_ > kMaxTemplateDepth) {
      return Error{Errc::too_large, "line " + std::to_string(here().line) + ": expected nesting up to " +
                                        std::to_string(kMaxTemplateDepth)};
    }
    return ok();
  }

  void leave() { --depth_; }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace lyceum::model::chat
