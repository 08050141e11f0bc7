#include "web/openai/chat_wire.hpp"

#include <gtest/gtest.h>

namespace lyceum::web::openai {
namespace {

const ChatHead kHead{.id = "chatcmpl-1", .created_s = 17, .model = "m", .has_logprobs = true};

Json chunk_of(const std::string& event) {
  EXPECT_TRUE(event.starts_with("data: ")) << event;
  EXPECT_TRUE(event.ends_with("\n\n")) << event;
  return Json::parse(event.substr(6));
}

TEST(ChatWire, ACompletionHasItsChoicesAndTheUseOfAll) {
  const std::vector<model::ChatAnswer> answers = {
      {.text = "Hi",
       .usage = {.tokens_in = 5, .tokens_out = 1},
       .num_cached_tokens = 4,
       .logprobs = {{.token = {"Hi", -0.5}, .top = {{"Hi", -0.5}, {"Ho", -1.5}}}}},
      {.tool_calls = {{.id = "call_1", .name = "f", .arguments = "{}"}},
       .finish_reason = model::FinishReason::tool_calls,
       .usage = {.tokens_in = 5, .tokens_out = 2}}};

  EXPECT_EQ(completion_json(kHead, answers), Json::parse(R"({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 17, "model": "m",
    "choices": [
      {"index": 0, "message": {"role": "assistant", "content": "Hi", "refusal": null},
       "logprobs": {"refusal": null, "content": [
         {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [
           {"token": "Hi", "logprob": -0.5, "bytes": [72, 105]},
           {"token": "Ho", "logprob": -1.5, "bytes": [72, 111]}]}]},
       "finish_reason": "stop"},
      {"index": 1, "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [
         {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
       "logprobs": {"refusal": null, "content": []}, "finish_reason": "tool_calls"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8,
              "prompt_tokens_details": {"cached_tokens": 4}}})"));
}

TEST(ChatWire, EveryPieceOfAToolCallHasItsIndexAndTheFirstItsName) {
  model::ChatDelta first;
  first.tool_calls.push_back({.index = 1, .id = "call_2", .name = "f"});
  model::ChatDelta second;
  second.tool_calls.push_back({.index = 1, .arguments = "{\"a"});

  EXPECT_EQ(chunk_of(delta_event(kHead, 0, first))["choices"][0]["delta"], Json::parse(R"({"tool_calls": [
    {"index": 1, "id": "call_2", "type": "function", "function": {"name": "f", "arguments": ""}}]})"));
  EXPECT_EQ(chunk_of(delta_event(kHead, 0, second))["choices"][0]["delta"],
            Json::parse(R"({"tool_calls": [{"index": 1, "function": {"arguments": "{\"a"}}]})"));
}

TEST(ChatWire, ADeltaThatAddsNothingIsNoChunk) {
  EXPECT_EQ(delta_event(kHead, 0, {}), "");
}

TEST(ChatWire, ATokenWithinACharacterHasItsBytesThoughItIsNoText) {
  model::ChatDelta delta;
  delta.logprobs.push_back({.token = {"\xC3", -1}});

  const Json choice = chunk_of(delta_event(kHead, 0, delta))["choices"][0];

  EXPECT_EQ(choice["logprobs"]["content"][0]["bytes"], Json::parse("[195]"));
  EXPECT_EQ(choice["delta"]["content"], "");
}

TEST(ChatWire, UsageIsNullInEveryChunkButTheLastAndOnlyWhereAskedFor) {
  ChatHead head = kHead;
  EXPECT_FALSE(chunk_of(finish_event(head, 0, model::FinishReason::length)).contains("usage"));
  head.includes_usage = true;
  EXPECT_TRUE(chunk_of(role_event(head, 0)).at("usage").is_null());

  const std::vector<model::ChatAnswer> answers = {{.usage = {.tokens_in = 1, .tokens_out = 2}}};
  const Json last = chunk_of(usage_event(head, answers));

  EXPECT_EQ(last["choices"], Json::array());
  EXPECT_EQ(last["usage"]["total_tokens"], 3);
}

}  // namespace
}  // namespace lyceum::web::openai
