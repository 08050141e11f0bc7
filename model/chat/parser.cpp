#include "model/chat/parser.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "model/chat/expression_parser.hpp"
#include "model/chat/lexer.hpp"
#include "model/chat/token_cursor.hpp"

namespace lyceum::model::chat {
namespace {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : cursor_(std::move(tokens)) {}

  /// The whole template.
  Result<Block> parse() { return parse_block({}); }

 private:
  bool ends_block(std::initializer_list<std::string_view> ends) const {
    if (cursor_.here().kind != TokenKind::block_begin || cursor_.after().kind != TokenKind::name)
      return false;
    return std::ranges::find(ends, cursor_.after().text) != ends.end();
  }

  /// Up to a tag that begins with one of `ends`, which stays; or up to the template's end when there are
  /// none.
  Result<Block> parse_block(std::initializer_list<std::string_view> ends) {
    TRY_OK(cursor_.enter());
    Block block;
    while (cursor_.here().kind != TokenKind::end && !ends_block(ends)) TRY_OK(parse_part(block));
    if (cursor_.here().kind == TokenKind::end && ends.size() > 0)
      return cursor_.malformed("{% " + std::string(*(ends.end() - 1)) + " %}");
    cursor_.leave();
    return block;
  }

  Result<void> parse_part(Block& block) {
    const Token token = cursor_.take();
    if (token.kind == TokenKind::data) {
      block.push_back({.kind = StatementKind::text, .line = token.line, .text = token.text});
      return ok();
    }
    if (token.kind == TokenKind::output_begin) {
      Statement statement{.kind = StatementKind::output, .line = token.line};
      TRY(statement.expression, expressions_.parse_tuple());
      block.push_back(std::move(statement));
      return cursor_.expect_end(TokenKind::output_end);
    }
    const std::string word = cursor_.here().text;
    if (cursor_.here().kind != TokenKind::name) return cursor_.malformed("a statement's name");
    cursor_.take();
    if (word == "generation") return parse_generation(block);
    Statement statement{.line = token.line};
    TRY_OK(parse_statement(word, statement));
    block.push_back(std::move(statement));
    return cursor_.expect_end(TokenKind::block_end);
  }

  Result<void> parse_statement(const std::string& word, Statement& statement) {
    if (word == "set") return parse_set(statement);
    if (word == "if") return parse_if(statement);
    if (word == "for") return parse_for(statement);
    if (word == "macro") return parse_macro(statement);
    if (word == "break" || word == "continue") {
      if (num_loops_ == 0) return cursor_.malformed("\"" + word + "\" within a loop only");
      statement.kind = word == "break" ? StatementKind::break_loop : StatementKind::continue_loop;
      return ok();
    }
    return Error{Errc::unsupported, "line " + std::to_string(statement.line) + ": statement \"" +
                                        word.substr(0, 32) +
                                        "\"; known are set, if, for, macro, generation, break, continue"};
  }

  /// Marks what an assistant wrote, for training only; its body is written as it stands.
  Result<void> parse_generation(Block& block) {
    TRY_OK(cursor_.expect_end(TokenKind::block_end));
    TRY(Block body, parse_block({"endgeneration"}));
    TRY_OK(end_tag("endgeneration"));
    for (Statement& each : body) block.push_back(std::move(each));
    return cursor_.expect_end(TokenKind::block_end);
  }

  /// "{% word", its end still to come.
  Result<void> end_tag(std::string_view word) {
    TRY_OK(cursor_.expect_end(TokenKind::block_begin));
    return cursor_.expect_word(word);
  }

  Result<void> parse_set(Statement& statement) {
    TRY(statement.names, parse_targets());
    statement.kind = StatementKind::assign;
    if (statement.names.size() == 1 && cursor_.take_symbol(".")) {
      TRY(statement.text, cursor_.expect_name());
    }
    if (cursor_.take_symbol("=")) {
      TRY(statement.expression, expressions_.parse_tuple());
      return ok();
    }
    if (statement.names.size() != 1 || !statement.text.empty()) return cursor_.malformed("\"=\"");
    statement.kind = StatementKind::assign_block;
    TRY_OK(cursor_.expect_end(TokenKind::block_end));
    TRY(statement.body, parse_block({"endset"}));
    return end_tag("endset");
  }

  Result<std::vector<std::string>> parse_targets() {
    std::vector<std::string> names;
    const bool has_parenthesis = cursor_.take_symbol("(");
    do {
      TRY(std::string name, cursor_.expect_name());
      names.push_back(std::move(name));
    } while (cursor_.take_symbol(","));
    if (has_parenthesis) TRY_OK(cursor_.expect_symbol(")"));
    return names;
  }

  Result<void> parse_if(Statement& statement) {
    statement.kind = StatementKind::condition;
    Branch branch;
    TRY(branch.condition, expressions_.parse_tuple());
    while (true) {
      TRY_OK(cursor_.expect_end(TokenKind::block_end));
      const bool is_else = branch.condition == nullptr;
      TRY(branch.body, is_else ? parse_block({"endif"}) : parse_block({"elif", "else", "endif"}));
      statement.branches.push_back(std::move(branch));
      branch = {};
      TRY_OK(cursor_.expect_end(TokenKind::block_begin));
      if (cursor_.take_word("endif")) return ok();
      if (cursor_.take_word("elif")) {
        TRY(branch.condition, expressions_.parse_tuple());
      } else {
        TRY_OK(cursor_.expect_word("else"));
      }
    }
  }

  Result<void> parse_for(Statement& statement) {
    statement.kind = StatementKind::loop;
    TRY(statement.names, parse_targets());
    TRY_OK(cursor_.expect_word("in"));
    // "if" after the iterable filters; it is no conditional expression.
    TRY(statement.expression, expressions_.parse_without_condition());
    if (cursor_.take_word("if")) {
      TRY(statement.filter, expressions_.parse_expression());
    }
    if (cursor_.sees_word("recursive"))
      return Error{Errc::unsupported, "line " + std::to_string(cursor_.here().line) + ": recursive loops"};
    TRY_OK(cursor_.expect_end(TokenKind::block_end));
    ++num_loops_;
    TRY(statement.body, parse_block({"else", "endfor"}));
    --num_loops_;
    TRY_OK(cursor_.expect_end(TokenKind::block_begin));
    if (!cursor_.take_word("else")) return cursor_.expect_word("endfor");
    TRY_OK(cursor_.expect_end(TokenKind::block_end));
    TRY(statement.otherwise, parse_block({"endfor"}));
    return end_tag("endfor");
  }

  Result<void> parse_macro(Statement& statement) {
    statement.kind = StatementKind::macro;
    TRY(statement.text, cursor_.expect_name());
    TRY_OK(cursor_.expect_symbol("("));
    while (!cursor_.sees_symbol(")")) {
      TRY(std::string name, cursor_.expect_name());
      statement.names.push_back(std::move(name));
      ExpressionPtr fallback;
      if (cursor_.take_symbol("=")) {
        TRY(fallback, expressions_.parse_expression());
      }
      statement.defaults.push_back(std::move(fallback));
      if (!cursor_.take_symbol(",")) break;
    }
    TRY_OK(cursor_.expect_symbol(")"));
    TRY_OK(cursor_.expect_end(TokenKind::block_end));
    const int num_loops = std::exchange(num_loops_, 0);
    TRY(statement.body, parse_block({"endmacro"}));
    num_loops_ = num_loops;
    return end_tag("endmacro");
  }

  TokenCursor cursor_;
  ExpressionParser expressions_{cursor_};
  int num_loops_ = 0;
};

}  // namespace

Result<Block> parse_template(std::string_view source) {
  TRY(auto tokens, tokenize_template(source));
  return Parser(std::move(tokens)).parse();
}

}  // namespace lyceum::model::chat
