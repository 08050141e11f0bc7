#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

/// A template's syntax tree: the subset of Jinja that published chat templates use.
namespace lyceum::model::chat {

enum class ExpressionKind : std::uint8_t {
  text,
  integer,
  number,
  boolean,
  none,
  name,
  list,       ///< Tuples too
  dict,       ///< Key, value, key, value …
  attribute,  ///< children[0].text
  index,      ///< children[0][children[1]]
  slice,      ///< children[0][children[1]:children[2]:children[3]], any of the three may be null
  call,       ///< children[0](arguments)
  method,     ///< children[0].text(arguments)
  filter,     ///< children[0] | text(arguments)
  test,       ///< children[0] is text(arguments)
  negate,
  logical_not,
  logical_and,
  logical_or,
  compare,  ///< children[0] text children[1]
  arithmetic,
  concat,      ///< All children as text
  conditional  ///< children[1] if children[0] else children[2], which may be null
};

struct Expression;
using ExpressionPtr = std::unique_ptr<const Expression>;

struct Argument {
  std::string name{};  ///< Empty: by position
  ExpressionPtr value{};
};

struct Expression {
  ExpressionKind kind = ExpressionKind::none;
  int line = 0;
  int depth = 1;       ///< Of the tree below, this included
  std::string text{};  ///< A literal, a name or an operator
  std::int64_t integer = 0;
  double number = 0.0;
  bool boolean = false;
  std::vector<ExpressionPtr> children{};
  std::vector<Argument> arguments{};
};

enum class StatementKind : std::uint8_t {
  text,
  output,
  assign,        ///< names = expression, or the one name.text = expression
  assign_block,  ///< names[0] = what the body writes
  condition,
  loop,
  macro,
  break_loop,
  continue_loop
};

struct Branch;
struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  StatementKind kind = StatementKind::text;
  int line = 0;
  std::string text{};                ///< Written as it is; an attribute; a macro's name
  std::vector<std::string> names{};  ///< What is assigned; a macro's parameters
  ExpressionPtr expression{};        ///< Written, assigned, or looped over
  ExpressionPtr filter{};            ///< Of a loop: only elements for which it holds
  std::vector<Branch> branches;
  Block body;
  Block otherwise;                        ///< Of a loop without a turn
  std::vector<ExpressionPtr> defaults{};  ///< One a parameter; null: none
};

struct Branch {
  ExpressionPtr condition;  ///< Null: else
  Block body;
};

}  // namespace lyceum::model::chat
