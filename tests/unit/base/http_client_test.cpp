#include "base/http_client.hpp"

#include <filesystem>
#include <fstream>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "tests/support/run_task.hpp"
#include "tests/support/scripted_server.hpp"

namespace lyceum {
namespace {

using test::make_certificate;
using test::respond;
using test::run_task;
using test::Script;
using test::ScriptedServer;
using test::SeenRequest;
using test::TestCertificate;

const EgressPolicy kPrivate{.allow_private = true};

Result<HttpResponse> get(HttpClient& client, const std::string& url, HttpLimits limits = {}) {
  return run_task(client.send({.url = url}, limits));
}

TEST(HttpClient, SendsTheRequestAndReturnsTheResponse) {
  ScriptedServer server([](const SeenRequest&) { return respond(404, "nothing", "X-Odd: Yes\r\n"); });
  HttpClient client(kPrivate, "");

  const auto response = run_task(client.send(
      {.method = "POST", .url = server.url("/a?b=c"), .headers = {{"X-Ask", "1"}}, .body = "{\"x\":1}"},
      HttpLimits{}));

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 404U);
  EXPECT_EQ(response->body, "nothing");
  EXPECT_EQ(response->header("x-odd"), "Yes");
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].target(), "/a?b=c");
  EXPECT_EQ(seen[0].body, "{\"x\":1}");
  EXPECT_EQ(seen[0].header("x-ask"), "1");
  EXPECT_EQ(seen[0].header("host"), "127.0.0.1:" + std::to_string(server.port()));
}

TEST(HttpClient, RefusesPrivateAddressesUnlessTheHostIsAllowed) {
  ScriptedServer server([](const SeenRequest&) { return respond(200, "in"); });
  HttpClient strict({}, "");
  HttpClient allowing({.allowed_hosts = {"127.0.0.1:" + std::to_string(server.port())}}, "");

  const auto refused = get(strict, server.url("/"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::forbidden);
  EXPECT_NE(refused.error().message.find("127.0.0.1"), std::string::npos);
  EXPECT_TRUE(server.seen().empty());
  EXPECT_TRUE(get(allowing, server.url("/")));
}

TEST(HttpClient, ChecksTheAddressBehindAName) {
  HttpClient client({}, "");

  for (const char* url :
       {"http://localhost:1/", "http://127.1:1/", "http://2130706433:1/", "http://0x7f.1:1/"}) {
    const auto refused = get(client, url);
    ASSERT_FALSE(refused) << url;
    EXPECT_TRUE(refused.error().code == Errc::forbidden || refused.error().code == Errc::unavailable)
        << url << ": " << refused.error().message;
  }
}

TEST(HttpClient, ChecksTheAddressAgainAtARedirect) {
  ScriptedServer server([](const SeenRequest&) { return respond(302, "", "Location: http://[::1]:9/\r\n"); });
  HttpClient client({.allowed_hosts = {"127.0.0.1"}}, "");

  const auto refused = get(client, server.url("/"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::forbidden);
}

TEST(HttpClient, FollowsRedirectsAsAGetAndSaysWhereItEnded) {
  ScriptedServer server([](const SeenRequest& request) {
    return request.target() == "/a" ? respond(303, "", "Location: b\r\n") : respond(200, "end");
  });
  HttpClient client(kPrivate, "");

  const auto response = run_task(client.send(
      {.method = "POST", .url = server.url("/a"), .headers = {{"Authorization", "Bearer x"}}, .body = "x"},
      HttpLimits{}));

  ASSERT_TRUE(response);
  EXPECT_EQ(response->final_url, server.url("/b"));
  const auto seen = server.seen();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[1].head.starts_with("GET /b "));
  EXPECT_TRUE(seen[1].body.empty());
  EXPECT_EQ(seen[1].header("authorization"), "Bearer x") << "the same origin may have it";
}

TEST(HttpClient, KeepsCredentialsFromAnotherOrigin) {
  ScriptedServer other([](const SeenRequest&) { return respond(200, "end"); });
  const std::string location = "Location: " + other.url("/") + "\r\n";
  ScriptedServer server([&](const SeenRequest&) { return respond(307, "", location); });
  HttpClient client(kPrivate, "");

  const auto response = run_task(
      client.send({.url = server.url("/"),
                   .headers = {{"Authorization", "Bearer x"}, {"X-Api-Key", "k"}, {"Accept", "a/b"}}},
                  HttpLimits{}));

  ASSERT_TRUE(response);
  const auto seen = other.seen();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].header("authorization"), "");
  EXPECT_EQ(seen[0].header("x-api-key"), "");
  EXPECT_EQ(seen[0].header("accept"), "a/b");
}

TEST(HttpClient, EndsARedirectLoop) {
  ScriptedServer server([](const SeenRequest&) { return respond(301, "", "Location: /\r\n"); });
  HttpClient client(kPrivate, "");

  const auto response = get(client, server.url("/"), {.redirects_max = 3});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::unavailable);
  EXPECT_EQ(server.seen().size(), 4U);
}

TEST(HttpClient, RefusesABodyOverTheLimitWithAndWithoutALength) {
  ScriptedServer server([](const SeenRequest& request) {
    const std::string body(100'000, 'x');
    if (request.target() == "/length") return respond(200, body);
    return Script{{"HTTP/1.1 200 OK\r\n\r\n", body}};
  });
  HttpClient client(kPrivate, "");

  for (const char* target : {"/length", "/endless"}) {
    const auto response = get(client, server.url(target), {.body_bytes_max = 50'000});
    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().code, Errc::too_large);
  }
}

TEST(HttpClient, ABodyThatBreaksOffIsUnavailable) {
  ScriptedServer server(
      [](const SeenRequest&) { return Script{{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}}; });
  HttpClient client(kPrivate, "");

  const auto response = get(client, server.url("/"));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::unavailable);
}

TEST(HttpClient, GarbageAndEncodedBodiesAreUnavailable) {
  ScriptedServer server([](const SeenRequest& request) {
    if (request.target() == "/gzip") return respond(200, "\x1F\x8B", "Content-Encoding: gzip\r\n");
    return Script{{"\x01\x02 not http at all\r\n\r\n"}};
  });
  HttpClient client(kPrivate, "");

  for (const char* target : {"/gzip", "/garbage"}) {
    const auto response = get(client, server.url(target));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::unavailable);
  }
}

TEST(HttpClient, ASilentServerRunsIntoTheDeadline) {
  ScriptedServer server([](const SeenRequest&) { return Script{{"HTTP/1.1 200 OK\r\n"}, true}; });
  HttpClient client(kPrivate, "");

  const auto response = get(client, server.url("/"), {.timeout = std::chrono::milliseconds(50)});

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::deadline_exceeded);
}

TEST(HttpClient, NobodyListeningIsUnavailable) {
  std::string url;
  {
    url = ScriptedServer([](const SeenRequest&) { return Script{}; }).url("/");
  }
  HttpClient client(kPrivate, "");

  const auto response = get(client, url);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::unavailable);
}

TEST(HttpClient, SkipsInterimResponses) {
  ScriptedServer server([](const SeenRequest&) {
    return Script{{"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};
  });
  HttpClient client(kPrivate, "");

  const auto response = get(client, server.url("/"));

  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "ok");
}

TEST(HttpClient, RefusesHeadersThatWouldSmuggleARequest) {
  HttpClient client(kPrivate, "");

  for (const auto& header : std::vector<std::pair<std::string, std::string>>{
           {"X-A", "1\r\nX-B: 2"}, {"X A", "1"}, {"Host", "other"}, {"transfer-encoding", "chunked"}}) {
    const auto response =
        run_task(client.send({.url = "http://127.0.0.1:1/", .headers = {header}}, HttpLimits{}));
    ASSERT_FALSE(response) << header.first;
    EXPECT_EQ(response.error().code, Errc::invalid_argument);
  }
  EXPECT_FALSE(
      run_task(client.send({.method = "GET / HTTP/1.1\r\n", .url = "http://127.0.0.1:1/"}, HttpLimits{})));
}

Task<bool> collect(std::vector<std::string>* pieces, std::size_t pieces_max, std::string piece) {
  if (pieces->size() == pieces_max) co_return false;
  pieces->push_back(std::move(piece));
  co_return true;
}

Result<HttpResponse> stream(HttpClient& client, const std::string& url, std::vector<std::string>& pieces,
                            std::size_t pieces_max = 1000) {
  BodySink sink = [&pieces, pieces_max](std::string piece) {
    return collect(&pieces, pieces_max, std::move(piece));
  };
  return run_task(client.stream({.url = url}, HttpLimits{}, sink));
}

const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(HttpClientStream, HandsOverChunksAsTheyArrive) {
  ScriptedServer server([](const SeenRequest&) {
    return Script{{kChunked, "5\r\nhello\r\n", "6\r\n world\r\n0\r\n\r\n"}};
  });
  HttpClient client(kPrivate, "");
  std::vector<std::string> pieces;

  const auto response = stream(client, server.url("/"), pieces);

  ASSERT_TRUE(response) << response.error().message;
  std::string joined;
  for (const auto& piece : pieces) joined += piece;
  EXPECT_EQ(joined, "hello world");
  EXPECT_TRUE(response->body.empty());
}

TEST(HttpClientStream, DoesNotWaitForTheEndOfTheBody) {
  ScriptedServer server([](const SeenRequest&) {
    return Script{{kChunked, "5\r\nhello\r\n", "1\r\n!\r\n"}, true};
  });
  HttpClient client(kPrivate, "");
  std::vector<std::string> pieces;

  const auto response = stream(client, server.url("/"), pieces, 0);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::cancelled);
}

TEST(HttpClientStream, ReturnsTheBodyOfAFailureWhole) {
  ScriptedServer server([](const SeenRequest&) { return respond(429, "slow down"); });
  HttpClient client(kPrivate, "");
  std::vector<std::string> pieces;

  const auto response = stream(client, server.url("/"), pieces);

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 429U);
  EXPECT_EQ(response->body, "slow down");
  EXPECT_TRUE(pieces.empty());
}

TEST(HttpClient, CancellationEndsTheRequest) {
  net::io_context context(1);
  net::cancellation_signal signal;
  ScriptedServer server([&](const SeenRequest&) {
    net::post(context, [&] { signal.emit(net::cancellation_type::terminal); });
    return Script{{"HTTP/1.1 200 OK\r\n"}, true};
  });
  HttpClient client(kPrivate, "");
  bool has_ended = false;

  net::co_spawn(context, client.send({.url = server.url("/")}, HttpLimits{}),
                net::bind_cancellation_slot(
                    signal.slot(), [&](const std::exception_ptr& failure, Result<HttpResponse> response) {
                      has_ended = true;
                      EXPECT_TRUE(failure || (!response && response.error().code == Errc::cancelled));
                    }));
  context.run();

  EXPECT_TRUE(has_ended);
}

class HttpClientTls : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "root-" + info->name() + "-" + std::to_string(getpid()) + ".pem";
  }

  void TearDown() override { std::filesystem::remove(root_); }

  std::string trust(const TestCertificate& certificate) {
    std::ofstream(root_) << certificate.certificate_pem;
    return root_;
  }

  static Script answer(const SeenRequest&) { return respond(200, "secret"); }

  std::string root_;
};

TEST_F(HttpClientTls, TrustsTheExtraRootAndTheRightName) {
  const auto certificate = make_certificate("localhost");
  ScriptedServer server(answer, &certificate);
  HttpClient client(kPrivate, trust(certificate));

  const auto response = get(client, server.url("/"));

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "secret");
}

TEST_F(HttpClientTls, RefusesACertificateOfAnotherName) {
  const auto certificate = make_certificate("elsewhere.example");
  ScriptedServer server(answer, &certificate);
  HttpClient client(kPrivate, trust(certificate));

  const auto response = get(client, server.url("/"));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::unavailable);
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(HttpClientTls, RefusesAnUnknownIssuer) {
  const auto certificate = make_certificate("localhost");
  ScriptedServer server(answer, &certificate);
  HttpClient client(kPrivate, "");

  const auto response = get(client, server.url("/"));

  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("certificate"), std::string::npos) << response.error().message;
}

TEST_F(HttpClientTls, RefusesARedirectToPlainHttp) {
  const auto certificate = make_certificate("localhost");
  ScriptedServer server(
      [](const SeenRequest&) { return respond(302, "", "Location: http://localhost/\r\n"); }, &certificate);
  HttpClient client(kPrivate, trust(certificate));

  const auto response = get(client, server.url("/"));

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::forbidden);
}

TEST_F(HttpClientTls, AnUnreadableRootFileIsAnErrorAtOnce) {
  EXPECT_THROW(HttpClient(kPrivate, root_ + ".missing"), std::runtime_error);
}

}  // namespace
}  // namespace lyceum
