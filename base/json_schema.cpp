#include "base/json_schema.hpp"

#include <algorithm>

namespace lyceum {
namespace {

Error breaks(const std::string& path, const std::string& why) {
  return Error{Errc::invalid_argument, path + ": " + why};
}

const Json* find(const Json& schema, const char* keyword) {
  const auto found = schema.find(keyword);
  return found == schema.end() ? nullptr : &*found;
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  if (!value.is_number_float()) return false;
  const auto number = value.get<double>();
  return number >= -9.007e15 && number <= 9.007e15 &&
         number == static_cast<double>(static_cast<std::int64_t>(number));
}

// Unknown names of types match nothing.
bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "integer") return is_whole(value);
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

Result<void> check_type(const Json& value, const Json& schema, const std::string& path) {
  const Json* type = find(schema, "type");
  if (type == nullptr) return ok();
  if (type->is_string()) {
    if (has_type(value, type->get<std::string>())) return ok();
    return breaks(path, "must be of type " + type->get<std::string>());
  }
  if (!type->is_array()) return ok();
  for (const auto& one : *type) {
    if (one.is_string() && has_type(value, one.get<std::string>())) return ok();
  }
  return breaks(path, "must be of one of the types " + dump_json(*type));
}

Result<void> check_size(const Json& schema, std::size_t size, const char* min_keyword,
                        const char* max_keyword, const char* unit, const std::string& path) {
  const Json* min = find(schema, min_keyword);
  if (min != nullptr && min->is_number() && static_cast<double>(size) < min->get<double>()) {
    return breaks(path, "needs at least " + dump_json(*min) + " " + unit);
  }
  const Json* max = find(schema, max_keyword);
  if (max != nullptr && max->is_number() && static_cast<double>(size) > max->get<double>()) {
    return breaks(path, "may have at most " + dump_json(*max) + " " + unit);
  }
  return ok();
}

// Every byte but UTF-8's continuations.
std::size_t num_characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Result<void> check_number(const Json& value, const Json& schema, const std::string& path) {
  const auto number = value.get<double>();
  const Json* min = find(schema, "minimum");
  if (min != nullptr && min->is_number() && number < min->get<double>()) {
    return breaks(path, "must be at least " + dump_json(*min));
  }
  const Json* max = find(schema, "maximum");
  if (max != nullptr && max->is_number() && number > max->get<double>()) {
    return breaks(path, "must be at most " + dump_json(*max));
  }
  return ok();
}

Result<void> check(const Json& value, const Json& schema, const std::string& path, int depth);

Result<void> check_object(const Json& value, const Json& schema, const std::string& path, int depth) {
  static const Json kNone = Json::object();
  const Json* required = find(schema, "required");
  if (required != nullptr && required->is_array()) {
    for (const auto& name : *required) {
      if (name.is_string() && !value.contains(name.get<std::string>())) {
        return breaks(path + "." + name.get<std::string>(), "required");
      }
    }
  }
  const Json* declared = find(schema, "properties");
  const Json& properties = declared != nullptr && declared->is_object() ? *declared : kNone;
  const Json* additional = find(schema, "additionalProperties");
  for (const auto& [name, item] : value.items()) {
    const std::string item_path = path + "." + name;
    if (const auto property = properties.find(name); property != properties.end()) {
      TRY_OK(check(item, *property, item_path, depth + 1));
    } else if (additional != nullptr && additional->is_boolean() && !additional->get<bool>()) {
      return breaks(item_path, "unknown field");
    } else if (additional != nullptr && additional->is_object()) {
      TRY_OK(check(item, *additional, item_path, depth + 1));
    }
  }
  return ok();
}

Result<void> check_array(const Json& value, const Json& schema, const std::string& path, int depth) {
  TRY_OK(check_size(schema, value.size(), "minItems", "maxItems", "items", path));
  const Json* items = find(schema, "items");
  if (items == nullptr) return ok();
  for (std::size_t index = 0; index < value.size(); ++index) {
    TRY_OK(check(value[index], *items, path + "[" + std::to_string(index) + "]", depth + 1));
  }
  return ok();
}

Result<void> check(const Json& value, const Json& schema, const std::string& path, int depth) {
  if (depth > kMaxJsonDepth) return Error{Errc::too_large, path + ": nested too deep"};
  if (!schema.is_object()) return ok();
  TRY_OK(check_type(value, schema, path));
  const Json* allowed = find(schema, "enum");
  if (allowed != nullptr && allowed->is_array() &&
      std::find(allowed->begin(), allowed->end(), value) == allowed->end()) {
    return breaks(path, "must be one of " + dump_json(*allowed));
  }
  if (value.is_object()) return check_object(value, schema, path, depth);
  if (value.is_array()) return check_array(value, schema, path, depth);
  if (value.is_number()) return check_number(value, schema, path);
  if (value.is_string()) {
    return check_size(schema, num_characters(value.get_ref<const std::string&>()), "minLength", "maxLength",
                      "characters", path);
  }
  return ok();
}

}  // namespace

Result<void> validate_schema(const Json& value, const Json& schema, const std::string& path) {
  return check(value, schema, path, 0);
}

}  // namespace lyceum
