// WebSockets over real sockets: the same log from every cursor, many runs, commands, abuse and the end.
#include <boost/beast/websocket/error.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/server_fixture.hpp"

namespace lyceum::test {
namespace {

using testing::HasSubstr;

Json sub(const std::string& run, std::uint64_t after) {
  return {{"op", "sub"}, {"run", run}, {"after", after}};
}

/// Events of one run up to `last_seq`, as texts; gaps are answered by subscribing again.
std::vector<std::string> events_up_to(SocketClient& client, const std::string& run, std::uint64_t last_seq) {
  std::vector<std::string> events;
  for (;;) {
    const auto frame = client.receive();
    if (!frame) return events;
    if (frame->at("op") == "gap") client.send(sub(run, frame->at("after")));
    if (frame->at("op") != "event" || frame->at("run") != run) continue;
    events.push_back(frame->at("event").dump());
    if (frame->at("event").at("seq") == last_seq) return events;
  }
}

std::vector<std::string> tail(const std::vector<std::string>& log, std::size_t after) {
  return {log.begin() + static_cast<std::ptrdiff_t>(after), log.end()};
}

void fill(ServerFixture& server, const std::string& run, int num_events) {
  server.runs.add_run(run);
  for (int i = 0; i < num_events; ++i)
    server.runs.append(run, "thought.noted", {{"text", std::to_string(i)}});
}

TEST(WebSocket, FromEveryCursorIsTheRestOfTheLogThenLive) {
  ServerFixture server;
  fill(server, "r1", 10);

  for (std::size_t after = 0; after < 10; ++after) {
    SocketClient client(server.port());
    EXPECT_EQ(client.subprotocol(), "lyceum.v1");
    client.send(sub("r1", after));
    EXPECT_EQ(events_up_to(client, "r1", 10), tail(server.runs.log("r1"), after)) << after;
    const auto live = client.receive();
    ASSERT_TRUE(live);
    EXPECT_EQ(live->at("op"), "live");
    EXPECT_EQ(live->at("seq"), 10);
  }
}

TEST(WebSocket, CarriesSeveralRunsAtOnce) {
  ServerFixture server;
  fill(server, "r1", 2);
  fill(server, "r2", 0);
  SocketClient client(server.port());
  client.send(sub("r1", 0));
  client.send(sub("r2", 0));
  ASSERT_TRUE(client.receive_op("live"));
  ASSERT_TRUE(client.receive_op("live"));

  server.runs.append("r2", "thought.noted");
  server.runs.append("r1", "thought.noted");

  std::map<std::string, int> seen;
  for (int i = 0; i < 2; ++i) ++seen[client.receive_op("event")->at("run")];
  EXPECT_EQ(seen, (std::map<std::string, int>{{"r1", 1}, {"r2", 1}}));
}

TEST(WebSocket, TwoClientsSeeTheSame) {
  ServerFixture server;
  fill(server, "r1", 5);
  SocketClient first(server.port());
  SocketClient second(server.port());
  first.send(sub("r1", 0));
  second.send(sub("r1", 0));
  server.runs.append("r1", "thought.noted", {{"text", "live"}});
  server.runs.finish("r1");

  const auto seen = events_up_to(first, "r1", 7);
  EXPECT_EQ(seen, events_up_to(second, "r1", 7));
  EXPECT_EQ(seen, server.runs.log("r1"));
}

TEST(WebSocket, ASecondSubscriptionReplacesTheFirstAndUnsubEndsIt) {
  ServerFixture server;
  fill(server, "r1", 3);
  SocketClient client(server.port());
  client.send(sub("r1", 3));
  ASSERT_TRUE(client.receive_op("live"));
  client.send(sub("r1", 1));
  EXPECT_EQ(events_up_to(client, "r1", 3), tail(server.runs.log("r1"), 1));
  EXPECT_EQ(server.runs.num_subscriptions(), 1U);

  client.send({{"op", "unsub"}, {"run", "r1"}});
  client.send({{"op", "ping"}, {"n", 5}});
  EXPECT_EQ(client.receive_op("pong")->at("n"), 5);
  EXPECT_EQ(server.runs.num_subscriptions(), 0U);
}

TEST(WebSocket, CommandsAreAcknowledgedOrRefusedWithTheCurrentState) {
  ServerFixture server;
  fill(server, "r1", 0);
  SocketClient client(server.port());

  client.send({{"op", "cmd"}, {"run", "r1"}, {"cmd", {{"id", "c1"}, {"type", "run.pause"}}}});
  EXPECT_EQ(*client.receive(), Json::parse(R"({"op":"ack","run":"r1","id":"c1","seq":1})"));
  client.send({{"op", "cmd"}, {"run", "r1"}, {"cmd", {{"id", "c2"}, {"type", "plan.patch"}}}});
  const auto nack = client.receive();
  EXPECT_EQ(nack->at("op"), "nack");
  EXPECT_EQ(nack->at("id"), "c2");
  EXPECT_EQ(nack->at("error").at("code"), "conflict");
  EXPECT_EQ(nack->at("error").at("current").at("rev"), 1);
}

TEST(WebSocket, WatchersSeeTheRunListChange) {
  ServerFixture server;
  fill(server, "r1", 0);
  SocketClient client(server.port());
  client.send({{"op", "watch"}});
  client.send({{"op", "ping"}, {"n", 1}});
  ASSERT_TRUE(client.receive_op("pong"));

  server.runs.finish("r1");

  EXPECT_EQ(client.receive_op("run")->at("run").at("status"), "completed");
}

TEST(WebSocket, ASlowReaderGetsAGapAndByItEverything) {
  ServerFixture server({}, 8);
  fill(server, "r1", 1);
  SocketClient slow(server.port());
  slow.send(sub("r1", 1));
  ASSERT_TRUE(slow.receive_op("live"));

  // Far more than the sockets and the outbox can hold while nobody reads.
  const std::string padding(100'000, 'x');
  for (int i = 0; i < 120; ++i) server.runs.append("r1", "thought.noted", {{"text", padding}});

  const auto first = slow.receive_op("gap");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at("earliest"), 1);
  const std::uint64_t after = first->at("after");
  slow.send(sub("r1", after));
  EXPECT_TRUE(events_up_to(slow, "r1", 121) == tail(server.runs.log("r1"), after));
}

TEST(WebSocket, WithoutACredentialIsClosedWith4401) {
  ServerFixture server;
  SocketClient none(server.port(), false);
  EXPECT_EQ(none.close_code(), 4401U);
  SocketClient wrong(server.port(), false, {{"Sec-WebSocket-Protocol", "lyceum.v1, wrong"}});
  EXPECT_EQ(wrong.close_code(), 4401U);
}

TEST(WebSocket, TheCookieAndTheOwnOriginPassAForeignOriginDoesNot) {
  ServerFixture server;
  const Reply session =
      request(server.port(), "POST", "/api/session", R"({"token": ")" + kTestToken + R"("})");
  const std::string cookie = session.headers.at("set-cookie");
  const std::string origin = "http://127.0.0.1:" + std::to_string(server.port());

  SocketClient own(server.port(), false,
                   {{"Cookie", cookie.substr(0, cookie.find(';'))}, {"Origin", origin}});
  own.send({{"op", "ping"}, {"n", 1}});
  EXPECT_TRUE(own.receive_op("pong"));
  EXPECT_THROW(SocketClient(server.port(), true, {{"Origin", "http://evil.example"}}), std::exception);
}

TEST(WebSocket, APlainRequestIsToldToUpgrade) {
  ServerFixture server;
  const Reply reply = request(server.port(), "GET", "/api/ws");
  EXPECT_EQ(reply.status, 426U);
  EXPECT_EQ(reply.headers.at("upgrade"), "websocket");
}

TEST(WebSocket, MistakesAreNamedAndTooManyEndIt) {
  ServerFixture server;
  SocketClient client(server.port());
  client.send({{"op", "dance"}});
  EXPECT_THAT(client.receive()->at("error").at("message").get<std::string>(),
              HasSubstr("message.op: expected one of"));
  client.send(sub("none", 0));
  const auto unknown = client.receive();
  EXPECT_EQ(unknown->at("run"), "none");
  EXPECT_EQ(unknown->at("error").at("code"), "not_found");
  client.send_binary("{}");
  EXPECT_EQ(client.receive()->at("error").at("message"), "message: expected text");

  for (int i = 0; i < 16; ++i) client.send_text("{");
  EXPECT_EQ(client.close_code(), 1008U);
}

TEST(WebSocket, BadUtf8AndHugeMessagesEndIt) {
  ServerFixture server;
  SocketClient bad(server.port());
  bad.send_text("\xff\xfe");
  EXPECT_EQ(bad.close_code(), 1007U);

  SocketClient huge(server.port());
  huge.send_text(std::string(2'000'000, ' '));
  EXPECT_EQ(huge.receive_op("error")->at("error").at("code"), "too_large");
  EXPECT_EQ(huge.close_code(), 1009U);
  EXPECT_EQ(request(server.port(), "GET", "/api/health").status, 200U);
}

TEST(WebSocket, SubscriptionsOfOneSocketAreLimited) {
  ServerFixture server({.subscriptions_per_socket_max = 1});
  fill(server, "r1", 0);
  fill(server, "r2", 0);
  SocketClient client(server.port());
  client.send(sub("r1", 0));
  ASSERT_TRUE(client.receive_op("live"));
  client.send(sub("r2", 0));
  EXPECT_EQ(client.receive_op("error")->at("error").at("code"), "overloaded");
}

TEST(WebSocket, ADrainSaysSoAndClosesWith1001) {
  ServerFixture server;
  fill(server, "r1", 1);
  SocketClient client(server.port());
  client.send(sub("r1", 0));
  client.send({{"op", "watch"}});
  ASSERT_TRUE(client.receive_op("live"));

  std::jthread reader([&] {
    EXPECT_TRUE(client.receive_op("drain"));
    EXPECT_EQ(client.close_code(), 1001U);
  });
  server.drain();
  reader.join();

  EXPECT_EQ(server.runs.num_subscriptions(), 0U);
}

TEST(WebSocket, AClientThatNeverReadsCannotHoldTheDrainUp) {
  ServerFixture server({.drain_timeout = std::chrono::milliseconds(300)});
  fill(server, "r1", 0);
  SocketClient stuck(server.port());
  stuck.send(sub("r1", 0));
  ASSERT_TRUE(stuck.receive_op("live"));
  const std::string padding(100'000, 'x');
  for (int i = 0; i < 120; ++i) server.runs.append("r1", "thought.noted", {{"text", padding}});

  server.drain();

  EXPECT_EQ(server.runs.num_subscriptions(), 0U);
}

TEST(WebSocket, ALeavingClientTakesItsSubscriptionsAlong) {
  ServerFixture server;
  fill(server, "r1", 1);
  {
    SocketClient client(server.port());
    client.send(sub("r1", 0));
    ASSERT_TRUE(client.receive_op("live"));
    client.leave();
  }
  server.drain();
  EXPECT_EQ(server.runs.num_subscriptions(), 0U);
}

}  // namespace
}  // namespace lyceum::test
