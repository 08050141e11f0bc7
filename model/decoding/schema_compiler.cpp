#include "model/decoding/schema_compiler.hpp"

#include <algorithm>

#include "base/json_schema.hpp"
#include "model/decoding/schema_grammar.hpp"
#include "model/decoding/schema_keywords.hpp"

namespace lyceum::model {
namespace {

constexpr int kMaxSchemaDepth = 128;
constexpr std::size_t kMaxSchemas = 20'000;

/// The keywords that constrain something.
std::vector<std::string> constraints_of(const Json& schema) {
  std::vector<std::string> names;
  if (!schema.is_object()) return names;
  for (const auto& [name, value] : schema.items()) {
    if (!is_annotation(name)) names.push_back(name);
  }
  return names;
}

}  // namespace

Result<Grammar> grammar_of_schema(const Json& schema) {
  if (dump_json(schema).size() > kMaxSchemaBytes) {
    return Error{Errc::too_large, "the schema has more than " + std::to_string(kMaxSchemaBytes) + " bytes"};
  }
  return SchemaCompiler(schema).compile();
}

Result<Grammar> SchemaCompiler::compile() {
  any_ = add_any_value(builder_);
  const Part document = add_part("#", 0);
  TRY(const bool is_possible, add_reference(document.gap, "#", "#"));
  if (!is_possible) return Error{Errc::invalid_argument, impossible_};
  return builder_.finish(document.rule, kMaxJsonDepth - 1);
}

SchemaCompiler::Part SchemaCompiler::add_part(std::string name, std::uint32_t levels) {
  const RuleId rule = builder_.add_rule(std::move(name), levels);
  return {.rule = rule, .gap = {.from = builder_.start_of(rule), .to = builder_.end_of(rule)}};
}

bool SchemaCompiler::none_fits(const std::string& path, const std::string& why) {
  if (impossible_.empty()) impossible_ = path + ": no value satisfies it: " + why;
  return false;
}

Result<bool> SchemaCompiler::add_schema(Gap gap, const Json& schema, const std::string& path) {
  if (++num_schemas_ > kMaxSchemas || builder_.is_too_large()) {
    return schema_error(Errc::too_large, path, "the schema is too large for constrained output");
  }
  TRY_OK(check_keywords(schema, path));
  if (schema == false) return none_fits(path, "the schema is false");
  const auto constraints = constraints_of(schema);
  if (constraints.empty()) {
    builder_.add_call(gap.from, gap.to, any_.value);
    return true;
  }
  if (depth_ >= kMaxSchemaDepth) {
    return schema_error(Errc::too_large, path,
                        "schemas within schemas go deeper than " + std::to_string(kMaxSchemaDepth));
  }
  ++depth_;
  const bool is_reference = constraints == std::vector<std::string>{"$ref"};
  auto is_possible = is_reference ? add_reference(gap, schema["$ref"], path_below(path, "$ref"))
                                  : add_constrained(gap, schema, path);
  --depth_;
  return is_possible;
}

Result<bool> SchemaCompiler::add_constrained(Gap gap, const Json& schema, const std::string& path) {
  TRY(const Json flat, merger_.flatten(schema, path));
  if (flat == false) return none_fits(path, "a part of it is false");
  if (flat == true || flat.empty()) {
    builder_.add_call(gap.from, gap.to, any_.value);
    return true;
  }
  return add_flat(gap, flat, path);
}

/// One rule a referenced schema. While it is being added its users take it as possible; if it is not, it
/// cannot end.
Result<bool> SchemaCompiler::add_reference(Gap gap, const std::string& reference, const std::string& path) {
  const auto known = references_.find(reference);
  if (known != references_.end()) {
    builder_.add_call(gap.from, gap.to, known->second);
    return reference_is_possible_.at(reference);
  }
  TRY(const Json* target, resolve_reference(root_, reference, path));
  const Part part = add_part(reference, 0);
  references_[reference] = part.rule;
  reference_is_possible_[reference] = true;
  builder_.add_call(gap.from, gap.to, part.rule);
  TRY(const bool is_possible, add_schema(part.gap, *target, reference));
  reference_is_possible_[reference] = is_possible;
  return is_possible;
}

Result<bool> SchemaCompiler::add_flat(Gap gap, const Json& flat, const std::string& path) {
  const bool has_any = flat.contains("anyOf");
  const bool has_one = flat.contains("oneOf");
  if (has_any && has_one) return schema_error(Errc::unsupported, path, "anyOf beside oneOf");
  if (has_any) return add_alternatives(gap, flat, "anyOf", path);
  if (has_one) {
    TRY_OK(check_disjoint(flat["oneOf"], path_below(path, "oneOf")));
    return add_alternatives(gap, flat, "oneOf", path);
  }
  if (flat.contains("enum")) return add_values(gap, flat, path);
  bool is_possible = false;
  for (const std::string& type : types_of(flat)) {
    const GrammarState from = builder_.add_state(builder_.rule_of(gap.from));
    TRY(const bool fits, add_type({.from = from, .to = gap.to}, flat, type, path));
    if (fits) builder_.add_jump(gap.from, from);
    is_possible = is_possible || fits;
  }
  return is_possible || none_fits(path, "no type is left");
}

Result<bool> SchemaCompiler::add_alternatives(Gap gap, const Json& flat, const char* keyword,
                                              const std::string& path) {
  const Json others = without(flat, keyword);
  bool is_possible = false;
  for (std::size_t i = 0; i < flat[keyword].size(); ++i) {
    const Json& branch = flat[keyword][i];
    const std::string below = path_below(path_below(path, keyword), std::to_string(i));
    TRY_OK(check_keywords(branch, below));
    const GrammarState from = builder_.add_state(builder_.rule_of(gap.from));
    const Json whole = others.empty() ? branch : Json{{"allOf", Json::array({others, branch})}};
    TRY(const bool fits, add_schema({.from = from, .to = gap.to}, whole, below));
    if (fits) builder_.add_jump(gap.from, from);
    is_possible = is_possible || fits;
  }
  return is_possible || none_fits(path, std::string("nothing fits any branch of ") + keyword);
}

Result<void> SchemaCompiler::check_disjoint(const Json& branches, const std::string& path) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    for (std::size_t k = i + 1; k < branches.size(); ++k) {
      const std::string below = path_below(path, std::to_string(k));
      TRY(const bool overlap, merger_.may_overlap(branches[i], branches[k], below));
      if (overlap) {
        return schema_error(Errc::unsupported, below,
                            "a value may fit this branch and branch " + std::to_string(i) +
                                "; use anyOf, or a required property with different constants");
      }
    }
  }
  return ok();
}

Result<bool> SchemaCompiler::add_values(Gap gap, const Json& flat, const std::string& path) {
  constexpr const char* kChecked[] = {"enum",     "type",     "minimum",   "maximum",
                                      "minItems", "maxItems", "minLength", "maxLength"};
  for (const auto& [name, value] : flat.items()) {
    if (std::find(std::begin(kChecked), std::end(kChecked), name) == std::end(kChecked)) {
      return schema_error(Errc::unsupported, path, "enum or const beside " + name);
    }
  }
  bool is_possible = false;
  for (const Json& value : flat["enum"]) {
    if (!validate_schema(value, flat, path)) continue;
    add_value(builder_, gap.from, gap.to, value);
    is_possible = true;
  }
  return is_possible || none_fits(path, "none of the given values fits the rest");
}

}  // namespace lyceum::model
