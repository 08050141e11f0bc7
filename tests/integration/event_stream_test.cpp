// Server-sent events over real sockets: whatever the cursor, the stream is the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/server_fixture.hpp"

namespace lyceum::test {
namespace {

using testing::HasSubstr;

std::string stream_request(const ServerFixture& server, const std::string& target, HeaderMap headers = {}) {
  headers.emplace("Accept", "text/event-stream");
  return request_text(server.port(), "GET", target, "", std::move(headers));
}

/// What a client would see: the data lines of the log after `after`, with their ids.
std::string expected_stream(const FakeRunPort& runs, const std::string& run, std::size_t after) {
  const auto log = runs.log(run);
  std::string text;
  for (std::size_t i = after; i < log.size(); ++i) {
    text += "id: " + run + "." + std::to_string(i + 1) + "\ndata: " + log[i] + "\n\n";
  }
  return text;
}

/// Takes the chunks of a chunked body apart.
std::string unchunked(const std::string& body) {
  std::string text;
  for (std::size_t at = 0; at < body.size();) {
    const auto line_end = body.find("\r\n", at);
    if (line_end == std::string::npos) break;
    const std::size_t size = std::stoul(body.substr(at, line_end - at), nullptr, 16);
    text += body.substr(line_end + 2, size);
    at = line_end + 2 + size + 2;
  }
  return text;
}

std::string body_to_end(RawClient& client) {
  return unchunked(client.read_to_end());
}

TEST(EventStream, FromEveryCursorIsTheRestOfTheLog) {
  ServerFixture server;
  server.runs.add_run("r1");
  for (int i = 0; i < 12; ++i)
    server.runs.append("r1", "thought.noted", {{"text", "é " + std::to_string(i)}});
  server.runs.finish("r1");

  for (std::size_t after = 0; after <= 12; ++after) {
    RawClient by_parameter(server.port());
    by_parameter.send(stream_request(server, "/api/runs/r1/stream?after=" + std::to_string(after)));
    const std::string head = by_parameter.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream; charset=utf-8"));
    EXPECT_THAT(head, HasSubstr("X-Accel-Buffering: no"));
    EXPECT_EQ(body_to_end(by_parameter), expected_stream(server.runs, "r1", after)) << after;

    RawClient by_header(server.port());
    by_header.send(stream_request(server, "/api/runs/r1/stream?after=3",
                                  {{"Last-Event-ID", "r1." + std::to_string(after)}}));
    by_header.read_until("\r\n\r\n");
    EXPECT_EQ(body_to_end(by_header), expected_stream(server.runs, "r1", after)) << after;
  }
}

TEST(EventStream, OfARunThatIsOverAndFullyReadIs204SoThatBrowsersStop) {
  ServerFixture server;
  server.runs.add_run("r1");
  server.runs.finish("r1");

  EXPECT_EQ(request(server.port(), "GET", "/api/runs/r1/stream?after=1").status, 204U);
}

TEST(EventStream, GoesOnLiveAndEndsWithTheRun) {
  ServerFixture server;
  server.runs.add_run("r1");
  server.runs.append("r1", "run.submitted");
  RawClient client(server.port());
  client.send(stream_request(server, "/api/runs/r1/stream"));
  std::string text = client.read_until("run.submitted\",\"v\":1}\n\n");
  client.read_until("\r\n");  // The chunk's end.

  server.runs.append("r1", "thought.noted");
  server.runs.finish("r1");

  EXPECT_THAT(body_to_end(client), expected_stream(server.runs, "r1", 1));
}

TEST(EventStream, CommentsKeepAnIdleStreamOpen) {
  ServerFixture server({.stream_comment_every = std::chrono::milliseconds(20)});
  server.runs.add_run("r1");
  RawClient client(server.port());
  client.send(stream_request(server, "/api/runs/r1/stream"));
  client.read_until("\r\n\r\n");

  EXPECT_EQ(client.read_until(":\n\n\r\n"), "3\r\n:\n\n\r\n");
  EXPECT_EQ(client.read_until(":\n\n\r\n"), "3\r\n:\n\n\r\n");
}

TEST(EventStream, ASlowReaderSeesAGapAndStillEveryDurableEvent) {
  ServerFixture server({}, 8);
  server.runs.add_run("r1");
  RawClient slow(server.port());
  slow.send(stream_request(server, "/api/runs/r1/stream"));
  slow.read_until("\r\n\r\n");
  server.runs.append("r1", "thought.noted");
  slow.read_until("thought.noted\",\"v\":1}\n\n\r\n");

  // Far more than the sockets and the outbox can hold while nobody reads.
  const std::string padding(100'000, 'x');
  for (int i = 0; i < 120; ++i) server.runs.append("r1", "thought.noted", {{"text", padding}});
  server.runs.finish("r1");

  std::string stream = body_to_end(slow);
  const auto gap = stream.find("event: gap\n");
  ASSERT_NE(gap, std::string::npos);
  while (true) {
    const auto begin = stream.find("event: gap\n");
    if (begin == std::string::npos) break;
    stream.erase(begin, stream.find("\n\n", begin) + 2 - begin);
  }
  EXPECT_TRUE(stream == expected_stream(server.runs, "r1", 1));
}

TEST(EventStream, RefusesBadCursorsAndUnknownRuns) {
  ServerFixture server;
  server.runs.add_run("r1");
  EXPECT_EQ(request(server.port(), "GET", "/api/runs/none/stream").status, 404U);
  EXPECT_EQ(request(server.port(), "GET", "/api/runs/r1/stream?after=x").status, 422U);
  EXPECT_EQ(request(server.port(), "GET", "/api/runs/r1/stream?after=99").status, 422U);
  EXPECT_EQ(request(server.port(), "GET", "/api/runs/r1/stream", "", {{"Last-Event-ID", "r2.1"}}).status,
            422U);
}

TEST(EventStream, SubscriptionsOfOneClientAreLimited) {
  ServerFixture server({.subscriptions_per_client_max = 1});
  server.runs.add_run("r1");
  RawClient first(server.port());
  first.send(stream_request(server, "/api/runs/r1/stream"));
  first.read_until("\r\n\r\n");

  EXPECT_EQ(request(server.port(), "GET", "/api/runs/r1/stream").status, 429U);
}

TEST(EventStream, ADrainEndsItInGoodOrder) {
  ServerFixture server;
  server.runs.add_run("r1");
  server.runs.append("r1", "run.submitted");
  RawClient client(server.port());
  client.send(stream_request(server, "/api/runs/r1/stream"));
  client.read_until("run.submitted\",\"v\":1}\n\n\r\n");

  server.drain();

  EXPECT_EQ(client.read_to_end(), "0\r\n\r\n");
  EXPECT_EQ(server.runs.num_subscriptions(), 0U);
}

}  // namespace
}  // namespace lyceum::test
