#include "model/decoding/json_grammar.hpp"

#include <map>

#include "model/decoding/number_grammar.hpp"

namespace lyceum::model {
namespace {

CharacterSet characters_to_escape() {
  return CharacterSet().add(0, 0x1F).add('"').add('\\');
}

/// A prefix that some of the excluded strings share.
struct Prefix {
  std::map<char32_t, Prefix> next{};
  bool is_excluded = false;
};

struct OtherStrings {
  RuleId rule = 0;
  GrammarState any = 0;  ///< Takes any characters more
  GrammarState end = 0;
};

void add_other_strings(GrammarBuilder& builder, const OtherStrings& others, GrammarState from,
                       const Prefix& prefix) {
  if (!prefix.is_excluded) builder.add_jump(from, others.end);
  CharacterSet known;
  for (const auto& [character, longer] : prefix.next) {
    known.add(character);
    const GrammarState next = builder.add_state(others.rule);
    write_in_string(builder, from, next, CharacterSet().add(character));
    add_other_strings(builder, others, next, longer);
  }
  write_in_string(builder, from, others.any, known.complement());
}

}  // namespace

void write_in_string(GrammarBuilder& builder, GrammarState from, GrammarState to,
                     const CharacterSet& characters) {
  static const CharacterSet kEscaped = characters_to_escape();
  CharacterSet plain = characters.complement();
  builder.add_characters(from, to, plain.add(kEscaped).complement());
  for (const auto& [first, last] : kEscaped.ranges()) {
    for (char32_t c = first; c <= last; ++c) {
      if (!characters.contains(c)) continue;
      const std::string quoted = dump_json(std::string(1, static_cast<char>(c)));
      builder.add_text(from, to, std::string_view(quoted).substr(1, quoted.size() - 2));
    }
  }
}

void add_string(GrammarBuilder& builder, GrammarState from, GrammarState to, const Expression& content) {
  const RuleId rule = builder.add_rule("a string", 0);
  builder.add_call(from, to, rule);
  const GrammarState begin = builder.add_state(rule);
  const GrammarState end = builder.add_state(rule);
  builder.add_text(builder.start_of(rule), begin, "\"");
  builder.add_text(end, builder.end_of(rule), "\"");
  add_expression(builder, {.rule = rule, .write = write_in_string}, begin, end, content);
}

void add_string(GrammarBuilder& builder, GrammarState from, GrammarState to, std::uint32_t min,
                std::optional<std::uint32_t> max) {
  add_string(builder, from, to, Expression::repeated(Expression::of(CharacterSet::all()), min, max));
}

void add_string_except(GrammarBuilder& builder, GrammarState from, GrammarState to,
                       const std::vector<std::string>& excluded) {
  Prefix root;
  for (const std::string& text : excluded) {
    Prefix* prefix = &root;
    for (const char32_t character : to_characters(text)) prefix = &prefix->next[character];
    prefix->is_excluded = true;
  }
  const RuleId rule = builder.add_rule("a string that is no known name", 0);
  builder.add_call(from, to, rule);
  const GrammarState begin = builder.add_state(rule);
  const GrammarState any = builder.add_state(rule);
  const GrammarState end = builder.add_state(rule);
  builder.add_text(builder.start_of(rule), begin, "\"");
  builder.add_text(end, builder.end_of(rule), "\"");
  write_in_string(builder, any, any, CharacterSet::all());
  builder.add_jump(any, end);
  add_other_strings(builder, {.rule = rule, .any = any, .end = end}, begin, root);
}

void add_separator(GrammarBuilder& builder, GrammarState from, GrammarState to, char separator) {
  builder.add_text(from, to, std::string(1, separator));
  builder.add_text(from, to, std::string(1, separator) + " ");
}

void add_value(GrammarBuilder& builder, GrammarState from, GrammarState to, const Json& value) {
  if (!value.is_structured() || value.empty()) {
    builder.add_text(from, to, dump_json(value));
    return;
  }
  const RuleId rule = builder.add_rule("a given value", 0);
  builder.add_call(from, to, rule);
  GrammarState at = builder.start_of(rule);
  const auto advance = [&](auto&& add) {
    const GrammarState next = builder.add_state(rule);
    add(next);
    at = next;
  };
  const auto text = [&](std::string_view bytes) {
    advance([&](GrammarState next) { builder.add_text(at, next, bytes); });
  };
  text(value.is_array() ? "[" : "{");
  bool is_first = true;
  for (const auto& [name, item] : value.items()) {
    if (!is_first) advance([&](GrammarState next) { add_separator(builder, at, next, ','); });
    is_first = false;
    if (value.is_object()) {
      text(dump_json(name));
      advance([&](GrammarState next) { add_separator(builder, at, next, ':'); });
    }
    advance([&, &inner = item](GrammarState next) { add_value(builder, at, next, inner); });
  }
  text(value.is_array() ? "]" : "}");
  builder.add_jump(at, builder.end_of(rule));
}

AnyValue add_any_value(GrammarBuilder& builder) {
  const AnyValue any{.value = builder.add_rule("any value", 0),
                     .array = builder.add_rule("any array", 1),
                     .object = builder.add_rule("any object", 1)};
  const GrammarState start = builder.start_of(any.value);
  const GrammarState end = builder.end_of(any.value);
  for (const char* text : {"null", "true", "false"}) builder.add_text(start, end, text);
  add_number(builder, start, end);
  add_string(builder, start, end, 0, std::nullopt);
  builder.add_call(start, end, any.array);
  builder.add_call(start, end, any.object);

  for (const RuleId rule : {any.array, any.object}) {
    const bool is_array = rule == any.array;
    const GrammarState open = builder.add_state(rule);
    const GrammarState first = builder.add_state(rule);
    const GrammarState after = builder.add_state(rule);
    builder.add_text(builder.start_of(rule), open, is_array ? "[" : "{");
    builder.add_jump(open, first);
    builder.add_text(open, builder.end_of(rule), is_array ? "]" : "}");
    builder.add_text(after, builder.end_of(rule), is_array ? "]" : "}");
    GrammarState value = first;
    if (!is_array) {
      const GrammarState named = builder.add_state(rule);
      value = builder.add_state(rule);
      add_string(builder, first, named, 0, std::nullopt);
      add_separator(builder, named, value, ':');
    }
    builder.add_call(value, after, any.value);
    add_separator(builder, after, first, ',');
  }
  return any;
}

}  // namespace lyceum::model
