// The server over real sockets: what it refuses, what it serves, and that every answer conforms to its own
// document.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/openapi_check.hpp"
#include "tests/support/server_fixture.hpp"

namespace lyceum::test {
namespace {

using testing::HasSubstr;

class HttpServer : public testing::Test {
 protected:
  void SetUp() override { openapi = request(server.port(), "GET", "/api/openapi.json").json(); }

  /// A request whose answer must conform to the document.
  Reply ask(const std::string& method, const std::string& target, const std::string& body = "",
            HeaderMap headers = {}) {
    Reply reply = request(server.port(), method, target, body, std::move(headers));
    const std::string pattern = pattern_of(openapi, target.substr(0, target.find('?')));
    EXPECT_EQ(conformance_problem(openapi, method, pattern, reply.status, reply.headers["content-type"],
                                  reply.body),
              "");
    return reply;
  }

  std::string code(const Reply& reply) { return reply.json()["error"]["code"]; }

  std::string message(const Reply& reply) { return reply.json()["error"]["message"]; }

  std::string host() const { return "127.0.0.1:" + std::to_string(server.port()); }

  ServerFixture server;
  Json openapi;
};

TEST_F(HttpServer, WithoutTheTokenOnlyThePublicPathsAnswer) {
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Authorization", ""}}).status, 401U);
  EXPECT_EQ(ask("GET", "/metrics", "", {{"Authorization", ""}}).status, 401U);
  EXPECT_EQ(request(server.port(), "GET", "/api/nowhere", "", {{"Authorization", ""}}).status, 401U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Authorization", "Bearer wrong"}}).status, 401U);
  EXPECT_EQ(ask("GET", "/api/health", "", {{"Authorization", ""}}).status, 200U);
  EXPECT_EQ(request(server.port(), "GET", "/", "", {{"Authorization", ""}}).status, 200U);
}

TEST_F(HttpServer, TheTokenIsTradedForACookieThatPasses) {
  const Reply traded =
      ask("POST", "/api/session", R"({"token": ")" + kTestToken + R"("})", {{"Authorization", ""}});
  ASSERT_EQ(traded.status, 204U);
  const std::string cookie = traded.headers.at("set-cookie");

  EXPECT_THAT(cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/"));
  EXPECT_EQ(
      ask("GET", "/api/runs", "", {{"Authorization", ""}, {"Cookie", cookie.substr(0, cookie.find(';'))}})
          .status,
      200U);
  EXPECT_EQ(ask("POST", "/api/session", R"({"token": "not the right one"})").status, 401U);
  const Reply unknown = ask("POST", "/api/session", R"({"token": "x", "user": "y"})");
  EXPECT_EQ(unknown.status, 422U);
  EXPECT_EQ(message(unknown), "body.user: unknown field");
}

TEST_F(HttpServer, GuessingTokensIsThrottled) {
  for (int i = 0; i < 20; ++i)
    request(server.port(), "GET", "/api/runs", "", {{"Authorization", "Bearer guess"}});

  const Reply throttled = ask("GET", "/api/runs", "", {{"Authorization", "Bearer guess"}});
  EXPECT_EQ(throttled.status, 429U);
  EXPECT_EQ(throttled.headers.at("retry-after"), "60");
}

TEST_F(HttpServer, ForeignHostsAndOriginsAreRefusedBeforeAnythingElse) {
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Host", "evil.example:" + std::to_string(server.port())}}).status,
            403U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Host", "127.0.0.1:1"}}).status, 403U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Host", ""}}).status, 403U);
  EXPECT_EQ(request(server.port(), "GET", "/", "", {{"Host", "evil.example"}}).status, 403U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Origin", "http://evil.example"}}).status, 403U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Origin", "null"}}).status, 403U);
  EXPECT_EQ(ask("GET", "/api/runs", "", {{"Origin", "http://" + host()}}).status, 200U);
}

TEST_F(HttpServer, AFormCannotPost) {
  const Reply form = ask("POST", "/api/runs", "question=x", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(form.status, 415U);
  EXPECT_EQ(ask("POST", "/api/runs", "{}", {{"Content-Type", ""}}).status, 415U);
  EXPECT_EQ(ask("POST", "/api/documents?collection=c&source=s", "x",
                {{"Content-Type", "multipart/form-data; boundary=b"}})
                .status,
            415U);
}

TEST_F(HttpServer, WrongPathsMethodsAndBodiesAreNamed) {
  EXPECT_EQ(request(server.port(), "GET", "/api/nowhere").status, 404U);
  EXPECT_EQ(request(server.port(), "GET", "/nowhere").status, 404U);
  EXPECT_EQ(request(server.port(), "GET", "/assets/../index.html").status, 404U);
  const Reply wrong = request(server.port(), "PUT", "/api/runs/r1");
  EXPECT_EQ(wrong.status, 405U);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, DELETE");
  EXPECT_EQ(request(server.port(), "POST", "/").status, 405U);
  const Reply broken = ask("POST", "/api/runs", "{\"question\" 1}");
  EXPECT_EQ(broken.status, 400U);
  EXPECT_THAT(message(broken), HasSubstr("byte 13"));
  EXPECT_EQ(ask("POST", "/api/runs", std::string(100'000, '[')).status, 413U);
}

TEST_F(HttpServer, BodiesOverTheLimitAreRefusedWhetherAnnouncedOrChunked) {
  const std::string big(1'100'000, ' ');
  EXPECT_EQ(ask("POST", "/api/runs", big).status, 413U);
  EXPECT_EQ(ask("GET", "/api/runs", "x").status, 413U);

  RawClient chunked(server.port());
  chunked.send(request_text(server.port(), "POST", "/api/runs", "",
                            {{"Transfer-Encoding", "chunked"}, {"Content-Length", ""}}) +
               "10c8e0\r\n" + big + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.read_reply().status, 413U);
}

TEST_F(HttpServer, AnAnnouncedBodyOverTheLimitIsRefusedBeforeItIsSent) {
  RawClient client(server.port());
  client.send(request_text(server.port(), "POST", "/api/documents?collection=c&source=s", "",
                           {{"Content-Length", "300000000"}, {"Expect", "100-continue"}}));

  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 413U);
  EXPECT_EQ(reply.headers.at("connection"), "close");
}

TEST_F(HttpServer, AClientThatWaitsForContinueGetsIt) {
  const std::string body = R"({"question": "Why?"})";
  RawClient client(server.port());
  client.send(request_text(server.port(), "POST", "/api/runs", "",
                           {{"Content-Length", std::to_string(body.size())}, {"Expect", "100-continue"}}));

  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send(body);
  EXPECT_EQ(client.read_reply().status, 201U);
}

TEST_F(HttpServer, WhatIsNotHttpIsSaidSoAndClosed) {
  for (const char* bytes : {"\x16\x03\x01\x02garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                            "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                            "POST /api/runs HTTP/1.1\r\nContent-Length: -1\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(bytes);
    EXPECT_EQ(client.read_reply().status, 400U) << bytes;
    EXPECT_EQ(client.read_to_end(), "") << bytes;
  }
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 431U);
}

TEST_F(HttpServer, RequestsFollowEachOtherOnOneConnectionAlsoPipelined) {
  RawClient client(server.port());
  const std::string health = request_text(server.port(), "GET", "/api/health");
  client.send(health + request_text(server.port(), "POST", "/api/runs", R"({"question": "Why?"})") + health);

  EXPECT_EQ(client.read_reply().status, 200U);
  EXPECT_EQ(client.read_reply().status, 201U);
  EXPECT_EQ(client.read_reply().status, 200U);
}

TEST_F(HttpServer, ConnectionCloseAndHttp10AreHonoured) {
  RawClient closing(server.port());
  closing.send(request_text(server.port(), "GET", "/api/health", "", {{"Connection", "close"}}));
  EXPECT_THAT(closing.read_to_end(), HasSubstr("Connection: close"));

  RawClient old(server.port());
  old.send("GET /api/health HTTP/1.0\r\nHost: " + host() + "\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), HasSubstr("\"status\":\"ok\""));
}

TEST_F(HttpServer, ABugIsA500WithAnIdAndNoDetails) {
  const Reply reply = ask("GET", "/api/runs/throws");

  EXPECT_EQ(reply.status, 500U);
  EXPECT_EQ(code(reply), "internal");
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  EXPECT_THAT(message(reply), HasSubstr("internal error "));
  EXPECT_EQ(ask("GET", "/api/health").status, 200U);
}

TEST_F(HttpServer, ThePageHasSecurityHeadersAndIsNotSentTwice) {
  const Reply page = request(server.port(), "GET", "/");
  ASSERT_EQ(page.status, 200U);
  EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("default-src 'self'"));
  EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(page.headers.at("x-frame-options"), "DENY");

  const Reply again = request(server.port(), "GET", "/", "", {{"If-None-Match", page.headers.at("etag")}});
  EXPECT_EQ(again.status, 304U);
  EXPECT_EQ(again.body, "");
  const Reply packed = request(server.port(), "GET", "/", "", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_NE(packed.headers.at("etag"), page.headers.at("etag"));
  EXPECT_LT(packed.body.size(), page.body.size());
  const Reply head = request(server.port(), "HEAD", "/");
  EXPECT_EQ(head.status, 200U);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(page.body.size()));
}

TEST_F(HttpServer, DocumentsAreAddedReadSearchedAndRemoved) {
  const std::string text = "# Tides\n\nThe moon pulls the sea. Überall.\n";
  const Reply added =
      ask("POST", "/api/documents?collection=sea&source=tides.md", text, {{"Content-Type", "text/markdown"}});
  ASSERT_EQ(added.status, 201U) << added.body;
  EXPECT_EQ(added.json()["outcome"], "added");
  const std::string id = added.json()["documents"][0]["document"];
  EXPECT_EQ(
      ask("POST", "/api/documents?collection=sea&source=tides.md", text, {{"Content-Type", "text/markdown"}})
          .json()["outcome"],
      "unchanged");

  EXPECT_EQ(ask("GET", "/api/collections").json()["collections"][0]["name"], "sea");
  EXPECT_EQ(ask("GET", "/api/documents?collection=sea&limit=1").json()["documents"][0]["document"], id);
  EXPECT_EQ(ask("GET", "/api/documents/" + id).json()["sections"][0]["title"], "Tides");
  const Json found = ask("GET", "/api/search?q=moon+sea&collection=sea").json();
  ASSERT_EQ(found["hits"].size(), 1U);
  EXPECT_EQ(found["hits"][0]["document"], id);
  const Reply original = ask("GET", "/api/documents/" + id + "/original");
  EXPECT_EQ(original.body, text);
  EXPECT_THAT(original.headers.at("content-disposition"), HasSubstr("attachment; filename=\"tides.md\""));

  EXPECT_EQ(ask("DELETE", "/api/documents/" + id).status, 204U);
  EXPECT_EQ(ask("GET", "/api/documents/" + id).status, 404U);
  EXPECT_EQ(ask("GET", "/api/search?q=moon").json()["hits"].size(), 0U);
}

TEST_F(HttpServer, ATextRangeIsCutAtCharacterBorders) {
  const std::string text = "a\xC3\xA9z and the rest of it\n";  // "aéz…": é takes bytes 1 and 2.
  const Reply added =
      ask("POST", "/api/documents?collection=c&source=t.txt", text, {{"Content-Type", "text/plain"}});
  ASSERT_EQ(added.status, 201U) << added.body;
  const std::string path =
      "/api/documents/" + added.json()["documents"][0]["document"].get<std::string>() + "/text";

  const Json from_middle = ask("GET", path + "?begin=2&end=4").json();
  EXPECT_EQ(from_middle["begin"], 3);
  EXPECT_EQ(from_middle["text"], "z");
  const Json to_middle = ask("GET", path + "?begin=0&end=2").json();
  EXPECT_EQ(to_middle["end"], 1);
  EXPECT_EQ(to_middle["text"], "a");
  EXPECT_EQ(ask("GET", path).json()["text"], text);
  EXPECT_EQ(ask("GET", path + "?begin=5&end=4").status, 422U);
}

TEST_F(HttpServer, UnreadableAndEmptyDocumentsAreRefused) {
  const std::string binary(
      "\x7f"
      "ELF\x02\x01\x01\0\0\0\xff\xfe\0\0",
      14);
  EXPECT_EQ(ask("POST", "/api/documents?collection=c&source=a.out", binary,
                {{"Content-Type", "application/octet-stream"}})
                .status,
            415U);
  EXPECT_EQ(
      ask("POST", "/api/documents?collection=c&source=a.txt", "", {{"Content-Type", "text/plain"}}).status,
      422U);
  EXPECT_EQ(ask("POST", "/api/documents?source=a.txt", "x", {{"Content-Type", "text/plain"}}).status, 422U);
}

TEST_F(HttpServer, RequestsAreCountedByRouteAndStatusAndNeverByPath) {
  ask("GET", "/api/runs/none");

  const std::string text = ask("GET", "/metrics").body;
  EXPECT_THAT(text, HasSubstr(R"(lyceum_http_requests_total{route="/api/runs/{run}",status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr("lyceum_http_request_seconds_bucket"));
  EXPECT_THAT(text, HasSubstr("lyceum_http_connections"));
}

TEST(HttpServerLimits, ASlowHeaderAndASlowBodyAreCut) {
  ServerFixture server({.request_timeout = std::chrono::milliseconds(100)});
  RawClient slow_header(server.port());
  slow_header.send("GET / HT");
  EXPECT_EQ(slow_header.read_to_end(), "");

  RawClient slow_body(server.port());
  slow_body.send(request_text(server.port(), "POST", "/api/runs", "", {{"Content-Length", "10"}}) + "{");
  EXPECT_EQ(slow_body.read_to_end(), "");
}

TEST(HttpServerLimits, TooManyConnectionsOfOneClientAreRefused) {
  ServerFixture server({.connections_per_client_max = 2});
  RawClient first(server.port());
  RawClient second(server.port());
  for (RawClient* client : {&first, &second}) {
    client->send(request_text(server.port(), "GET", "/api/health"));
    EXPECT_EQ(client->read_reply().status, 200U);
  }

  RawClient third(server.port());
  EXPECT_EQ(third.read_reply().status, 429U);
}

TEST(HttpServerLimits, UploadsOverTheConfiguredSizeAreRefused) {
  ServerFixture server({.document_bytes_max = 10});

  const Reply reply = request(server.port(), "POST", "/api/documents?collection=c&source=a.txt",
                              "01234567890", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(reply.status, 413U);
}

TEST(HttpServerStart, RefusesAShortTokenABadAddressAndATakenPort) {
  ServerFixture running;
  SystemClock clock;
  BlockingPool pool(1);
  net::io_context io;
  SeededRandom random(1);
  IdGenerator ids(clock, random);
  FakeRunPort runs;
  Metrics metrics;
  tools::Registry tools;
  ScriptedChatModel model;
  const auto start = [&](web::ServerOptions options) {
    struct NoStore final : memory::Store {
      memory::EventLog& event_log() override { throw std::logic_error("not used"); }
      memory::Blobs& blobs() override { throw std::logic_error("not used"); }
      memory::Documents& documents() override { throw std::logic_error("not used"); }
      memory::Search& search() override { throw std::logic_error("not used"); }
      memory::Notes& notes() override { throw std::logic_error("not used"); }
    } store;
    web::Server server({.runs = runs,
                        .store = store,
                        .tools = tools,
                        .model = model,
                        .metrics = metrics,
                        .clock = clock,
                        .pool = pool,
                        .executor = io.get_executor()},
                       std::move(options));
    return server.start();
  };

  EXPECT_EQ(start({.token = "short"}).error().code, Errc::invalid_argument);
  EXPECT_EQ(start({.address = "nowhere", .token = kTestToken}).error().code, Errc::invalid_argument);
  EXPECT_EQ(start({.port = running.port(), .token = kTestToken}).error().code, Errc::io);
}

TEST(HttpServerDrain, ClosesIdleConnectionsAndRefusesNewOnes) {
  ServerFixture server;
  RawClient idle(server.port());
  idle.send(request_text(server.port(), "GET", "/api/health"));
  EXPECT_EQ(idle.read_reply().status, 200U);

  server.drain();

  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_THROW(RawClient{server.port()}, std::exception);
}

}  // namespace
}  // namespace lyceum::test
