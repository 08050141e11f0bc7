// OpenAI's interface over real sockets, with a model that answers by rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/openapi_check.hpp"
#include "tests/support/server_fixture.hpp"

namespace lyceum::test {
namespace {

using testing::HasSubstr;

Json chat_body(const std::string& text, const Json& more = Json::object()) {
  Json body = {{"model", "scripted-1"}, {"messages", {{{"role", "user"}, {"content", text}}}}};
  body.update(more);
  return body;
}

class OpenAi : public testing::Test {
 protected:
  void SetUp() override { openapi = request(server.port(), "GET", "/api/openapi.json").json(); }

  /// A request whose answer must conform to the document.
  Reply ask(const std::string& method, const std::string& target, const Json& body = nullptr,
            HeaderMap headers = {}) {
    Reply reply =
        request(server.port(), method, target, body.is_null() ? "" : body.dump(), std::move(headers));
    const std::string pattern = pattern_of(openapi, target);
    EXPECT_EQ(conformance_problem(openapi, method, pattern, reply.status, reply.headers["content-type"],
                                  reply.body),
              "");
    return reply;
  }

  Reply chat(const Json& body) { return ask("POST", "/v1/chat/completions", body); }

  /// The text of the whole streamed answer.
  std::string stream(const std::string& text, const Json& more = Json::object()) {
    Json body = chat_body(text, more);
    body["stream"] = true;
    RawClient client(server.port());
    client.send(request_text(server.port(), "POST", "/v1/chat/completions", body.dump()));
    return client.read_to_end();
  }

  ServerFixture server;
  Json openapi;
};

TEST_F(OpenAi, ListsTheModelAndTellsOfIt) {
  const Json list = ask("GET", "/v1/models").json();

  EXPECT_EQ(list["data"].size(), 1U);
  EXPECT_EQ(list["data"][0]["id"], "scripted-1");
  EXPECT_EQ(ask("GET", "/v1/models/scripted-1").json()["created"], 1'700'000'000);
  const Reply unknown = ask("GET", "/v1/models/gpt-4o");
  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(unknown.json()["error"]["code"], "model_not_found");
}

TEST_F(OpenAi, AChatIsAnsweredWithItsUse) {
  const Reply reply = chat(chat_body("hello there"));

  ASSERT_EQ(reply.status, 200U) << reply.body;
  const Json body = reply.json();
  EXPECT_EQ(body["choices"][0]["message"]["content"], "You said: hello there");
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["prompt_tokens"], 2);
  EXPECT_EQ(body["usage"]["completion_tokens"], 4);
}

TEST_F(OpenAi, ChoicesDifferByTheirSeeds) {
  const Json body = chat(chat_body("hello", {{"n", 3}, {"seed", 10}})).json();

  ASSERT_EQ(body["choices"].size(), 3U);
  EXPECT_EQ(body["choices"][2]["index"], 2);
  EXPECT_EQ(body["usage"]["completion_tokens"], 9);
  EXPECT_EQ(server.model.last_request().sampling.seed, 12U);
}

TEST_F(OpenAi, AStreamEndsWithItsReasonItsUseAndDone) {
  const std::string text = stream("hello", {{"stream_options", {{"include_usage", true}}}});

  EXPECT_THAT(text, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(text, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(text, HasSubstr(R"("delta":{"content":"","role":"assistant"})"));
  EXPECT_THAT(text, HasSubstr(R"("delta":{"content":" said:"})"));
  EXPECT_THAT(text, HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_THAT(text, HasSubstr(R"("total_tokens":4)"));
  EXPECT_THAT(text, HasSubstr("data: [DONE]\n\n"));
}

TEST_F(OpenAi, AnErrorBeforeTheFirstTokenOfAStreamIsAStatus) {
  EXPECT_THAT(stream("fail with overloaded"), HasSubstr("HTTP/1.1 429"));
}

TEST_F(OpenAi, AnErrorWithinAStreamIsItsLastEvent) {
  const std::string text = stream("fail late");

  EXPECT_THAT(text, HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_THAT(text, HasSubstr(R"(data: {"error":{"code":"unavailable","message":"gone")"));
  EXPECT_THAT(text, Not(HasSubstr("[DONE]")));
}

TEST_F(OpenAi, AClientThatLeavesItsStreamCancelsTheGeneration) {
  Json body = chat_body("wait", {{"stream", true}});
  RawClient client(server.port());
  client.send(request_text(server.port(), "POST", "/v1/chat/completions", body.dump()));
  client.read_until(R"("content":"You")");

  client.close();

  EXPECT_TRUE(server.model.wait_for_cancelled());
}

TEST_F(OpenAi, AClientThatLeavesWithoutAStreamCancelsTheGenerationToo) {
  RawClient client(server.port());
  client.send(request_text(server.port(), "POST", "/v1/chat/completions", chat_body("wait").dump()));

  client.close();

  EXPECT_TRUE(server.model.wait_for_cancelled());
}

TEST_F(OpenAi, AConnectionServesOneChatAfterAnother) {
  RawClient client(server.port());
  const std::string text =
      request_text(server.port(), "POST", "/v1/chat/completions", chat_body("hello").dump());

  client.send(text + text);

  EXPECT_EQ(client.read_reply().status, 200U);
  EXPECT_EQ(client.read_reply().status, 200U);
}

TEST_F(OpenAi, APromptLongerThanTheContextSaysBothNumbers) {
  std::string words;
  for (int i = 0; i < 600; ++i) words += " w";

  const Reply reply = chat(chat_body(words));

  EXPECT_EQ(reply.status, 400U);
  EXPECT_EQ(reply.json()["error"]["code"], "context_length_exceeded");
  EXPECT_THAT(reply.json()["error"]["message"], HasSubstr("600 tokens, the context is 512"));
}

TEST_F(OpenAi, EveryRefusalHasTheFormThatClientsRead) {
  const auto error = [](const Reply& reply) { return reply.json()["error"]; };

  const Reply no_token = ask("POST", "/v1/chat/completions", chat_body("x"), {{"Authorization", ""}});
  EXPECT_EQ(no_token.status, 401U);
  EXPECT_EQ(error(no_token)["code"], "invalid_api_key");
  const Reply foreign = ask("GET", "/v1/models", nullptr, {{"Origin", "http://evil.example"}});
  EXPECT_EQ(foreign.status, 403U);
  EXPECT_EQ(error(foreign)["type"], "permission_error");
  const Reply host = ask("GET", "/v1/models", nullptr, {{"Host", "evil.example"}});
  EXPECT_EQ(host.status, 403U);
  const Reply nowhere = request(server.port(), "POST", "/v1/completions", "{}");
  EXPECT_EQ(nowhere.status, 404U);
  EXPECT_EQ(error(nowhere)["type"], "invalid_request_error");
  const Reply method = request(server.port(), "GET", "/v1/chat/completions");
  EXPECT_EQ(method.status, 405U);
  EXPECT_EQ(method.headers.at("allow"), "POST");
  EXPECT_EQ(error(method)["type"], "invalid_request_error");
  const Reply broken = request(server.port(), "POST", "/v1/chat/completions", "{");
  EXPECT_EQ(broken.status, 400U);
  EXPECT_EQ(error(broken)["code"], "malformed");
  const Reply form = request(server.port(), "POST", "/v1/chat/completions", "x", {{"Content-Type", "a/b"}});
  EXPECT_EQ(form.status, 415U);
  const Reply big = request(server.port(), "POST", "/v1/chat/completions", std::string(1'100'000, ' '));
  EXPECT_EQ(big.status, 413U);
  EXPECT_EQ(error(big)["code"], "too_large");
  const Reply field = chat(chat_body("x", {{"colour", 1}}));
  EXPECT_EQ(field.status, 400U);
  EXPECT_EQ(error(field)["param"], "colour");
}

TEST_F(OpenAi, ALongBodyIsReadWhole) {
  std::string long_word(200'000, 'w');

  EXPECT_EQ(chat(chat_body(long_word)).json()["choices"][0]["message"]["content"], "You said: " + long_word);
}

TEST_F(OpenAi, EmbeddingsComeAsNumbersOrAsBase64) {
  const Json floats = ask("POST", "/v1/embeddings", {{"model", "scripted-1"}, {"input", {"", "b"}}}).json();
  EXPECT_EQ(floats["error"]["param"], "input");

  const Json two = ask("POST", "/v1/embeddings", {{"model", "scripted-1"}, {"input", {"a b", "c"}}}).json();
  ASSERT_EQ(two["data"].size(), 2U);
  EXPECT_EQ(two["data"][1]["index"], 1);
  EXPECT_EQ(two["data"][0]["embedding"].size(), ScriptedChatModel::kDimensions);
  EXPECT_EQ(two["usage"]["prompt_tokens"], 3);

  Json packed = {{"model", "scripted-1"}, {"input", "c"}, {"encoding_format", "base64"}};
  // cos 1 and sin 1 as little-endian floats, and two zeros.
  EXPECT_EQ(ask("POST", "/v1/embeddings", packed).json()["data"][0]["embedding"], "QFEKP6RqVz8AAAAAAAAAAA==");
}

TEST_F(OpenAi, EmbeddingsOfAnotherLengthOrOfTokenIdsAreRefused) {
  const Json body = {{"model", "scripted-1"}, {"input", "c"}};
  Json longer = body;
  longer["dimensions"] = 8;
  const Reply refused = ask("POST", "/v1/embeddings", longer);
  EXPECT_EQ(refused.status, 400U);
  EXPECT_THAT(refused.json()["error"]["message"], HasSubstr("vectors have 4 numbers"));
  Json same = body;
  same["dimensions"] = 4;
  EXPECT_EQ(ask("POST", "/v1/embeddings", same).status, 200U);
  Json ids = body;
  ids["input"] = {1, 2};
  EXPECT_EQ(ask("POST", "/v1/embeddings", ids).json()["error"]["code"], "unsupported_value");
}

TEST(OpenAiStream, IsKeptOpenByCommentsWhileNoTokenComes) {
  ServerFixture server({.stream_comment_every = std::chrono::milliseconds(5)});
  RawClient client(server.port());
  const Json body = chat_body("wait", {{"stream", true}});

  client.send(request_text(server.port(), "POST", "/v1/chat/completions", body.dump()));

  client.read_until(R"("content":"You")");
  EXPECT_THAT(client.read_until("\n:\n\n"), testing::EndsWith("\n:\n\n"));
}

TEST(OpenAiDrain, CutsAGenerationThatDoesNotEndInTime) {
  ServerFixture server({.drain_timeout = std::chrono::milliseconds(20)});
  RawClient client(server.port());
  client.send(request_text(server.port(), "POST", "/v1/chat/completions",
                           chat_body("wait", {{"stream", true}}).dump()));
  client.read_until(R"("content":"You")");

  server.drain();

  EXPECT_TRUE(server.model.wait_for_cancelled());
}

TEST(OpenAiWithoutAnEngine, ListsTheModelAndSaysThatItDoesNotChat) {
  ServerFixture server({}, 1000, {.chats = false, .embeds = false, .has_engine = false});

  EXPECT_EQ(request(server.port(), "GET", "/v1/models").json()["data"][0]["id"], "scripted-1");
  const Reply chat = request(server.port(), "POST", "/v1/chat/completions", chat_body("hello").dump());
  EXPECT_EQ(chat.status, 501U);
  EXPECT_EQ(chat.headers.at("x-should-retry"), "false");
  EXPECT_EQ(chat.json()["error"]["code"], "model_cannot_chat");
  const Json input = {{"model", "scripted-1"}, {"input", "c"}};
  const Reply embeddings = request(server.port(), "POST", "/v1/embeddings", input.dump());
  EXPECT_EQ(embeddings.status, 501U);
  EXPECT_EQ(embeddings.json()["error"]["code"], "model_cannot_embed");
}

}  // namespace
}  // namespace lyceum::test
