#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/json_schema.hpp"

namespace lyceum::model {

/// validate_schema with anyOf.
inline bool fits(const Json& value, const Json& schema) {
  if (schema.is_boolean()) return schema.get<bool>();
  if (schema.contains("anyOf")) {
    return std::any_of(schema["anyOf"].begin(), schema["anyOf"].end(),
                       [&](const Json& branch) { return fits(value, branch); });
  }
  if (!validate_schema(value, schema, "value")) return false;
  for (const auto& [name, item] : value.items()) {
    if (value.is_array() && schema.contains("items") && !fits(item, schema["items"])) return false;
    if (!value.is_object() || !schema.contains("properties")) continue;
    const Json& properties = schema["properties"];
    const Json additional = schema.value("additionalProperties", Json(true));
    if (!fits(item, properties.contains(name) ? properties[name] : additional)) return false;
  }
  return true;
}

/// Random schemas, and random values that fit them.
class SchemaSamples {
 public:
  explicit SchemaSamples(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }

  Json schema(int depth) {
    switch (below(depth > 0 ? 10 : 6)) {
      case 0:
        return {{"type", "boolean"}};
      case 1:
        return integer_schema();
      case 2:
        return {{"type", "number"}};
      case 3:
        return string_schema();
      case 4:
        return {{"enum", {text(), integer(-50, 50), nullptr}}};
      case 5:
        return {{"type", {"null", "string"}}};
      case 6:
      case 7:
        return array_schema(depth);
      case 8:
        return {{"anyOf", {schema(depth - 1), schema(depth - 1)}}};
      default:
        return object_schema(depth);
    }
  }

  Json value(const Json& schema) {
    if (schema == true || schema.empty()) return text();
    if (schema.contains("enum")) return schema["enum"][below(schema["enum"].size())];
    if (schema.contains("anyOf")) return value(schema["anyOf"][below(schema["anyOf"].size())]);
    if (schema["type"].is_array()) return below(2) == 0 ? Json(nullptr) : Json(text());
    const std::string type = schema["type"];
    if (type == "boolean") return below(2) == 0;
    if (type == "integer") return integer(schema.value("minimum", -1000), schema.value("maximum", 1000));
    if (type == "number") return number();
    if (type == "string") return string_value(schema);
    return type == "array" ? array_value(schema) : object_value(schema);
  }

  std::mt19937_64& random() { return random_; }

 private:
  std::int64_t integer(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(below(static_cast<std::size_t>(last - first + 1)));
  }

  Json number() {
    // Never whole: an integer is not written with a point, though 1.0 would be one.
    const double scales[] = {1e-7, 0.013, 1, 1001};
    return (static_cast<double>(integer(-100'000, 100'000)) + 0.25) * scales[below(4)];
  }

  std::string text(std::size_t num_characters) {
    static const std::vector<std::string> kCharacters = {
        "a", "b", " ", "\"", "\\", "\n", "\x01", "é", "€", "🙂", "/", "z", "x", "\x7F", "{", "]", ",", ":"};
    std::string out;
    for (std::size_t i = 0; i < num_characters; ++i) out += kCharacters[below(kCharacters.size())];
    return out;
  }

  std::string text() { return text(below(6)); }

  Json integer_schema() {
    Json schema = {{"type", "integer"}};
    const std::int64_t min = integer(-300, 300);
    if (below(2) == 0) schema["minimum"] = min;
    if (below(2) == 0) schema["maximum"] = min + integer(0, 200);
    return schema;
  }

  Json string_schema() {
    Json schema = {{"type", "string"}};
    const std::size_t min = below(4);
    if (below(2) == 0) schema["minLength"] = min;
    if (below(2) == 0) schema["maxLength"] = min + below(30);
    return schema;
  }

  Json array_schema(int depth) {
    Json result = {{"type", "array"}, {"items", schema(depth - 1)}};
    const std::size_t min = below(3);
    if (below(2) == 0) result["minItems"] = min;
    if (below(2) == 0) result["maxItems"] = min + below(4);
    return result;
  }

  Json object_schema(int depth) {
    Json result = {{"type", "object"}, {"properties", Json::object()}, {"required", Json::array()}};
    for (std::size_t i = below(5); i > 0; --i) {
      const std::string name = text(1 + below(3));
      if (!result["properties"].contains(name) && below(2) == 0) result["required"].push_back(name);
      result["properties"][name] = schema(depth - 1);
    }
    if (below(2) == 0) result["additionalProperties"] = false;
    if (below(4) == 0) result["additionalProperties"] = schema(0);
    return result;
  }

  Json string_value(const Json& schema) {
    const std::size_t min = schema.value("minLength", std::size_t{0});
    return text(min + below(std::min<std::size_t>(schema.value("maxLength", min + 5) - min + 1, 40)));
  }

  Json array_value(const Json& schema) {
    const std::size_t min = schema.value("minItems", std::size_t{0});
    Json result = Json::array();
    const std::size_t size = min + below(schema.value("maxItems", min + 3) - min + 1);
    while (result.size() < size) result.push_back(value(schema["items"]));
    return result;
  }

  Json object_value(const Json& schema) {
    Json result = Json::object();
    const Json& required = schema["required"];
    for (const auto& [name, property] : schema["properties"].items()) {
      const bool is_required = std::find(required.begin(), required.end(), name) != required.end();
      if (is_required || below(2) == 0) result[name] = value(property);
    }
    const Json additional = schema.value("additionalProperties", Json(true));
    for (std::size_t i = below(3); i > 0 && additional != false; --i) {
      const std::string name = text();
      if (!schema["properties"].contains(name)) result[name] = value(additional);
    }
    return result;
  }

  std::mt19937_64 random_;
};

}  // namespace lyceum::model
