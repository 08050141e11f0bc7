#include "model/decoding/schema_keywords.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/decoding/expression.hpp"

namespace lyceum::model {
namespace {

using Check = bool (*)(const Json& value);

struct Keyword {
  std::string_view name{};
  Check is_sound = nullptr;     ///< Null: an annotation
  std::string_view expected{};  ///< Empty: other values are not wrong, but not supported
};

bool is_schema(const Json& value) {
  return value.is_object() || value.is_boolean();
}

bool is_schema_list(const Json& value) {
  return value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), is_schema);
}

bool is_string_list(const Json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
}

bool is_type_name(const Json& value) {
  constexpr std::array<std::string_view, 7> kNames = {"object",  "array",   "string", "number",
                                                      "integer", "boolean", "null"};
  return value.is_string() &&
         std::find(kNames.begin(), kNames.end(), value.get_ref<const std::string&>()) != kNames.end();
}

bool is_type(const Json& value) {
  if (!value.is_array()) return is_type_name(value);
  return !value.empty() && std::all_of(value.begin(), value.end(), is_type_name);
}

bool is_count(const Json& value) {
  return value.is_number_integer() && value >= 0 && value <= kMaxRepeat;
}

bool is_schema_map(const Json& value) {
  return value.is_object() && std::all_of(value.begin(), value.end(), is_schema);
}

bool is_number(const Json& value) {
  return value.is_number();
}

bool is_string(const Json& value) {
  return value.is_string();
}

bool is_filled_list(const Json& value) {
  return value.is_array() && !value.empty();
}

bool is_anything(const Json&) {
  return true;
}

bool is_false(const Json& value) {
  return value == false;
}

constexpr std::string_view kCount = "a whole number from 0 to 100000";

constexpr Keyword kKeywords[] = {
    {"$schema"},
    {"$id"},
    {"$anchor"},
    {"$comment"},
    {"title"},
    {"description"},
    {"default"},
    {"examples"},
    {"deprecated"},
    {"readOnly"},
    {"writeOnly"},
    {"format"},
    {"contentMediaType"},
    {"contentEncoding"},
    {"$defs"},
    {"definitions"},
    {"type", is_type, "the name of a type, or several"},
    {"enum", is_filled_list, "a list of at least one value"},
    {"const", is_anything, ""},
    {"$ref", is_string, "a reference as text"},
    {"allOf", is_schema_list, "a list of at least one schema"},
    {"anyOf", is_schema_list, "a list of at least one schema"},
    {"oneOf", is_schema_list, "a list of at least one schema"},
    {"properties", is_schema_map, "an object of schemas"},
    {"required", is_string_list, "a list of names"},
    {"additionalProperties", is_schema, "a schema"},
    {"items", is_schema, "a schema"},
    {"minItems", is_count, kCount},
    {"maxItems", is_count, kCount},
    {"minLength", is_count, kCount},
    {"maxLength", is_count, kCount},
    {"pattern", is_string, "a pattern as text"},
    {"minimum", is_number, "a number"},
    {"maximum", is_number, "a number"},
    {"exclusiveMinimum", is_number, "a number"},
    {"exclusiveMaximum", is_number, "a number"},
    {"uniqueItems", is_false, ""},
};

const Keyword* find_keyword(std::string_view name) {
  const auto* found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                   [name](const Keyword& keyword) { return keyword.name == name; });
  return found == std::end(kKeywords) ? nullptr : found;
}

std::string unescaped(std::string step) {
  for (const auto& [escape, character] : {std::pair("~1", "/"), std::pair("~0", "~")}) {
    for (std::size_t at = step.find(escape); at != std::string::npos; at = step.find(escape, at + 1)) {
      step.replace(at, 2, character);
    }
  }
  return step;
}

const Json* child_of(const Json& parent, const std::string& step) {
  if (parent.is_object()) {
    const auto found = parent.find(step);
    return found == parent.end() ? nullptr : &*found;
  }
  const bool is_index = !step.empty() && step.size() < 7 &&
                        std::all_of(step.begin(), step.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!parent.is_array() || !is_index) return nullptr;
  const std::size_t index = std::stoul(step);
  return index < parent.size() ? &parent[index] : nullptr;
}

}  // namespace

Error schema_error(Errc code, const std::string& path, const std::string& why) {
  return {code, path + ": " + why};
}

std::string path_below(const std::string& path, const std::string& step) {
  std::string out = path + "/";
  for (const char c : step) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

bool is_annotation(const std::string& keyword) {
  const Keyword* known = find_keyword(keyword);
  return known != nullptr && known->is_sound == nullptr;
}

Result<void> check_keywords(const Json& schema, const std::string& path) {
  if (schema.is_boolean()) return ok();
  if (!schema.is_object()) {
    return schema_error(Errc::invalid_argument, path, "expected a schema: an object, true or false");
  }
  for (const auto& [name, value] : schema.items()) {
    const std::string below = path_below(path, name);
    const Keyword* keyword = find_keyword(name);
    if (keyword == nullptr) {
      return schema_error(Errc::unsupported, below, "this keyword is not supported for constrained output");
    }
    if (keyword->is_sound == nullptr || keyword->is_sound(value)) continue;
    if (!keyword->expected.empty()) {
      return schema_error(Errc::invalid_argument, below, "expected " + std::string(keyword->expected));
    }
    return schema_error(Errc::unsupported, below, "only " + dump_json(false) + " is supported");
  }
  return ok();
}

Result<const Json*> resolve_reference(const Json& root, const std::string& reference,
                                      const std::string& path) {
  if (reference.empty() || reference.front() != '#' || (reference.size() > 1 && reference[1] != '/')) {
    return schema_error(Errc::unsupported, path, "only references within the schema (\"#/…\") are supported");
  }
  const Json* at = &root;
  for (std::size_t begin = 1; at != nullptr && begin < reference.size();) {
    const std::size_t end = std::min(reference.find('/', begin + 1), reference.size());
    at = child_of(*at, unescaped(reference.substr(begin + 1, end - begin - 1)));
    begin = end;
  }
  if (at == nullptr) {
    return schema_error(Errc::invalid_argument, path, "nothing is at " + reference);
  }
  return at;
}

Json without(Json schema, const char* keyword) {
  schema.erase(keyword);
  return schema;
}

}  // namespace lyceum::model
