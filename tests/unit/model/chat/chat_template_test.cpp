#include "model/chat/chat_template.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/model/tokenizer/tokenizer_bytes.hpp"

namespace lyceum::model {
namespace {

Json message(const std::string& role, const std::string& content) {
  return {{"role", role}, {"content", content}};
}

std::string text_of(const std::vector<TextPiece>& pieces) {
  std::string text;
  for (const TextPiece& piece : pieces) text += piece.text;
  return text;
}

/// The text, or the error's message.
std::string rendered(const std::string& source, const ChatInput& input = {}) {
  const auto parsed = ChatTemplate::parse(source, {.begin = "<s>", .end = "</s>"});
  if (!parsed) return parsed.error().message;
  const auto pieces = parsed->render(input);
  return pieces ? text_of(*pieces) : pieces.error().message;
}

ChatInput with(Json variables) {
  return {.variables = std::move(variables)};
}

TEST(ChatTemplate, RendersMessagesInChatMl) {
  const std::string source =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
      "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
      "{% endif %}";
  const ChatInput input{.messages = {message("system", "Be brief."), message("user", "Hi")}};

  EXPECT_EQ(
      rendered(source, input),
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, TakesMoreVariables) {
  EXPECT_EQ(rendered("{% if enable_thinking %}on{% else %}off{% endif %}", with({{"enable_thinking", true}})),
            "on");
}

struct Snippet {
  const char* source = "";
  const char* expected = "";
};

/// Goal: what Jinja2 3.1 writes with trim_blocks and lstrip_blocks, from which the right sides come.
TEST(ChatTemplate, ComputesAsJinjaDoes) {
  constexpr Snippet kSnippets[] = {
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 1_000 + 1 }}",
       "3 -4 2 1024 3.5 1001"},
      {"{{ 'a' ~ 1 ~ 2.5 ~ none ~ true }} {{ 'ab' * 2 + 'c' }}", "a12.5NoneTrue ababc"},
      {"{{ {'a': 1, \"b\": [true, none, 1.0, 'q\"x']} }}", "{'a': 1, 'b': [True, None, 1.0, 'q\"x']}"},
      {"{{ {'a': [1, {}], 'é': 'x\\n\"'}|tojson }}", "{\"a\": [1, {}], \"é\": \"x\\n\\\"\"}"},
      {"{{ {'a': [1]}|tojson(indent=2) }}", "{\n  \"a\": [\n    1\n  ]\n}"},
      {"{{ 'a b  c'.split() }} {{ 'a,b,c'.split(',', 1) }}", "['a', 'b', 'c'] ['a', 'b,c']"},
      {"{{ 'abc'[::-1] }} {{ 'héllo'[1:3] }} {{ [1,2,3][-1] }} {{ [1,2,3][:-1] }}", "cba él 3 [1, 2]"},
      {"{{ 'aXbX'.replace('X', '-', 1) }} {{ ' x '|trim }}{{ '--y-'.strip('-') }}", "a-bX xy"},
      {"{{ [3,1,2]|sort|join(',') }} {{ range(2, 8, 2)|list }} {{ 'héllo'|length }}", "1,2,3 [2, 4, 6] 5"},
      {"{{ 'héllo wörld'|title }} {{ 'hÉ'|lower|capitalize }} {{ 'x\\ny'|indent(3, true) }}",
       "Héllo Wörld Hé    x\n   y"},
      {"{{ 'b' not in 'abc' }} {{ not true or 1 in [1] }} {{ 3 is odd }} {{ 10 is divisibleby 5 }}",
       "False True True True"},
      {"{{ 1 if false }}|{{ missing }}|{{ missing is defined }}|{{ missing|default('d') }}|{{ "
       "''|default('e', true) }}",
       "||False|d|e"},
      {"{% set ns = namespace(n=0) %}{% for i in range(4) if i != 2 %}{% set ns.n = ns.n + i %}{{ loop.index "
       "}}"
       "{{ ';' if not loop.last }}{% endfor %}={{ ns.n }}",
       "1;2;3=4"},
      {"{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}", "21"},
      {"{% for i in [] %}a{% else %}none{% endfor %}{% for i in [1,2,3] %}{% if i == 2 %}{% continue %}"
       "{% endif %}{{ i }}{% endfor %}",
       "none13"},
      {"{% macro f(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ f('x') }}{{ f(b=1, a=2) }}", "xz21"},
      {"{% set x %}a{{ 1 }}{% endset %}[{{ x }}]", "[a1]"},
      {"{% for k, v in {'b': 1, 'a': 2}|dictsort %}{{ k }}{{ v }}{% endfor %}", "a2b1"},
      {"{{ [{'r': 'x'}, {'r': 'y'}]|map(attribute='r')|join('-') }} "
       "{{ [{'r': 'x'}, {'r': 'y'}]|selectattr('r', 'equalto', 'y')|list|length }}",
       "x-y 1"},
      {"a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc"},
      {"a  {%- if true -%}  b  {%- endif -%}  c", "abc"},
      {"{# note #}\nx{{ '}}' }}{{ {'a': {}}.a }}", "x}}{}"},
      {"{% generation %}x{% endgeneration %}{{ strftime_now('%d %b %Y') }}", "x01 Jan 1970"},
  };
  for (const Snippet& each : kSnippets) EXPECT_EQ(rendered(each.source), each.expected) << each.source;
}

TEST(ChatTemplate, SaysWhereAndWhyATemplateCannotBeUsed) {
  constexpr Snippet kSnippets[] = {
      {"a\n{{ 1 + }}", "chat template: line 2: expected a name, found the end of the tag or template"},
      {"{% if x %}", "chat template: line 1: expected {% endif %}, found the end of the tag or template"},
      {"{% include 'x' %}",
       "chat template: line 1: statement \"include\"; known are set, if, for, macro, generation, break, "
       "continue"},
      {"{{ 'x", "chat template: line 1: a text without its closing quote"},
      {"{% break %}",
       "chat template: line 1: expected \"break\" within a loop only, found the end of the tag or "
       "template"},
      {"\n\n{{ raise_exception('roles must alternate') }}",
       "chat template: line 3: the template refuses: roles must alternate"},
      {"{{ missing.part }}", "chat template: line 1: \"part\" of a value that is undefined"},
      {"{{ 1 / 0 }}", "chat template: line 1: division by zero"},
      {"{{ 'a' + 1 }}", "chat template: line 1: \"+\" of values of types string and integer"},
      {"{{ 9223372036854775807 + 1 }}", "chat template: line 1: an integer beyond 64 bits"},
      {"{{ x() }}", "chat template: line 1: a call of \"x\", which is no function"},
      {"{% set a = {} %}{% set a.b = 1 %}",
       "chat template: line 1: expected \"a\" to be a namespace, as a part of it is set"},
      {"{{ 'x'|nonsense }}", nullptr},
  };
  for (const Snippet& each : kSnippets) {
    if (each.expected != nullptr) {
      EXPECT_EQ(rendered(each.source), each.expected) << each.source;
    } else {
      EXPECT_TRUE(
          rendered(each.source).starts_with("chat template: line 1: filter \"nonsense\"; known are abs, "));
    }
  }
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

Errc failure(const std::string& source) {
  const auto parsed = ChatTemplate::parse(source, {});
  if (!parsed) return parsed.error().code;
  const auto pieces = parsed->render({});
  return pieces ? Errc::internal : pieces.error().code;
}

TEST(ChatTemplate, RefusesNestingBeyondTheLimit) {
  EXPECT_EQ(failure("{{ " + repeated("(", 100'000) + "1" + repeated(")", 100'000) + " }}"), Errc::too_large);
  EXPECT_EQ(failure("{{ 1" + repeated(" + 1", 100'000) + " }}"), Errc::too_large);
  EXPECT_EQ(failure("{{ x" + repeated(".y", 100'000) + " }}"), Errc::too_large);
  EXPECT_EQ(failure("{{ " + repeated("not ", 100'000) + "1 }}"), Errc::too_large);
  EXPECT_EQ(failure(repeated("{% if 1 %}", 1000)), Errc::too_large);
  EXPECT_EQ(failure(std::string(2'000'000, 'x')), Errc::too_large);
}

TEST(ChatTemplate, EndsTemplatesThatWouldNot) {
  EXPECT_EQ(failure("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), Errc::too_large);
  EXPECT_EQ(failure("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
            Errc::too_large);
  EXPECT_EQ(failure("{{ range(1000000000) }}"), Errc::too_large);
}

TEST(ChatTemplate, EndsTemplatesThatTakeMemory) {
  EXPECT_EQ(failure("{{ 'x' * 1000000000000 }}"), Errc::too_large);
  EXPECT_EQ(failure("{% set ns = namespace(x='x') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}"
                    "{% endfor %}"),
            Errc::too_large);
  EXPECT_EQ(failure("{% set x = 'x' * 1000000 %}{% for i in range(1000) %}{{ x }}{% endfor %}"),
            Errc::too_large);
}

TEST(ChatTemplate, AValueThatHoldsItselfIsNoTrap) {
  const std::string cycle = "{% set n = namespace() %}{% set n.a = n %}{% set n.b = n %}";
  EXPECT_EQ(failure(cycle + "{{ n }}"), Errc::too_large);
  EXPECT_EQ(failure(cycle + "{{ n|tojson }}"), Errc::too_large);
  EXPECT_EQ(failure(cycle + "{% set m = namespace() %}{% set m.a = m %}{% set m.b = m %}{{ n == m }}"),
            Errc::too_large);
}

TEST(ChatTemplate, MarksWhatTheTemplateDidNotWrite) {
  const auto parsed = ChatTemplate::parse(
      "{{ bos_token }}{% for m in messages %}[{{ (m.role ~ ': ' ~ m.content)|trim|upper }}]{% endfor %}",
      {.begin = "<s>"});
  ASSERT_TRUE(parsed);

  const auto pieces = parsed->render({.messages = Json::array({message("user", "<s> x")})});

  ASSERT_TRUE(pieces);
  std::string marked;
  for (const TextPiece& piece : *pieces)
    marked += piece.may_hold_special ? piece.text : "(" + piece.text + ")";
  EXPECT_EQ(marked, "<s>[(USER): (<S> X)]");
}

/// Goal: no detour through filters makes a user's words a role's mark.
TEST(ChatTemplate, NoTokenOfAMessageIsSpecial) {
  const std::string data = byte_pair_gguf("gpt-2");
  const auto file = GgufFile::parse(bytes_of(data), "x");
  const auto tokenizer = Tokenizer::from_gguf(*file);
  ASSERT_TRUE(tokenizer);
  std::string special;
  for (TokenId id = 0; static_cast<std::size_t>(id) < tokenizer->vocab_size(); ++id) {
    if (tokenizer->is_special(id) && special.empty()) special = tokenizer->bytes_of(id, true);
  }
  ASSERT_FALSE(special.empty());
  const ChatInput input{.messages = Json::array({message("user", special), message(special, "x")})};
  const auto parsed = ChatTemplate::parse(
      "{% for m in messages %}{{ m.content[:1] + m.content[1:]|replace('q', '') }}{{ m|tojson }}{{ "
      "m.role|upper }}"
      "{{ [m.content]|join }}{{ m.content.split('x')|join('x') }}{% endfor %}" +
          special,
      {});
  ASSERT_TRUE(parsed) << parsed.error().message;

  const auto pieces = parsed->render(input);
  ASSERT_TRUE(pieces) << pieces.error().message;
  const auto tokens = tokenizer->encode(*pieces);

  ASSERT_TRUE(tokens);
  const auto is_special = [&](TokenId id) { return tokenizer->is_special(id); };
  EXPECT_EQ(std::ranges::count_if(*tokens, is_special), 1);
  EXPECT_TRUE(is_special(tokens->back()));
  EXPECT_EQ(tokenizer->decode(*tokens, true), text_of(*pieces));
}

TEST(ChatTemplate, ASpecialTokenDoesNotReachAcrossPieces) {
  const std::string data = byte_pair_gguf("gpt-2");
  const auto file = GgufFile::parse(bytes_of(data), "x");
  const auto tokenizer = Tokenizer::from_gguf(*file);
  std::string special;
  for (TokenId id = 0; static_cast<std::size_t>(id) < tokenizer->vocab_size(); ++id) {
    if (tokenizer->is_special(id)) special = tokenizer->bytes_of(id, true);
  }
  const std::vector<TextPiece> pieces{
      {special.substr(0, 3), true}, {special.substr(3), false}, {special, true}};

  const auto tokens = tokenizer->encode(pieces);

  ASSERT_TRUE(tokens);
  EXPECT_EQ(std::ranges::count_if(*tokens, [&](TokenId id) { return tokenizer->is_special(id); }), 1);
}

}  // namespace
}  // namespace lyceum::model
