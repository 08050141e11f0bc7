#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/chat/value.hpp"

/// What Jinja and Python give every template: filters, tests, methods of texts, lists and dicts.
namespace lyceum::model::chat {

/// Elements that range() may have.
inline constexpr std::int64_t kMaxRange = 100'000;

struct CallArguments {
  std::vector<Value> positional{};
  std::vector<std::pair<std::string_view, Value>> named{};

  /// By name, else by position; nullptr when it was not given.
  const Value* find(std::size_t position, std::string_view name) const;
};

/// unsupported names an unknown filter, test or method, or one that does not fit the value.
Result<Value> apply_filter(std::string_view name, const Value& value, const CallArguments& arguments,
                           Heap& heap);
Result<bool> apply_test(std::string_view name, const Value& value, const CallArguments& arguments,
                        Heap& heap);
Result<Value> call_method(std::string_view name, const Value& value, const CallArguments& arguments,
                          Heap& heap);
/// range, namespace and dict.
Result<Value> call_function(Function function, const CallArguments& arguments, Heap& heap);

/// value.name, value[name]; undefined when there is none. invalid_argument for a part of what is undefined.
Result<Value> attribute_of(const Value& value, std::string_view name, Heap& heap);
/// value[index], from the end when negative; undefined beyond it.
Result<Value> element_of(const Value& value, const Value& index, Heap& heap);
/// value[begin:end:step]; undefined bounds are the value's own.
Result<Value> slice_of(const Value& value, const Value& begin, const Value& end, const Value& step,
                       Heap& heap);
/// What a loop walks over: a list's elements, a dict's keys, a text's characters, nothing when undefined.
Result<const List*> elements_of(const Value& value, Heap& heap);
Result<bool> contains(const Value& container, const Value& element, Heap& heap);
Result<Value> calculate(std::string_view symbol, const Value& a, const Value& b, Heap& heap);

// Texts, whose marks stay with their bytes.
MarkedText stripped(const MarkedText& text, std::string_view characters, bool left, bool right);
MarkedText with_case(const MarkedText& text, bool is_upper);
/// All of `from`, at most `count_max` times; too_large when the result would be.
Result<MarkedText> replaced(const MarkedText& text, std::string_view from, const MarkedText& to,
                            std::int64_t count_max, Heap& heap);
/// Where `part` begins at or after `from`; npos when it does not. Linear time.
std::size_t find_part(std::string_view text, std::string_view part, std::size_t from);
inline constexpr std::string_view kWhiteSpace = " \t\n\r\f\v";

}  // namespace lyceum::model::chat
