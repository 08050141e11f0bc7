// Chat over an engine with its real thread. Random weights: what is promised holds for any.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_schema.hpp"
#include "model/chat_model.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/model/engine/loaded_model.hpp"

namespace lyceum::model {
namespace {

using test::run_task;
using testing::HasSubstr;
using testing::StartsWith;

class CollectingSink final : public ChatSink {
 public:
  Task<bool> on_delta(ChatDelta delta) override {
    text += delta.text;
    num_scored += delta.logprobs.size();
    num_calls += delta.tool_calls.size();
    co_return true;
  }

  std::string text{};
  std::size_t num_scored = 0;
  std::size_t num_calls = 0;
};

class EngineChatTest : public testing::Test {
 protected:
  static ChatRequest hello() {
    ChatRequest request;
    request.messages = {{.role = ChatRole::system, .content = "Be kind."},
                        {.role = ChatRole::user, .content = "Hello <|end|>"}};
    request.sampling.seed = 7;
    request.tokens_max = 40;
    return request;
  }

  LoadedModel model_{false};
};

TEST_F(EngineChatTest, GivesTheSameAnswerForTheSameSeedAndStreamsIt) {
  CollectingSink sink;
  ChatRequest request = hello();
  request.wants_logprobs = true;
  request.num_top_logprobs = 2;
  const auto answer = run_task(model_->chat_model()->chat(request, &sink));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(sink.text, answer->text);
  EXPECT_EQ(sink.num_scored, answer->logprobs.size());
  EXPECT_GT(answer->logprobs.size(), 0U);
  EXPECT_EQ(answer->logprobs[0].top.size(), 2U);
  // The special token's text is text: five bytes more than its one token would be.
  EXPECT_GE(answer->usage.tokens_in, std::string("Be kind.Hello <|end|>").size());
  EXPECT_EQ(run_task(model_->chat_model()->chat(request, nullptr))->text, answer->text);
  request.sampling.seed = 8;
  EXPECT_NE(run_task(model_->chat_model()->chat(request, nullptr))->text, answer->text);
}

TEST_F(EngineChatTest, EndsForLengthOrAtAStopString) {
  const auto whole = run_task(model_->chat_model()->chat(hello(), nullptr));
  ASSERT_TRUE(whole);
  ASSERT_GT(whole->text.size(), 12U);
  ChatRequest request = hello();
  request.stop = {whole->text.substr(8, 3)};
  const auto stopped = run_task(model_->chat_model()->chat(request, nullptr));
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->text, whole->text.substr(0, whole->text.find(request.stop[0])));
  EXPECT_EQ(stopped->finish_reason, FinishReason::stop);
  request = hello();
  request.tokens_max = 3;
  EXPECT_EQ(run_task(model_->chat_model()->chat(request, nullptr))->finish_reason, FinishReason::length);
}

TEST_F(EngineChatTest, CallsTheToolThatMustBeCalledWithArgumentsThatFit) {
  ChatRequest request = hello();
  request.tokens_max = 400;
  for (const char* name : {"left", "right"})
    request.tools.push_back({.name = name,
                             .parameters = {{"type", "object"},
                                            {"properties", {{"fast", {{"type", "boolean"}}}}},
                                            {"required", {"fast"}},
                                            {"additionalProperties", false}}});
  request.tool_choice = ToolChoice::required;
  CollectingSink sink;
  const auto answer = run_task(model_->chat_model()->chat(request, &sink));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_EQ(answer->tool_calls.size(), 1U);
  EXPECT_EQ(sink.num_calls, 1U);
  EXPECT_EQ(answer->finish_reason, FinishReason::tool_calls);
  EXPECT_THAT(answer->tool_calls[0].id, StartsWith("call_"));
  EXPECT_TRUE(
      validate_schema(*parse_json(answer->tool_calls[0].arguments), request.tools[0].parameters, "a"));
  request.tool_name = "right";
  EXPECT_EQ(run_task(model_->chat_model()->chat(request, nullptr))->tool_calls[0].name, "right");
}

TEST_F(EngineChatTest, NamesTheFieldThatIsWrong) {
  ChatRequest request = hello();
  request.messages[1].content = std::string(3000, 'x');
  const auto too_long = run_task(model_->chat_model()->chat(request, nullptr));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, Errc::too_large);
  EXPECT_THAT(too_long.error().message, StartsWith("messages: "));
  request = hello();
  request.format = {.kind = ChatFormat::Kind::json_schema, .schema = {{"type", "elephant"}}};
  EXPECT_THAT(run_task(model_->chat_model()->chat(request, nullptr)).error().message,
              StartsWith("response_format: "));
}

}  // namespace
}  // namespace lyceum::model
