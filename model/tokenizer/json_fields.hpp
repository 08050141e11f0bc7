#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

/// Fields of a tokenizer.json, of which any may be missing or of another type.
namespace lyceum::model {

/// null for what is missing.
inline const Json& part(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

inline std::string text_or_empty(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline std::string text_at(const Json& object, const char* name) {
  return text_or_empty(part(object, name));
}

inline bool flag_at(const Json& object, const char* name, bool fallback) {
  const Json& value = part(object, name);
  return value.is_boolean() ? value.get<bool>() : fallback;
}

/// The step itself, or those of a Sequence; none for null.
inline std::vector<Json> steps_of(const Json& root, const char* list_name) {
  if (root.is_null()) return {};
  if (text_at(root, "type") != "Sequence") return {root};
  const Json& list = part(root, list_name);
  if (!list.is_array()) return {};
  return {list.begin(), list.end()};
}

}  // namespace lyceum::model
