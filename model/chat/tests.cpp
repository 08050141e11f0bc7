#include <functional>
#include <map>

#include "model/chat/builtins.hpp"

namespace lyceum::model::chat {
namespace {

using Simple = bool (*)(const Value& value);

bool is_number(const Value& value) {
  return value.is<std::int64_t>() || value.is<double>() || value.is<bool>();
}

const std::map<std::string_view, Simple>& simple_tests() {
  static const std::map<std::string_view, Simple> all{
      {"defined", [](const Value& value) { return !value.is<Undefined>(); }},
      {"undefined", [](const Value& value) { return value.is<Undefined>(); }},
      {"none", [](const Value& value) { return value.is<None>(); }},
      {"string", [](const Value& value) { return value.text() != nullptr; }},
      {"mapping", [](const Value& value) { return value.dict() != nullptr; }},
      {"sequence",
       [](const Value& value) {
         return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr;
       }},
      {"iterable",
       [](const Value& value) {
         return value.text() != nullptr || value.list() != nullptr || value.dict() != nullptr ||
                value.is<Undefined>();
       }},
      {"number", is_number},
      {"integer", [](const Value& value) { return value.is<std::int64_t>(); }},
      {"float", [](const Value& value) { return value.is<double>(); }},
      {"boolean", [](const Value& value) { return value.is<bool>(); }},
      {"true", [](const Value& value) { return value.is<bool>() && is_true(value); }},
      {"false", [](const Value& value) { return value.is<bool>() && !is_true(value); }},
      {"callable", [](const Value& value) { return value.is<const Statement*>() || value.is<Function>(); }},
  };
  return all;
}

Result<bool> is_multiple(const Value& value, std::int64_t divisor, std::int64_t remainder) {
  const auto* integer = value.find<std::int64_t>();
  if (integer == nullptr || divisor == 0)
    return Error{Errc::unsupported, "divisibility of a value of type " + std::string(type_name(value))};
  if (divisor == -1) return remainder == 0;
  const std::int64_t rest = *integer % divisor;
  return (rest < 0 ? rest + divisor : rest) == remainder;
}

Result<bool> test_with(std::string_view name, const Value& value, const Value& other, Heap& heap) {
  if (name == "==" || name == "eq" || name == "equalto" || name == "sameas")
    return is_equal(value, other, heap);
  if (name == "!=" || name == "ne") {
    TRY(const bool is_same, is_equal(value, other, heap));
    return !is_same;
  }
  if (name == "in") return contains(other, value, heap);
  if (name == "divisibleby") {
    const auto* divisor = other.find<std::int64_t>();
    return is_multiple(value, divisor == nullptr ? 0 : *divisor, 0);
  }
  TRY(const int order, compare(value, other));
  if (name == "gt" || name == "greaterthan") return order > 0;
  if (name == "ge") return order >= 0;
  if (name == "lt" || name == "lessthan") return order < 0;
  return order <= 0;
}

}  // namespace

Result<bool> apply_test(std::string_view name, const Value& value, const CallArguments& arguments,
                        Heap& heap) {
  TRY_OK(heap.spend(1));
  if (const auto found = simple_tests().find(name); found != simple_tests().end())
    return found->second(value);
  if (name == "even") return is_multiple(value, 2, 0);
  if (name == "odd") return is_multiple(value, 2, 1);
  constexpr std::string_view kWithArgument =
      " == eq equalto sameas != ne in divisibleby gt greaterthan ge lt lessthan le ";
  const std::string padded = " " + std::string(name.substr(0, 32)) + " ";
  if (kWithArgument.find(padded) == std::string_view::npos)
    return Error{Errc::unsupported, "test \"" + std::string(name.substr(0, 32)) + "\""};
  const Value* other = arguments.find(0, "");
  if (other == nullptr)
    return Error{Errc::invalid_argument, "test \"" + std::string(name) + "\": expected an argument"};
  return test_with(name, value, *other, heap);
}

}  // namespace lyceum::model::chat
