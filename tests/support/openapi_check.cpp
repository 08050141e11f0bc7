#include "tests/support/openapi_check.hpp"

#include <algorithm>
#include <regex>

namespace lyceum::test {
namespace {

const Json& resolve(const Json& openapi, const Json& node) {
  if (!node.contains("$ref")) return node;
  return openapi.at(Json::json_pointer(node["$ref"].get<std::string>().substr(1)));
}

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  return type == "null" && value.is_null();
}

std::string object_problem(const Json& openapi, const Json& schema, const Json& value,
                           const std::string& where) {
  for (const auto& name : schema.value("required", Json::array())) {
    if (!value.contains(name.get<std::string>())) return where + "." + name.get<std::string>() + ": missing";
  }
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, field] : value.items()) {
    if (!properties.contains(name)) {
      if (schema.value("additionalProperties", Json(true)) == Json(false))
        return where + "." + name + ": not in the schema";
      continue;
    }
    if (auto problem = schema_problem(openapi, properties[name], field, where + "." + name); !problem.empty())
      return problem;
  }
  return {};
}

}  // namespace

std::string schema_problem(const Json& openapi, const Json& unresolved, const Json& value,
                           const std::string& where) {
  const Json& schema = resolve(openapi, unresolved);
  if (schema.contains("anyOf")) {
    const bool fits = std::ranges::any_of(schema["anyOf"], [&](const Json& option) {
      return schema_problem(openapi, option, value, where).empty();
    });
    return fits ? std::string() : where + ": fits none of the alternatives";
  }
  if (schema.contains("const") && value != schema["const"]) return where + ": not " + schema["const"].dump();
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end()) {
    return where + ": " + value.dump() + " is not one of " + schema["enum"].dump();
  }
  if (schema.contains("type") && !has_type(value, schema["type"])) {
    return where + ": is not of type " + schema["type"].get<std::string>();
  }
  if (schema.contains("minimum") && value.get<double>() < schema["minimum"].get<double>())
    return where + ": too small";
  if (value.is_object()) return object_problem(openapi, schema, value, where);
  if (value.is_array() && schema.contains("items")) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto problem =
          schema_problem(openapi, schema["items"], value[i], where + "[" + std::to_string(i) + "]");
      if (!problem.empty()) return problem;
    }
  }
  return {};
}

std::string pattern_of(const Json& openapi, const std::string& path) {
  for (const auto& [pattern, operations] : openapi["paths"].items()) {
    if (pattern == path) return pattern;
  }
  for (const auto& [pattern, operations] : openapi["paths"].items()) {
    std::string expression = std::regex_replace(pattern, std::regex(R"(\{path\})"), ".+");
    expression = std::regex_replace(expression, std::regex(R"(\{[a-z]+\})"), "[^/]+");
    if (std::regex_match(path, std::regex(expression))) return pattern;
  }
  return {};
}

std::string conformance_problem(const Json& openapi, const std::string& method, const std::string& path,
                                unsigned status, const std::string& content_type, const std::string& body) {
  std::string verb = method;
  std::ranges::transform(verb, verb.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string where = method + " " + path + " " + std::to_string(status);
  const Json& operations = openapi["paths"].value(path, Json::object());
  if (!operations.contains(verb)) return where + ": not in the document";
  const Json& responses = operations[verb]["responses"];
  const std::string code = std::to_string(status);
  if (!responses.contains(code) && status < 400) return where + ": status not in the document";
  const Json& response = resolve(openapi, responses.contains(code) ? responses[code] : responses["default"]);
  if (!response.contains("content")) return body.empty() ? std::string() : where + ": has a body";
  const std::string type = content_type.substr(0, content_type.find(';'));
  if (!response["content"].contains(type))
    return where + ": content type " + type + " is not in the document";
  if (type != "application/json") return {};
  return schema_problem(openapi, response["content"][type]["schema"], Json::parse(body), where);
}

}  // namespace lyceum::test
