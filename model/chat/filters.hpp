#pragma once

#include "model/chat/builtins.hpp"

/// The filters of texts, for the table of all filters; each has the form of a filter.
namespace lyceum::model::chat {

Error wrong_argument(std::string_view filter, std::string_view expected);
std::int64_t integer_or(const Value* value, std::int64_t fallback);

namespace text_filters {

Result<Value> trim(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> upper(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> lower(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> capitalize(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> title(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> replace(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> string_of(const Value& value, const CallArguments& arguments, Heap& heap);
Result<Value> indent(const Value& value, const CallArguments& arguments, Heap& heap);

}  // namespace text_filters
}  // namespace lyceum::model::chat
