#include <array>
#include <ctime>

#include "model/chat/renderer.hpp"

namespace lyceum::model::chat {

Value Renderer::look_up(std::string_view name) const {
  for (std::size_t i = scopes_.size(); i > frame_begin_; --i) {
    if (const auto found = scopes_[i - 1].find(name); found != scopes_[i - 1].end()) return found->second;
  }
  const auto found = scopes_.front().find(name);
  return found == scopes_.front().end() ? Value() : found->second;
}

Result<Value> Renderer::evaluate(const Expression& expression) {
  TRY_OK(enter());
  Result<Value> value;
  switch (expression.kind) {
    case ExpressionKind::text:
    case ExpressionKind::integer:
    case ExpressionKind::number:
    case ExpressionKind::boolean:
    case ExpressionKind::none:
    case ExpressionKind::list:
    case ExpressionKind::dict:
      value = evaluate_literal(expression);
      break;
    case ExpressionKind::name:
      value = look_up(expression.text);
      break;
    case ExpressionKind::attribute:
    case ExpressionKind::index:
    case ExpressionKind::slice:
      value = evaluate_access(expression);
      break;
    case ExpressionKind::call:
    case ExpressionKind::method:
    case ExpressionKind::filter:
    case ExpressionKind::test:
      value = evaluate_call(expression);
      break;
    case ExpressionKind::logical_not:
    case ExpressionKind::logical_and:
    case ExpressionKind::logical_or:
    case ExpressionKind::conditional:
      value = evaluate_logic(expression);
      break;
    case ExpressionKind::negate:
    case ExpressionKind::compare:
    case ExpressionKind::arithmetic:
    case ExpressionKind::concat:
      value = evaluate_operator(expression);
      break;
  }
  --depth_;
  return value;
}

Result<Value> Renderer::evaluate_literal(const Expression& expression) {
  if (expression.kind == ExpressionKind::text) return heap_.text(expression.text, true);
  if (expression.kind == ExpressionKind::integer) return Value(expression.integer);
  if (expression.kind == ExpressionKind::number) return Value(expression.number);
  if (expression.kind == ExpressionKind::boolean) return Value(expression.boolean);
  if (expression.kind == ExpressionKind::none) return Value(None{});
  if (expression.kind == ExpressionKind::dict) return make_dict(expression);
  List elements;
  for (const ExpressionPtr& child : expression.children) {
    TRY(const Value element, evaluate(*child));
    elements.push_back(element);
  }
  return heap_.list(std::move(elements));
}

Result<Value> Renderer::make_dict(const Expression& expression) {
  Dict dict;
  for (std::size_t i = 0; i < expression.children.size(); i += 2) {
    TRY(const Value key, evaluate(*expression.children[i]));
    TRY(const Value value, evaluate(*expression.children[i + 1]));
    if (key.text() == nullptr) return Error{Errc::unsupported, "a mapping with keys that are no texts"};
    TRY_OK(heap_.spend(1 + dict.entries.size() / 16));
    dict.set(*key.text(), value);
  }
  TRY(Dict* const made, heap_.dict(std::move(dict)));
  return Value(made);
}

Result<Value> Renderer::evaluate_optional(const ExpressionPtr& expression) {
  return expression == nullptr ? Result<Value>(Value()) : evaluate(*expression);
}

Result<Value> Renderer::evaluate_access(const Expression& expression) {
  TRY(const Value value, evaluate(*expression.children[0]));
  if (expression.kind == ExpressionKind::attribute) return attribute_of(value, expression.text, heap_);
  TRY(const Value begin, evaluate_optional(expression.children[1]));
  if (expression.kind == ExpressionKind::index) return element_of(value, begin, heap_);
  TRY(const Value end, evaluate_optional(expression.children[2]));
  TRY(const Value step, evaluate_optional(expression.children[3]));
  return slice_of(value, begin, end, step, heap_);
}

Result<Value> Renderer::evaluate_logic(const Expression& expression) {
  TRY(const Value first, evaluate(*expression.children[0]));
  const bool holds = is_true(first);
  if (expression.kind == ExpressionKind::logical_not) return Value(!holds);
  if (expression.kind == ExpressionKind::logical_and)
    return holds ? evaluate(*expression.children[1]) : first;
  if (expression.kind == ExpressionKind::logical_or) return holds ? first : evaluate(*expression.children[1]);
  return holds ? evaluate(*expression.children[1]) : evaluate_optional(expression.children[2]);
}

Result<Value> Renderer::evaluate_operator(const Expression& expression) {
  if (expression.kind == ExpressionKind::concat) {
    MarkedText out;
    for (const ExpressionPtr& child : expression.children) {
      TRY(const Value value, evaluate(*child));
      TRY(const MarkedText text, text_of(value, heap_));
      out += text;
    }
    return heap_.text(std::move(out));
  }
  TRY(const Value a, evaluate(*expression.children[0]));
  if (expression.kind == ExpressionKind::negate) return calculate("-", Value(std::int64_t{0}), a, heap_);
  TRY(const Value b, evaluate(*expression.children[1]));
  const std::string_view symbol = expression.text;
  if (expression.kind == ExpressionKind::arithmetic) return calculate(symbol, a, b, heap_);
  if (symbol == "==" || symbol == "!=") {
    TRY(const bool is_same, is_equal(a, b, heap_));
    return Value(is_same == (symbol == "=="));
  }
  if (symbol == "in" || symbol == "not in") {
    TRY(const bool is_in, contains(b, a, heap_));
    return Value(is_in == (symbol == "in"));
  }
  TRY(const int order, compare(a, b));
  if (symbol == "<") return Value(order < 0);
  if (symbol == "<=") return Value(order <= 0);
  return Value(symbol == ">" ? order > 0 : order >= 0);
}

Result<CallArguments> Renderer::arguments_of(const Expression& expression) {
  CallArguments arguments;
  for (const Argument& argument : expression.arguments) {
    TRY(const Value value, evaluate(*argument.value));
    if (argument.name.empty()) {
      arguments.positional.push_back(value);
    } else {
      arguments.named.emplace_back(argument.name, value);
    }
  }
  return arguments;
}

Result<Value> Renderer::evaluate_call(const Expression& expression) {
  TRY(const Value subject, evaluate(*expression.children[0]));
  TRY(const CallArguments arguments, arguments_of(expression));
  if (expression.kind == ExpressionKind::filter)
    return apply_filter(expression.text, subject, arguments, heap_);
  if (expression.kind == ExpressionKind::test) {
    TRY(const bool holds, apply_test(expression.text, subject, arguments, heap_));
    return Value(holds);
  }
  if (expression.kind == ExpressionKind::method) {
    const Value* member = subject.dict() == nullptr ? nullptr : subject.dict()->find(expression.text);
    const bool is_macro = member != nullptr && member->is<const Statement*>();
    if (!is_macro) return call_method(expression.text, subject, arguments, heap_);
    return call_value(*member, expression, arguments);
  }
  return call_value(subject, expression, arguments);
}

Result<Value> Renderer::call_value(const Value& callee, const Expression& expression,
                                   const CallArguments& arguments) {
  if (const auto* macro = callee.find<const Statement*>()) return call_macro(**macro, arguments);
  const auto* function = callee.find<Function>();
  if (function == nullptr) {
    const std::string& name = expression.children[0]->text;
    return Error{Errc::unsupported, "a call of \"" + name.substr(0, 64) + "\", which is no function"};
  }
  if (*function == Function::strftime_now) return format_time(arguments);
  if (*function != Function::raise_exception) return call_function(*function, arguments, heap_);
  const Value* message = arguments.find(0, "message");
  TRY(const MarkedText text, text_of(message == nullptr ? Value() : *message, heap_));
  constexpr std::size_t kMaxMessageBytes = 500;
  return Error{Errc::invalid_argument,
               "the template refuses: " + std::string(text.bytes().substr(0, kMaxMessageBytes))};
}

Result<Value> Renderer::format_time(const CallArguments& arguments) {
  const Value* format = arguments.find(0, "format");
  constexpr std::size_t kMaxFormatBytes = 200;
  if (format == nullptr || format->text() == nullptr || format->text()->size() > kMaxFormatBytes)
    return Error{Errc::invalid_argument, "strftime_now: expected a format of at most 200 bytes"};
  const std::time_t now = unix_time_s_;
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 4096> text{};
  const std::string format_text(format->text()->bytes());
  const std::size_t size = std::strftime(text.data(), text.size(), format_text.c_str(), &parts);
  return heap_.text(std::string_view(text.data(), size), true);
}

}  // namespace lyceum::model::chat
