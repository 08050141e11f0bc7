#include "tools/schema.hpp"

#include <algorithm>
#include <cmath>

#include "tools/registry.hpp"

namespace lyceum::tools {
namespace {

/// Integers above this are not exact in a double, so a floating value can no longer be called one.
constexpr double kMaxExactInteger = 9007199254740992.0;

bool is_known_type(const Json& name) {
  static const std::vector<std::string> kTypes{"object", "array",   "string", "integer",
                                               "number", "boolean", "null"};
  return name.is_string() && std::find(kTypes.begin(), kTypes.end(), name.get<std::string>()) != kTypes.end();
}

bool is_size(const Json& value) {
  return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
}

bool is_usable_object(const Json& properties) {
  return properties.is_object() && std::all_of(properties.begin(), properties.end(), is_usable_schema);
}

bool is_usable_keyword(const std::string& keyword, const Json& value) {
  if (keyword == "type")
    return is_known_type(value) ||
           (value.is_array() && std::all_of(value.begin(), value.end(), is_known_type));
  if (keyword == "properties") return is_usable_object(value);
  if (keyword == "items") return is_usable_schema(value);
  if (keyword == "additionalProperties") return value.is_boolean();
  if (keyword == "required")
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& name) { return name.is_string(); });
  if (keyword == "enum") return value.is_array() && !value.empty();
  if (keyword == "minimum" || keyword == "maximum") return value.is_number();
  if (keyword == "minLength" || keyword == "maxLength" || keyword == "minItems" || keyword == "maxItems")
    return is_size(value);
  return keyword == "title" || keyword == "description" || keyword == "default" || keyword == "examples";
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const double number = value.get<double>();
  return std::trunc(number) == number && std::abs(number) <= kMaxExactInteger;
}

Error broken(const std::string& path, const std::string& why) {
  return {Errc::invalid_argument, path + ": " + why};
}

std::string shown(const Json& value) {
  constexpr std::size_t kMaxShown = 60;
  std::string text = dump_json(value);
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "…";
  return text;
}

Result<void> validate_type(const Json& value, const Json& schema, const std::string& path) {
  const auto type = schema.find("type");
  if (type == schema.end()) return ok();
  if (type->is_string()) {
    if (has_type(value, type->get<std::string>())) return ok();
    return broken(path, "must be of type " + type->get<std::string>());
  }
  for (const Json& one : *type) {
    if (has_type(value, one.get<std::string>())) return ok();
  }
  return broken(path, "must be of one of the types " + shown(*type));
}

Result<void> validate_enum(const Json& value, const Json& schema, const std::string& path) {
  const auto allowed = schema.find("enum");
  if (allowed == schema.end() || std::find(allowed->begin(), allowed->end(), value) != allowed->end())
    return ok();
  return broken(path, "must be one of " + dump_json(*allowed));
}

Result<void> validate_number(const Json& value, const Json& schema, const std::string& path) {
  const double number = value.get<double>();
  if (const auto least = schema.find("minimum"); least != schema.end() && number < least->get<double>()) {
    return broken(path, "must be at least " + dump_json(*least));
  }
  if (const auto most = schema.find("maximum"); most != schema.end() && number > most->get<double>()) {
    return broken(path, "must be at most " + dump_json(*most));
  }
  return ok();
}

/// JSON Schema counts characters: every byte but UTF-8's continuations.
std::size_t num_characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Result<void> validate_size(std::size_t size, const Json& schema, const char* least, const char* most,
                           const std::string& path, const std::string& unit) {
  if (const auto min = schema.find(least); min != schema.end() && size < min->get<std::size_t>()) {
    return broken(path, "must have at least " + dump_json(*min) + " " + unit);
  }
  if (const auto max = schema.find(most); max != schema.end() && size > max->get<std::size_t>()) {
    return broken(path, "must have at most " + dump_json(*max) + " " + unit);
  }
  return ok();
}

Result<void> validate_object(const Json& value, const Json& schema, const std::string& path) {
  if (const auto required = schema.find("required"); required != schema.end()) {
    for (const Json& name : *required) {
      if (!value.contains(name.get<std::string>()))
        return broken(path + "." + name.get<std::string>(), "required");
    }
  }
  const Json& properties = schema.contains("properties") ? schema.at("properties") : Json::object();
  const bool is_open = schema.value("additionalProperties", true);
  for (const auto& [name, field] : value.items()) {
    const std::string field_path = path + "." + name.substr(0, 60);
    if (const auto known = properties.find(name); known != properties.end()) {
      TRY_OK(validate_schema(field, *known, field_path));
    } else if (!is_open) {
      return broken(field_path, "unknown field");
    }
  }
  return ok();
}

Result<void> validate_array(const Json& value, const Json& schema, const std::string& path) {
  TRY_OK(validate_size(value.size(), schema, "minItems", "maxItems", path, "items"));
  const auto items = schema.find("items");
  if (items == schema.end()) return ok();
  for (std::size_t i = 0; i < value.size(); ++i) {
    TRY_OK(validate_schema(value[i], *items, path + "[" + std::to_string(i) + "]"));
  }
  return ok();
}

}  // namespace

bool is_usable_schema(const Json& schema) {
  if (!schema.is_object()) return false;
  for (const auto& [keyword, value] : schema.items()) {
    if (!is_usable_keyword(keyword, value)) return false;
  }
  return true;
}

Result<void> validate_schema(const Json& value, const Json& schema, const std::string& path) {
  TRY_OK(validate_type(value, schema, path));
  TRY_OK(validate_enum(value, schema, path));
  if (value.is_number()) return validate_number(value, schema, path);
  if (value.is_string()) {
    return validate_size(num_characters(value.get_ref<const std::string&>()), schema, "minLength",
                         "maxLength", path, "characters");
  }
  if (value.is_object()) return validate_object(value, schema, path);
  if (value.is_array()) return validate_array(value, schema, path);
  return ok();
}

}  // namespace lyceum::tools
