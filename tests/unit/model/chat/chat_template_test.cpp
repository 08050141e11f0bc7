#include "model/chat/chat_template.hpp"

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

}  // namespace
}  // namespace lyceum::model
