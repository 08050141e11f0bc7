#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "model/decoding/expression.hpp"
#include "model/decoding/number_grammar.hpp"
#include "model/decoding/pattern.hpp"
#include "model/decoding/schema_compiler.hpp"
#include "model/decoding/schema_keywords.hpp"

namespace lyceum::model {
namespace {

/// The whole number at or above (`rounds_up`) or below a bound, held within 64 bits.
std::int64_t whole_bound(const Json& value, bool rounds_up) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return static_cast<std::int64_t>(std::min(number, static_cast<std::uint64_t>(kMax)));
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const double number = value.get<double>();
  if (number >= 9.2e18) return kMax;
  if (number <= -9.2e18) return kMin;
  return static_cast<std::int64_t>(rounds_up ? std::ceil(number) : std::floor(number));
}

bool is_whole(const Json& value) {
  if (value.is_number_integer()) return true;
  const double number = value.get<double>();
  return std::floor(number) == number;
}

std::uint32_t count_of(const Json& flat, const char* keyword) {
  return static_cast<std::uint32_t>(flat.value(keyword, Json(0)).get<std::uint64_t>());
}

std::optional<std::uint32_t> limit_of(const Json& flat, const char* keyword) {
  if (!flat.contains(keyword)) return std::nullopt;
  return count_of(flat, keyword);
}

/// The stricter of an inclusive and an exclusive bound; `sign` 1 for the lower, -1 for the upper.
Result<std::optional<NumberBound>> number_bound(const Json& flat, const char* inclusive,
                                                const char* exclusive, int sign, const std::string& path) {
  std::optional<NumberBound> bound;
  for (const char* keyword : {inclusive, exclusive}) {
    if (!flat.contains(keyword)) continue;
    const Json& value = flat[keyword];
    const std::string below = path_below(path, keyword);
    if (!is_whole(value)) {
      return schema_error(Errc::unsupported, below, "a number's bound must be a whole number");
    }
    const std::int64_t number = whole_bound(value, true);
    if (number < -kMaxNumberBound || number > kMaxNumberBound) {
      return schema_error(Errc::unsupported, below,
                          "a number's bound may be at most " + std::to_string(kMaxNumberBound));
    }
    const bool is_stricter = !bound || number * sign >= bound->value * sign;
    if (is_stricter) bound = NumberBound{.value = number, .is_exclusive = keyword == exclusive};
  }
  return bound;
}

}  // namespace

Result<bool> SchemaCompiler::add_type(Gap gap, const Json& flat, const std::string& type,
                                      const std::string& path) {
  if (type == "object") return add_object_type(gap, flat, path);
  if (type == "array") return add_array_type(gap, flat, path);
  if (type == "string") return add_text_type(gap, flat, path);
  if (type == "integer") return add_integer_type(gap, flat, path);
  if (type == "number") return add_number_type(gap, flat, path);
  if (type == "null") {
    builder_.add_text(gap.from, gap.to, "null");
    return true;
  }
  builder_.add_text(gap.from, gap.to, "true");
  builder_.add_text(gap.from, gap.to, "false");
  return true;
}

Result<bool> SchemaCompiler::add_text_type(Gap gap, const Json& flat, const std::string& path) {
  const std::uint32_t min = count_of(flat, "minLength");
  const auto max = limit_of(flat, "maxLength");
  if (!flat.contains("pattern")) {
    if (max && *max < min) return none_fits(path, "maxLength is below minLength");
    add_string(builder_, gap.from, gap.to, min, max);
    return true;
  }
  const std::string below = path_below(path, "pattern");
  if (min > 0 || max) {
    return schema_error(Errc::unsupported, below,
                        "pattern beside minLength or maxLength; use {min,max} in it");
  }
  auto pattern = parse_pattern(flat["pattern"].get<std::string>());
  if (!pattern) return schema_error(pattern.error().code, below, pattern.error().message);
  add_string(builder_, gap.from, gap.to, *pattern);
  return true;
}

Result<bool> SchemaCompiler::add_integer_type(Gap gap, const Json& flat, const std::string& path) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t first = kMin;
  std::int64_t last = kMax;
  if (flat.contains("minimum")) first = whole_bound(flat["minimum"], true);
  if (flat.contains("maximum")) last = whole_bound(flat["maximum"], false);
  if (flat.contains("exclusiveMinimum")) {
    const std::int64_t below = whole_bound(flat["exclusiveMinimum"], false);
    if (below == kMax) return none_fits(path, "its bounds leave no 64-bit integer");
    first = std::max(first, below + 1);
  }
  if (flat.contains("exclusiveMaximum")) {
    const std::int64_t above = whole_bound(flat["exclusiveMaximum"], true);
    if (above == kMin) return none_fits(path, "its bounds leave no 64-bit integer");
    last = std::min(last, above - 1);
  }
  if (first > last) return none_fits(path, "its bounds leave no integer");
  add_integers(builder_, gap.from, gap.to, first, last);
  return true;
}

Result<bool> SchemaCompiler::add_number_type(Gap gap, const Json& flat, const std::string& path) {
  TRY(const auto lower, number_bound(flat, "minimum", "exclusiveMinimum", 1, path));
  TRY(const auto upper, number_bound(flat, "maximum", "exclusiveMaximum", -1, path));
  if (!lower && !upper) {
    add_number(builder_, gap.from, gap.to);
    return true;
  }
  if (lower && upper) {
    const bool leaves_none = lower->value > upper->value ||
                             (lower->value == upper->value && (lower->is_exclusive || upper->is_exclusive));
    if (leaves_none) return none_fits(path, "its bounds leave no number");
  }
  add_bounded_number(builder_, gap.from, gap.to, lower, upper);
  return true;
}

Result<bool> SchemaCompiler::add_array_type(Gap gap, const Json& flat, const std::string& path) {
  const std::uint32_t min = count_of(flat, "minItems");
  const auto max = limit_of(flat, "maxItems");
  if (max && *max < min) return none_fits(path, "maxItems is below minItems");
  const Part array = add_part(path, 1);
  const Part more = add_part(path + ": a further item", 0);
  const Part item = add_part(path_below(path, "items"), 0);
  const std::string below = path_below(path, "items");
  TRY(const bool may_have_items, add_schema(item.gap, flat.value("items", Json(true)), below));
  if (!may_have_items && min > 0) return false;

  builder_.add_call(gap.from, gap.to, array.rule);
  const GrammarState open = builder_.add_state(array.rule);
  const GrammarState close = builder_.add_state(array.rule);
  builder_.add_text(array.gap.from, open, "[");
  builder_.add_text(close, array.gap.to, "]");
  if (min == 0) builder_.add_jump(open, close);
  if (!may_have_items || max == 0U) return true;
  const GrammarState separated = builder_.add_state(more.rule);
  add_separator(builder_, more.gap.from, separated, ',');
  builder_.add_call(separated, more.gap.to, item.rule);
  const GrammarState first = builder_.add_state(array.rule);
  builder_.add_call(open, first, item.rule);
  const std::uint32_t further_min = std::max(min, 1U) - 1;
  const auto further_max = max ? std::optional(*max - 1) : std::nullopt;
  builder_.add_repeat(first, close, more.rule, further_min, further_max);
  return true;
}

Result<std::optional<RuleId>> SchemaCompiler::add_member(const Json& schema, const std::string& name,
                                                         const std::string& path) {
  const Part member = add_part(path, 0);
  const GrammarState named = builder_.add_state(member.rule);
  const GrammarState separated = builder_.add_state(member.rule);
  add_value(builder_, member.gap.from, named, name);
  add_separator(builder_, named, separated, ':');
  TRY(const bool is_possible, add_schema({.from = separated, .to = member.gap.to}, schema, path));
  return is_possible ? std::optional(member.rule) : std::nullopt;
}

Result<std::optional<RuleId>> SchemaCompiler::add_other_member(const Json& schema,
                                                               const std::vector<std::string>& names,
                                                               const std::string& path) {
  const Part member = add_part(path, 0);
  const GrammarState named = builder_.add_state(member.rule);
  const GrammarState separated = builder_.add_state(member.rule);
  add_string_except(builder_, member.gap.from, named, names);
  add_separator(builder_, named, separated, ':');
  TRY(const bool is_possible, add_schema({.from = separated, .to = member.gap.to}, schema, path));
  return is_possible ? std::optional(member.rule) : std::nullopt;
}

Result<bool> SchemaCompiler::add_object_type(Gap gap, const Json& flat, const std::string& path) {
  const Json properties = flat.value("properties", Json::object());
  const Json additional = flat.value("additionalProperties", Json(true));
  std::set<std::string> required;
  std::set<std::string> names;
  for (const auto& [name, schema] : properties.items()) names.insert(name);
  for (const Json& name : flat.value("required", Json::array())) required.insert(name.get<std::string>());
  names.insert(required.begin(), required.end());

  const Part object = add_part(path, 1);
  std::vector<Member> members;
  for (const std::string& name : names) {
    const bool is_declared = properties.contains(name);
    const std::string below = is_declared ? path_below(path_below(path, "properties"), name)
                                          : path_below(path, "additionalProperties");
    TRY(const auto member, add_member(is_declared ? properties[name] : additional, name, below));
    if (!member && required.contains(name)) return none_fits(path, "\"" + name + "\" is required");
    if (member) members.push_back({.rule = *member, .is_required = required.contains(name)});
  }
  std::optional<RuleId> other;
  if (additional != false) {
    const std::vector<std::string> known(names.begin(), names.end());
    TRY(other, add_other_member(additional, known, path_below(path, "additionalProperties")));
  }
  builder_.add_call(gap.from, gap.to, object.rule);
  add_members(object, members, other);
  return true;
}

/// Members in their order, others anywhere between them. Two rows of states: nothing written yet, and
/// something, after which a separator comes first.
void SchemaCompiler::add_members(const Part& object, const std::vector<Member>& members,
                                 std::optional<RuleId> other) {
  GrammarState before_first = builder_.add_state(object.rule);
  GrammarState after_some = builder_.add_state(object.rule);
  builder_.add_text(object.gap.from, before_first, "{");
  const auto add_call = [&](RuleId member, GrammarState to) {
    const GrammarState separated = builder_.add_state(object.rule);
    builder_.add_call(before_first, to, member);
    add_separator(builder_, after_some, separated, ',');
    builder_.add_call(separated, to, member);
  };
  for (const Member& member : members) {
    if (other) add_call(*other, after_some);
    const GrammarState next_first = builder_.add_state(object.rule);
    const GrammarState next_some = builder_.add_state(object.rule);
    add_call(member.rule, next_some);
    if (!member.is_required) {
      builder_.add_jump(before_first, next_first);
      builder_.add_jump(after_some, next_some);
    }
    before_first = next_first;
    after_some = next_some;
  }
  if (other) add_call(*other, after_some);
  builder_.add_text(before_first, object.gap.to, "}");
  builder_.add_text(after_some, object.gap.to, "}");
}

}  // namespace lyceum::model
