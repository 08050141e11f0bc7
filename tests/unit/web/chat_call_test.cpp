#include "web/openai/chat_call.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lyceum::web::openai {
namespace {

using testing::StartsWith;

Json minimal() {
  return Json::parse(R"({"model": "m", "messages": [{"role": "user", "content": "Hello"}]})");
}

Json with(const char* field, const char* value) {
  Json body = minimal();
  body[field] = Json::parse(value);
  return body;
}

std::string refusal(const Json& body) {
  const auto call = parse_chat(body);
  return call ? "" : call.error().message;
}

constexpr const char* kWeatherTool = R"([{"type": "function", "function": {"name": "weather",
  "description": "Of a city", "parameters": {"type": "object"}, "strict": true}}])";

TEST(ChatCall, OfTheLeastRequestAsksForTheModelsOwnDistribution) {
  const auto call = parse_chat(minimal());

  ASSERT_TRUE(call);
  EXPECT_EQ(call->model, "m");
  EXPECT_EQ(call->num_choices, 1U);
  EXPECT_FALSE(call->is_streamed);
  EXPECT_EQ(call->request.messages.at(0).content, "Hello");
  EXPECT_EQ(call->request.sampling.temperature, 1);
  EXPECT_EQ(call->request.sampling.top_p, 1);
  EXPECT_FALSE(call->request.sampling.seed);
  EXPECT_EQ(call->request.tokens_max, 0U);
}

TEST(ChatCall, TakesEveryFieldThatItHonours) {
  Json body = minimal();
  body.update(Json::parse(R"({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "seed": 7,
    "frequency_penalty": -1, "presence_penalty": 1, "logit_bias": {"12": -100}, "n": 3,
    "max_tokens": 5, "max_completion_tokens": 6, "stop": ["a", "b"], "logprobs": true, "top_logprobs": 4,
    "stream": true, "stream_options": {"include_usage": true}, "parallel_tool_calls": false,
    "response_format": {"type": "json_schema", "json_schema": {"name": "s", "strict": true,
      "schema": {"type": "object"}}}})"));

  const auto call = parse_chat(body);

  ASSERT_TRUE(call) << call.error().message;
  const model::ChatRequest& request = call->request;
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.top_p, 0.9);
  EXPECT_EQ(request.sampling.top_k, 40U);
  EXPECT_EQ(request.sampling.min_p, 0.05);
  EXPECT_EQ(request.sampling.seed, 7U);
  EXPECT_EQ(request.sampling.frequency_penalty, -1);
  EXPECT_EQ(request.sampling.presence_penalty, 1);
  EXPECT_EQ(request.sampling.logit_bias, (std::map<std::int32_t, double>{{12, -100}}));
  EXPECT_EQ(request.tokens_max, 6U);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(request.wants_logprobs);
  EXPECT_EQ(request.num_top_logprobs, 4U);
  EXPECT_FALSE(request.may_call_in_parallel);
  EXPECT_EQ(request.format.kind, model::ChatFormat::Kind::json_schema);
  EXPECT_EQ(request.format.schema, Json::parse(R"({"type": "object"})"));
  EXPECT_EQ(call->num_choices, 3U);
  EXPECT_TRUE(call->is_streamed);
  EXPECT_TRUE(call->includes_usage);
}

TEST(ChatCall, ReadsAConversationWithToolsAsItWasSentBack) {
  Json body = with("tools", kWeatherTool);
  body["messages"] = Json::parse(R"([
    {"role": "developer", "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}]},
    {"role": "user", "content": "Rain?", "name": "ana"},
    {"role": "assistant", "content": null, "refusal": null, "annotations": [], "tool_calls": [
      {"index": 0, "id": "call_1", "type": "function",
       "function": {"name": "weather", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "wet"}])");
  body["tool_choice"] = Json::parse(R"({"type": "function", "function": {"name": "weather"}})");

  const auto call = parse_chat(body);

  ASSERT_TRUE(call) << call.error().message;
  const auto& messages = call->request.messages;
  EXPECT_EQ(messages[0].role, model::ChatRole::system);
  EXPECT_EQ(messages[0].content, "Be kind.");
  EXPECT_EQ(messages[1].name, "ana");
  EXPECT_EQ(messages[2].tool_calls.at(0).arguments, "{}");
  EXPECT_EQ(messages[3].tool_call_id, "call_1");
  EXPECT_EQ(call->request.tools.at(0).description, "Of a city");
  EXPECT_TRUE(call->request.tools.at(0).is_strict);
  EXPECT_EQ(call->request.tool_choice, model::ToolChoice::required);
  EXPECT_EQ(call->request.tool_name, "weather");
}

TEST(ChatCall, LetsBeWhatCannotChangeTheAnswerAndNulls) {
  Json body = minimal();
  body.update(Json::parse(R"({"user": "u", "metadata": {"a": "b"}, "service_tier": "auto", "store": false,
    "modalities": ["text"], "stop": null, "temperature": null, "tools": null, "seed": null, "audio": null})"));

  EXPECT_EQ(refusal(body), "");
}

struct BadRequest {
  const char* field;
  const char* value;
  const char* message;
};

class BadChatCall : public testing::TestWithParam<BadRequest> {};

TEST_P(BadChatCall, IsRefusedByTheNameOfItsField) {
  EXPECT_THAT(refusal(with(GetParam().field, GetParam().value)), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    ChatCall, BadChatCall,
    testing::Values(
        BadRequest{"messages", "[]", "messages: expected at least one"},
        BadRequest{"messages", R"([{"role": "robot", "content": ""}])", "messages[0].role: expected one of"},
        BadRequest{"messages", R"([{"role": "user"}])", "messages[0].content: required"},
        BadRequest{"messages", R"([{"role": "user", "content": 5}])", "messages[0].content: expected"},
        BadRequest{"messages", R"([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])",
                   "messages[0].content[0].type: this model reads text only"},
        BadRequest{"messages", R"([{"role": "tool", "content": "x"}])", "messages[0].tool_call_id: required"},
        BadRequest{"messages", "7", "body.messages: expected an array"},
        BadRequest{"temperature", "3", "body.temperature: must be from 0"},
        BadRequest{"temperature", R"("hot")", "body.temperature: expected a number"},
        BadRequest{"n", "9", "body.n: must be from 1 to 8"},
        BadRequest{"max_tokens", "0", "body.max_tokens: must be from 1"},
        BadRequest{"logit_bias", R"({"x": 1})", "logit_bias: \"x\" is not a token id"},
        BadRequest{"logit_bias", R"({"1": 101})", "logit_bias: token 1: expected -100 to 100"},
        BadRequest{"stop", R"(["a", "b", "c", "d", "e"])", "stop: at most 4"},
        BadRequest{"stop", R"([""])", "stop: expected strings of 1"},
        BadRequest{"top_logprobs", "3", "top_logprobs: needs \"logprobs\""},
        BadRequest{"stream_options", "{}", "body.stream_options: only with"},
        BadRequest{"response_format", R"({"type": "xml"})", "response_format.type: expected one of"},
        BadRequest{"response_format", R"({"type": "json_schema", "json_schema": {"name": "s"}})",
                   "response_format.json_schema.schema: expected"},
        BadRequest{"tool_choice", R"("required")", "tool_choice: no tools are given"},
        BadRequest{"tool_choice", R"({"type": "function", "function": {"name": "w"}})",
                   "tool_choice: there is no tool named \"w\""},
        BadRequest{"tools", R"([{"type": "custom"}])", "tools[0].type: \"custom\" is not supported"},
        BadRequest{"tools", R"([{"type": "function", "function": {"name": "a b"}}])",
                   "tools[0].function.name: expected 1 to 64 letters"},
        BadRequest{"store", "true", "store: is not supported"},
        BadRequest{"functions", "[]", "functions: is not supported"},
        BadRequest{"audio", R"({"voice": "x"})", "audio: is not supported"},
        BadRequest{"reasoning_effort", R"("high")", "reasoning_effort: is not supported"},
        BadRequest{"colour", "1", "body.colour: unknown field"}));

}  // namespace
}  // namespace lyceum::web::openai
