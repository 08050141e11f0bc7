#include "model/decoding/schema_merge.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "base/json_schema.hpp"
#include "model/decoding/schema_keywords.hpp"

namespace lyceum::model {
namespace {

constexpr int kMaxFlattenDepth = 32;
constexpr std::size_t kMaxMerges = 4000;

bool has(const Json& schema, const char* keyword) {
  return schema.is_object() && schema.contains(keyword);
}

Json both(const Json& a, const Json& b) {
  if (a == b || b == true) return a;
  if (a == true) return b;
  if (a == false || b == false) return false;
  Json all = Json::array();
  all.push_back(a);
  all.push_back(b);
  return Json{{"allOf", std::move(all)}};
}

Json common_types(const Json& a, const Json& b) {
  const auto left = types_of({{"type", a}});
  const auto right = types_of({{"type", b}});
  Json common = Json::array();
  const auto holds = [](const std::vector<std::string>& types, const std::string& type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  for (const std::string& type : left) {
    if (holds(right, type) || (type == "integer" && holds(right, "number"))) common.push_back(type);
  }
  if (holds(left, "number") && holds(right, "integer")) common.push_back("integer");
  return common;
}

Json common_values(const Json& a, const Json& b) {
  Json common = Json::array();
  for (const Json& value : a) {
    if (std::find(b.begin(), b.end(), value) != b.end()) common.push_back(value);
  }
  return common;
}

/// What `schema` asks of a property that it may not name.
Json property_of(const Json& schema, const std::string& name) {
  if (has(schema, "properties") && schema["properties"].contains(name)) return schema["properties"][name];
  return schema.value("additionalProperties", Json(true));
}

void merge_properties(const Json& a, const Json& b, Json& merged) {
  std::set<std::string> names;
  for (const Json* schema : {&a, &b}) {
    if (!has(*schema, "properties")) continue;
    for (const auto& [name, property] : (*schema)["properties"].items()) names.insert(name);
  }
  for (const std::string& name : names) {
    merged["properties"][name] = both(property_of(a, name), property_of(b, name));
  }
  const Json additional =
      both(a.value("additionalProperties", Json(true)), b.value("additionalProperties", Json(true)));
  if (additional != true) merged["additionalProperties"] = additional;
}

/// For keywords of which the stricter one wins.
struct Limit {
  const char* keyword = nullptr;
  bool is_lower = false;
};

constexpr Limit kLimits[] = {
    {"minItems", true}, {"minLength", true}, {"minimum", true}, {"exclusiveMinimum", true},
    {"maxItems"},       {"maxLength"},       {"maximum"},       {"exclusiveMaximum"},
};

void merge_limits(const Json& b, Json& merged) {
  for (const auto& [keyword, is_lower] : kLimits) {
    if (!has(b, keyword)) continue;
    const Json& other = b[keyword];
    if (!merged.contains(keyword) || (is_lower ? other > merged[keyword] : other < merged[keyword])) {
      merged[keyword] = other;
    }
  }
}

/// False only if none of the values is valid: validate_schema leaves some keywords out.
bool any_fits(const Json& values, const Json& schema) {
  return std::any_of(values.begin(), values.end(),
                     [&](const Json& value) { return validate_schema(value, schema, "").has_value(); });
}

Json without_annotations(const Json& schema) {
  Json out = Json::object();
  for (const auto& [name, value] : schema.items()) {
    if (!is_annotation(name)) out[name] = value;
  }
  if (out.contains("const")) {
    const Json value = out["const"];
    const bool fits = !out.contains("enum") || !common_values(out["enum"], Json::array({value})).empty();
    out["enum"] = fits ? Json::array({value}) : Json::array();
    out.erase("const");
  }
  return out;
}

}  // namespace

std::vector<std::string> types_of(const Json& flat) {
  if (!has(flat, "type")) return {"null", "boolean", "number", "string", "array", "object"};
  std::set<std::string> types;
  if (flat["type"].is_string()) {
    types.insert(flat["type"].get<std::string>());
  } else {
    for (const Json& type : flat["type"]) types.insert(type.get<std::string>());
  }
  if (types.contains("number")) types.erase("integer");
  return {types.begin(), types.end()};
}

Result<Json> SchemaMerger::flatten(const Json& schema, const std::string& path) {
  return flatten_below(schema, path, 0);
}

Result<Json> SchemaMerger::flatten_below(const Json& schema, const std::string& path, int depth) {
  if (depth > kMaxFlattenDepth) {
    return schema_error(Errc::unsupported, path, "$ref and allOf lead on without end");
  }
  TRY_OK(check_keywords(schema, path));
  if (schema.is_boolean()) return schema;
  Json flat = without_annotations(schema);
  const Json parts = flat.value("allOf", Json::array());
  const Json reference = flat.value("$ref", Json());
  flat.erase("allOf");
  flat.erase("$ref");
  if (!reference.is_null()) {
    const std::string name = reference.get<std::string>();
    TRY(const Json* target, resolve_reference(root_, name, path_below(path, "$ref")));
    TRY(const Json other, flatten_below(*target, name, depth + 1));
    TRY(flat, merge(flat, other, path));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string below = path_below(path_below(path, "allOf"), std::to_string(i));
    TRY(const Json other, flatten_below(parts[i], below, depth + 1));
    TRY(flat, merge(flat, other, path));
  }
  const auto leaves_none = [&flat](const char* keyword) {
    return has(flat, keyword) && flat[keyword].empty();
  };
  if (leaves_none("type") || leaves_none("enum")) return Json(false);
  return flat;
}

Result<Json> SchemaMerger::merge(const Json& a, const Json& b, const std::string& path) {
  if (++num_merges_ > kMaxMerges) {
    return schema_error(
        Errc::too_large, path,
        "more than " + std::to_string(kMaxMerges) + " schemas to put together by allOf and $ref");
  }
  if (a == true || b == false) return b;
  if (b == true || a == false || b.empty()) return a;
  if (a.empty()) return b;
  Json merged = a;
  for (const auto& [name, value] : b.items()) {
    if (!merged.contains(name)) merged[name] = value;
  }
  for (const char* keyword : {"anyOf", "oneOf", "pattern"}) {
    if (has(a, keyword) && has(b, keyword) && a[keyword] != b[keyword]) {
      return schema_error(Errc::unsupported, path,
                          std::string("two different \"") + keyword + "\" that must both hold");
    }
  }
  if (has(a, "type") && has(b, "type")) merged["type"] = common_types(a["type"], b["type"]);
  if (has(a, "enum") && has(b, "enum")) merged["enum"] = common_values(a["enum"], b["enum"]);
  if (has(a, "items") && has(b, "items")) merged["items"] = both(a["items"], b["items"]);
  if (has(a, "required") && has(b, "required")) {
    for (const Json& name : b["required"]) merged["required"].push_back(name);
  }
  merge_limits(b, merged);
  merge_properties(a, b, merged);
  return merged;
}

Result<bool> SchemaMerger::may_overlap(const Json& a, const Json& b, const std::string& path) {
  return overlap_below(a, b, path, 0);
}

Result<bool> SchemaMerger::overlap_below(const Json& a, const Json& b, const std::string& path, int depth) {
  if (depth > 4) return true;
  TRY(const Json left, flatten(a, path));
  TRY(const Json right, flatten(b, path));
  if (left == false || right == false) return false;
  if (left == true || right == true) return true;
  if (has(left, "enum") && !any_fits(left["enum"], right)) return false;
  if (has(right, "enum") && !any_fits(right["enum"], left)) return false;
  const Json types = common_types(Json(types_of(left)), Json(types_of(right)));
  if (types.empty()) return false;
  if (types != Json::array({"object"})) return true;
  if (!has(left, "required") || !has(right, "required")) return true;
  for (const Json& name : common_values(left["required"], right["required"])) {
    const auto text = name.get<std::string>();
    TRY(const bool overlap,
        overlap_below(property_of(left, text), property_of(right, text), path, depth + 1));
    if (!overlap) return false;
  }
  return true;
}

}  // namespace lyceum::model
