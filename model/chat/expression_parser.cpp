#include "model/chat/expression_parser.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lyceum::model::chat {
namespace {

/// The grammar, loosest operator first.
class Grammar {
 public:
  using Node = Result<ExpressionPtr>;

  explicit Grammar(TokenCursor& cursor) : cursor_(cursor) {}

  /// One expression, or with commas a list.
  Node parse_tuple() {
    TRY(ExpressionPtr first, parse_expression());
    if (!cursor_.sees_symbol(",")) return first;
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(first));
    while (cursor_.take_symbol(",")) {
      if (cursor_.here().kind == TokenKind::output_end || cursor_.here().kind == TokenKind::block_end ||
          cursor_.sees_symbol(")"))
        break;
      TRY(ExpressionPtr next, parse_expression());
      children.push_back(std::move(next));
    }
    TRY(auto out, node(ExpressionKind::list, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_expression() {
    TRY_OK(cursor_.enter());
    TRY(ExpressionPtr value, parse_or());
    while (cursor_.take_word("if")) {
      TRY(ExpressionPtr condition, parse_or());
      ExpressionPtr otherwise;
      if (cursor_.take_word("else")) {
        TRY(otherwise, parse_expression());
      }
      std::vector<ExpressionPtr> children;
      children.push_back(std::move(condition));
      children.push_back(std::move(value));
      children.push_back(std::move(otherwise));
      TRY(value, node(ExpressionKind::conditional, std::move(children)));
    }
    cursor_.leave();
    return value;
  }

  Node parse_or() {
    TRY(ExpressionPtr left, parse_and());
    while (cursor_.take_word("or")) {
      TRY(ExpressionPtr right, parse_and());
      TRY(left, binary(ExpressionKind::logical_or, std::move(left), std::move(right)));
    }
    return left;
  }

 private:
  Result<std::unique_ptr<Expression>> node(ExpressionKind kind, std::vector<ExpressionPtr> children = {},
                                           std::string text = {}) const {
    auto out = std::make_unique<Expression>();
    out->kind = kind;
    out->line = cursor_.here().line;
    out->text = std::move(text);
    out->children = std::move(children);
    return limited(std::move(out));
  }

  /// Chains are as deep as they are long; walking them must not exhaust the stack.
  Result<std::unique_ptr<Expression>> limited(std::unique_ptr<Expression> expression) const {
    for (const ExpressionPtr& child : expression->children) {
      if (child) expression->depth = std::max(expression->depth, child->depth + 1);
    }
    for (const Argument& argument : expression->arguments)
      expression->depth = std::max(expression->depth, argument.value->depth + 1);
    if (expression->depth > kMaxTemplateDepth) {
      return Error{Errc::too_large, "line " + std::to_string(cursor_.here().line) +
                                        ": expected expressions with at most " +
                                        std::to_string(kMaxTemplateDepth) + " operators in a chain"};
    }
    return expression;
  }

  Node binary(ExpressionKind kind, ExpressionPtr left, ExpressionPtr right, std::string text = {}) const {
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(left));
    children.push_back(std::move(right));
    TRY(auto out, node(kind, std::move(children), std::move(text)));
    return ExpressionPtr(std::move(out));
  }

  Node unary(ExpressionKind kind, ExpressionPtr operand) const {
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(operand));
    TRY(auto out, node(kind, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_and() {
    TRY(ExpressionPtr left, parse_not());
    while (cursor_.take_word("and")) {
      TRY(ExpressionPtr right, parse_not());
      TRY(left, binary(ExpressionKind::logical_and, std::move(left), std::move(right)));
    }
    return left;
  }

  Node parse_not() {
    if (!cursor_.take_word("not")) return parse_comparison();
    TRY_OK(cursor_.enter());
    TRY(ExpressionPtr operand, parse_not());
    cursor_.leave();
    return unary(ExpressionKind::logical_not, std::move(operand));
  }

  std::optional<std::string> take_comparison() {
    for (const std::string_view each : {"==", "!=", "<=", ">=", "<", ">"}) {
      if (cursor_.take_symbol(each)) return std::string(each);
    }
    if (cursor_.take_word("in")) return "in";
    if (cursor_.sees_word("not") && cursor_.after().kind == TokenKind::name && cursor_.after().text == "in") {
      cursor_.take();
      cursor_.take();
      return "not in";
    }
    return std::nullopt;
  }

  /// One comparison; chains of them are not Jinja that templates use.
  Node parse_comparison() {
    TRY(ExpressionPtr left, parse_sum());
    const auto symbol = take_comparison();
    if (!symbol) return left;
    TRY(ExpressionPtr right, parse_sum());
    if (take_comparison())
      return Error{Errc::unsupported,
                   "line " + std::to_string(cursor_.here().line) + ": chained comparisons"};
    return binary(ExpressionKind::compare, std::move(left), std::move(right), *symbol);
  }

  Node parse_sum() {
    TRY(ExpressionPtr left, parse_concat());
    while (cursor_.sees_symbol("+") || cursor_.sees_symbol("-")) {
      std::string symbol = cursor_.take().text;
      TRY(ExpressionPtr right, parse_concat());
      TRY(left, binary(ExpressionKind::arithmetic, std::move(left), std::move(right), std::move(symbol)));
    }
    return left;
  }

  Node parse_concat() {
    TRY(ExpressionPtr first, parse_product());
    if (!cursor_.sees_symbol("~")) return first;
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(first));
    while (cursor_.take_symbol("~")) {
      TRY(ExpressionPtr next, parse_product());
      children.push_back(std::move(next));
    }
    TRY(auto out, node(ExpressionKind::concat, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_product() {
    TRY(ExpressionPtr left, parse_power());
    while (cursor_.sees_symbol("*") || cursor_.sees_symbol("/") || cursor_.sees_symbol("//") ||
           cursor_.sees_symbol("%")) {
      std::string symbol = cursor_.take().text;
      TRY(ExpressionPtr right, parse_power());
      TRY(left, binary(ExpressionKind::arithmetic, std::move(left), std::move(right), std::move(symbol)));
    }
    return left;
  }

  Node parse_power() {
    TRY(ExpressionPtr left, parse_unary(true));
    while (cursor_.take_symbol("**")) {
      TRY(ExpressionPtr right, parse_unary(true));
      TRY(left, binary(ExpressionKind::arithmetic, std::move(left), std::move(right), "**"));
    }
    return left;
  }

  Node parse_unary(bool takes_filters) {
    ExpressionPtr value;
    if (cursor_.sees_symbol("-") || cursor_.sees_symbol("+")) {
      const bool is_minus = cursor_.take().text == "-";
      TRY_OK(cursor_.enter());
      TRY(value, parse_unary(false));
      cursor_.leave();
      if (is_minus) {
        TRY(value, unary(ExpressionKind::negate, std::move(value)));
      }
    } else {
      TRY(value, parse_primary());
    }
    TRY(value, parse_postfix(std::move(value)));
    return takes_filters ? parse_filters(std::move(value)) : Node(std::move(value));
  }

  Node parse_postfix(ExpressionPtr value) {
    while (true) {
      if (cursor_.take_symbol(".")) {
        TRY(value, parse_attribute(std::move(value)));
      } else if (cursor_.take_symbol("[")) {
        TRY(value, parse_subscript(std::move(value)));
      } else if (cursor_.sees_symbol("(")) {
        std::vector<ExpressionPtr> children;
        children.push_back(std::move(value));
        TRY(value, with_arguments(ExpressionKind::call, std::move(children), ""));
      } else {
        return value;
      }
    }
  }

  Node parse_attribute(ExpressionPtr value) {
    std::vector<ExpressionPtr> children;
    if (cursor_.here().kind == TokenKind::integer) {
      TRY(ExpressionPtr position, parse_primary());
      return binary(ExpressionKind::index, std::move(value), std::move(position));
    }
    if (cursor_.here().kind != TokenKind::name) return cursor_.malformed("a name after \".\"");
    std::string name = cursor_.take().text;
    children.push_back(std::move(value));
    if (cursor_.sees_symbol("("))
      return with_arguments(ExpressionKind::method, std::move(children), std::move(name));
    TRY(auto out, node(ExpressionKind::attribute, std::move(children), std::move(name)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_subscript(ExpressionPtr value) {
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(value));
    bool is_slice = false;
    while (true) {
      ExpressionPtr part;
      if (!cursor_.sees_symbol(":") && !cursor_.sees_symbol("]")) {
        TRY(part, parse_expression());
      }
      children.push_back(std::move(part));
      if (children.size() > 3 || !cursor_.take_symbol(":")) break;
      is_slice = true;
    }
    TRY_OK(cursor_.expect_symbol("]"));
    if (!is_slice && children[1] == nullptr) return cursor_.malformed("an index before \"]\"");
    if (is_slice) children.resize(4);
    TRY(auto out, node(is_slice ? ExpressionKind::slice : ExpressionKind::index, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  /// "(", arguments and ")", or nothing.
  Node with_arguments(ExpressionKind kind, std::vector<ExpressionPtr> children, std::string text) {
    TRY(auto out, node(kind, std::move(children), std::move(text)));
    if (cursor_.take_symbol("(")) {
      while (!cursor_.sees_symbol(")")) {
        Argument argument;
        const bool is_named = cursor_.here().kind == TokenKind::name &&
                              cursor_.after().kind == TokenKind::symbol && cursor_.after().text == "=";
        if (is_named) {
          argument.name = cursor_.take().text;
          cursor_.take();
        }
        TRY(argument.value, parse_expression());
        out->arguments.push_back(std::move(argument));
        if (!cursor_.take_symbol(",")) break;
      }
      TRY_OK(cursor_.expect_symbol(")"));
    }
    TRY(out, limited(std::move(out)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_filters(ExpressionPtr value) {
    while (true) {
      std::vector<ExpressionPtr> children;
      if (cursor_.take_symbol("|")) {
        TRY(std::string name, cursor_.expect_name());
        children.push_back(std::move(value));
        TRY(value, with_arguments(ExpressionKind::filter, std::move(children), std::move(name)));
      } else if (cursor_.take_word("is")) {
        TRY(value, parse_test(std::move(value)));
      } else if (cursor_.sees_symbol("(")) {
        TRY(value, parse_postfix(std::move(value)));
      } else {
        return value;
      }
    }
  }

  Node parse_test(ExpressionPtr value) {
    const bool is_negated = cursor_.take_word("not");
    std::string name = cursor_.here().text;
    if (cursor_.here().kind != TokenKind::name && !cursor_.sees_symbol("==") && !cursor_.sees_symbol("!="))
      return cursor_.malformed("a test's name");
    cursor_.take();
    std::vector<ExpressionPtr> children;
    children.push_back(std::move(value));
    const bool has_bare_argument =
        (cursor_.here().kind == TokenKind::name && !is_operator_word(cursor_.here().text)) ||
        cursor_.here().kind == TokenKind::text || cursor_.here().kind == TokenKind::integer;
    ExpressionPtr test;
    if (has_bare_argument) {
      TRY(auto out, node(ExpressionKind::test, std::move(children), std::move(name)));
      Argument argument;
      TRY(argument.value, parse_primary());
      out->arguments.push_back(std::move(argument));
      TRY(test, limited(std::move(out)));
    } else {
      TRY(test, with_arguments(ExpressionKind::test, std::move(children), std::move(name)));
    }
    return is_negated ? unary(ExpressionKind::logical_not, std::move(test)) : Node(std::move(test));
  }

  Node parse_primary() {
    if (cursor_.take_symbol("(")) return parse_parenthesis();
    if (cursor_.take_symbol("[")) return parse_list();
    if (cursor_.take_symbol("{")) return parse_dict();
    const TokenKind kind = cursor_.here().kind;
    if (kind == TokenKind::integer || kind == TokenKind::number) return parse_number();
    if (kind == TokenKind::text) {
      TRY(auto out, node(ExpressionKind::text));
      while (cursor_.here().kind == TokenKind::text) out->text += cursor_.take().text;
      return ExpressionPtr(std::move(out));
    }
    TRY(std::string name, cursor_.expect_name());
    const bool is_true = name == "true" || name == "True";
    if (is_true || name == "false" || name == "False") {
      TRY(auto out, node(ExpressionKind::boolean));
      out->boolean = is_true;
      return ExpressionPtr(std::move(out));
    }
    const bool is_none = name == "none" || name == "None";
    TRY(auto out, node(is_none ? ExpressionKind::none : ExpressionKind::name, {}, std::move(name)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_parenthesis() {
    if (cursor_.take_symbol(")")) {
      TRY(auto out, node(ExpressionKind::list));
      return ExpressionPtr(std::move(out));
    }
    TRY(ExpressionPtr value, parse_tuple());
    TRY_OK(cursor_.expect_symbol(")"));
    return value;
  }

  Node parse_list() {
    std::vector<ExpressionPtr> children;
    while (!cursor_.sees_symbol("]")) {
      TRY(ExpressionPtr element, parse_expression());
      children.push_back(std::move(element));
      if (!cursor_.take_symbol(",")) break;
    }
    TRY_OK(cursor_.expect_symbol("]"));
    TRY(auto out, node(ExpressionKind::list, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_dict() {
    std::vector<ExpressionPtr> children;
    while (!cursor_.sees_symbol("}")) {
      TRY(ExpressionPtr key, parse_expression());
      TRY_OK(cursor_.expect_symbol(":"));
      TRY(ExpressionPtr value, parse_expression());
      children.push_back(std::move(key));
      children.push_back(std::move(value));
      if (!cursor_.take_symbol(",")) break;
    }
    TRY_OK(cursor_.expect_symbol("}"));
    TRY(auto out, node(ExpressionKind::dict, std::move(children)));
    return ExpressionPtr(std::move(out));
  }

  Node parse_number() {
    const bool is_integer = cursor_.here().kind == TokenKind::integer;
    TRY(auto out, node(is_integer ? ExpressionKind::integer : ExpressionKind::number));
    const std::string& text = cursor_.here().text;
    const char* const end = text.data() + text.size();
    const auto parsed = is_integer ? std::from_chars(text.data(), end, out->integer)
                                   : std::from_chars(text.data(), end, out->number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return cursor_.malformed("a number within 64 bits");
    cursor_.take();
    return ExpressionPtr(std::move(out));
  }

  TokenCursor& cursor_;
};

}  // namespace

Result<ExpressionPtr> ExpressionParser::parse_tuple() {
  return Grammar(cursor_).parse_tuple();
}

Result<ExpressionPtr> ExpressionParser::parse_expression() {
  return Grammar(cursor_).parse_expression();
}

Result<ExpressionPtr> ExpressionParser::parse_without_condition() {
  return Grammar(cursor_).parse_or();
}

}  // namespace lyceum::model::chat
