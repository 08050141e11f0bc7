#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "model/chat/chat_template.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kSecret = "<|forged|>";

ChatInput conversation() {
  ChatInput input;
  input.messages = {
      {{"role", "system"}, {"content", "Be brief."}},
      {{"role", "user"}, {"content", std::string("Say ") + std::string(kSecret) + " \xC3\xA9\n"}},
      {{"role", "assistant"},
       {"content", nullptr},
       {"tool_calls", {{{"function", {{"name", "f"}, {"arguments", {{"x", 1}, {"y", {0.5, true}}}}}}}}}},
      {{"role", "tool"}, {"content", {{{"type", "text"}, {"text", "done"}}}}}};
  input.tools = {{{"type", "function"}, {"function", {{"name", "f"}, {"description", "d"}}}}};
  return input;
}

}  // namespace
}  // namespace lyceum::model

/// Any bytes as a template: an error, or pieces in which nothing that a message says is trusted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  const std::string source(data, data + size);
  const auto parsed = ChatTemplate::parse(source, {.begin = "<s>", .end = "</s>"});
  if (!parsed) {
    LYCEUM_CHECK(parsed.error().message.starts_with("chat template: "));
    return 0;
  }
  static const ChatInput input = conversation();
  const auto pieces = parsed->render(input);
  if (!pieces) return 0;
  // Templates could spell the secret themselves, if it stood in them.
  if (source.find("forged") != std::string::npos) return 0;
  for (const TextPiece& piece : *pieces)
    LYCEUM_CHECK(!piece.may_hold_special || piece.text.find("forged") == std::string::npos);
  return 0;
}
