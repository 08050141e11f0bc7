#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/chat/builtins.hpp"
#include "model/chat/syntax.hpp"
#include "model/chat/value.hpp"

namespace lyceum::model::chat {

/// Statements and expressions within each other while a template runs, macros included.
inline constexpr int kMaxRenderDepth = 600;

/// Runs one template once. Borrows the syntax tree and the heap.
class Renderer {
 public:
  using Scope = std::map<std::string_view, Value>;

  /// `unix_time_s`: what strftime_now says, in UTC.
  Renderer(Heap& heap, Scope variables, std::int64_t unix_time_s);

  /// invalid_argument for what the template refuses or does with a value that does not permit it, unsupported
  /// for what this subset lacks, too_large over the limits; all with the line.
  Result<MarkedText> render(const Block& block);

 private:
  enum class Flow { next, leave_loop, next_turn };

  // renderer.cpp: statements.
  Result<Flow> run_block(const Block& block);
  Result<Flow> run(const Statement& statement);
  Result<void> write(const MarkedText& text);
  Result<void> assign(const Statement& statement);
  Result<void> assign_value(const std::vector<std::string>& names, const Value& value);
  Result<void> assign_block(const Statement& statement);
  Result<Flow> run_condition(const Statement& statement);
  Result<Flow> run_loop(const Statement& statement);
  Result<List> loop_elements(const Statement& statement);
  Result<Value> call_macro(const Statement& macro, const CallArguments& arguments);
  Result<MarkedText> written_by(const Block& block);

  // expressions.cpp
  Result<Value> evaluate(const Expression& expression);
  Result<Value> evaluate_literal(const Expression& expression);
  Result<Value> evaluate_access(const Expression& expression);
  Result<Value> evaluate_logic(const Expression& expression);
  Result<Value> evaluate_operator(const Expression& expression);
  Result<Value> evaluate_call(const Expression& expression);
  Result<Value> evaluate_optional(const ExpressionPtr& expression);
  Result<Value> make_dict(const Expression& expression);
  Result<Value> call_value(const Value& callee, const Expression& expression, const CallArguments& arguments);
  Result<Value> format_time(const CallArguments& arguments);
  Result<CallArguments> arguments_of(const Expression& expression);
  Value look_up(std::string_view name) const;
  Result<void> enter();

  Heap& heap_;
  std::vector<Scope> scopes_;    ///< The first is the template's own
  std::size_t frame_begin_ = 0;  ///< Of the macro that runs: it sees scopes from here, and the first
  MarkedText* out_ = nullptr;
  std::int64_t unix_time_s_;
  int depth_ = 0;
};

}  // namespace lyceum::model::chat
