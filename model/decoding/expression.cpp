#include "model/decoding/expression.hpp"

namespace lyceum::model {
namespace {

using Kind = Expression::Kind;

void add_repetition(GrammarBuilder& builder, const ExpressionContext& context, GrammarState from,
                    GrammarState to, const Expression& expression) {
  const Expression& item = expression.parts.front();
  const bool is_counted = expression.min > 1 || expression.max.value_or(1) > 1;
  if (is_counted) {
    const RuleId rule = builder.add_rule("a repeated part", context.levels);
    ExpressionContext inner = context;
    inner.rule = rule;
    add_expression(builder, inner, builder.start_of(rule), builder.end_of(rule), item);
    builder.add_repeat(from, to, rule, expression.min, expression.max);
    return;
  }
  const GrammarState begin = builder.add_state(context.rule);
  const GrammarState end = builder.add_state(context.rule);
  builder.add_jump(from, begin);
  builder.add_jump(end, to);
  if (expression.max != 0U) add_expression(builder, context, begin, end, item);
  if (expression.min == 0) builder.add_jump(begin, end);
  if (!expression.max) builder.add_jump(end, begin);
}

}  // namespace

Expression Expression::of(CharacterSet characters) {
  return {.kind = Kind::characters, .characters = std::move(characters)};
}

Expression Expression::repeated(Expression item, std::uint32_t min, std::optional<std::uint32_t> max) {
  Expression expression{.kind = Kind::repeat, .min = min, .max = max};
  expression.parts.push_back(std::move(item));
  return expression;
}

void write_plain(GrammarBuilder& builder, GrammarState from, GrammarState to,
                 const CharacterSet& characters) {
  builder.add_characters(from, to, characters);
}

void add_expression(GrammarBuilder& builder, const ExpressionContext& context, GrammarState from,
                    GrammarState to, const Expression& expression) {
  if (builder.is_too_large()) return;
  switch (expression.kind) {
    case Kind::characters:
      context.write(builder, from, to, expression.characters);
      return;
    case Kind::rule:
      builder.add_call(from, to, expression.rule);
      return;
    case Kind::choice:
      for (const Expression& part : expression.parts) add_expression(builder, context, from, to, part);
      return;
    case Kind::repeat:
      add_repetition(builder, context, from, to, expression);
      return;
    case Kind::sequence:
      for (const Expression& part : expression.parts) {
        const GrammarState next = builder.add_state(context.rule);
        add_expression(builder, context, from, next, part);
        from = next;
      }
      builder.add_jump(from, to);
      return;
  }
}

}  // namespace lyceum::model
