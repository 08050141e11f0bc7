#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include "tests/unit/tools/store_fixture.hpp"

namespace lyceum::tools {
namespace {

using net::ip::tcp;
using testing::HasSubstr;

/// Answers one connection with fixed bytes and keeps what it was asked.
class OneAnswerServer {
 public:
  explicit OneAnswerServer(std::string answer)
      : acceptor_(io_, tcp::endpoint(net::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this, answer = std::move(answer)] {
      boost::system::error_code failed;
      tcp::socket socket(io_);
      acceptor_.accept(socket, failed);
      if (failed) return;
      net::streambuf buffer;
      const std::size_t size = net::read_until(socket, buffer, "\r\n\r\n", failed);
      request_.assign(net::buffers_begin(buffer.data()),
                      net::buffers_begin(buffer.data()) + static_cast<std::ptrdiff_t>(size));
      net::write(socket, net::buffer(answer), failed);
    });
  }

  OneAnswerServer(const OneAnswerServer&) = delete;
  OneAnswerServer& operator=(const OneAnswerServer&) = delete;

  ~OneAnswerServer() {
    if (thread_.joinable()) thread_.join();
  }

  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/page";
  }

  /// After the exchange.
  std::string request() {
    thread_.join();
    return request_;
  }

 private:
  net::io_context io_{};
  tcp::acceptor acceptor_;
  std::thread thread_{};
  std::string request_{};
};

std::string answer_of(const std::string& status, const std::string& type, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

class FetchUrlTest : public BuiltinToolsTest {};

TEST_F(FetchUrlTest, ReturnsWhatAReaderWouldSeeAndSendsTheKey) {
  OneAnswerServer server(answer_of("200 OK", "text/html; charset=utf-8",
                                   "<html><head><title>Rivers</title><script>var x = "
                                   "1;</script></head><body><p>The Danube is long.</p></body></html>"));

  const auto outcome = call("fetch_url", Json{{"url", server.url()}}, {.key = "key-1"});

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["status"], 200);
  EXPECT_EQ(outcome->result["title"], "Rivers");
  EXPECT_EQ(outcome->result["media_type"], "text/html");
  EXPECT_EQ(outcome->result["final_url"], server.url());
  EXPECT_THAT(outcome->result["text"].get<std::string>(), HasSubstr("The Danube is long."));
  EXPECT_THAT(outcome->result["text"].get<std::string>(), testing::Not(HasSubstr("var x")));
  EXPECT_FALSE(outcome->result["is_cut"].get<bool>());
  const std::string request = server.request();
  EXPECT_THAT(request, HasSubstr("GET /page"));
  EXPECT_THAT(request, HasSubstr("Idempotency-Key: key-1"));
}

TEST_F(FetchUrlTest, AnErrorPageIsAResultWithItsStatus) {
  OneAnswerServer server(answer_of("404 Not Found", "text/plain", "gone"));

  const auto outcome = call("fetch_url", Json{{"url", server.url()}}, {});

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["status"], 404);
}

TEST_F(FetchUrlTest, AnEmptyPageHasAnEmptyText) {
  OneAnswerServer server(answer_of("200 OK", "text/plain", ""));

  const auto outcome = call("fetch_url", Json{{"url", server.url()}}, {});

  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result["text"], "");
}

TEST_F(FetchUrlTest, BytesThatAreNoTextAreRefused) {
  OneAnswerServer server(
      answer_of("200 OK", "image/png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", 20)));

  const auto outcome = call("fetch_url", Json{{"url", server.url()}}, {});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::unsupported);
}

TEST_F(FetchUrlTest, ABodyOverTheLimitIsRefused) {
  OneAnswerServer server(answer_of("200 OK", "text/plain", std::string(8192, 'x')));

  const auto outcome = call("fetch_url", Json{{"url", server.url()}}, {});

  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::too_large);
}

TEST_F(FetchUrlTest, RefusesWhatIsNoWebAddress) {
  for (const char* url :
       {"", "file:///etc/passwd", "ftp://a.example/x", "http://", "javascript:alert(1)", "//a.example/"}) {
    const auto outcome = call("fetch_url", Json{{"url", url}}, {});
    ASSERT_FALSE(outcome) << url;
    EXPECT_EQ(outcome.error().code, Errc::invalid_argument) << url << ": " << outcome.error().message;
  }
  EXPECT_FALSE(call("fetch_url", Json{{"url", "http://a.example/" + std::string(5000, 'x')}}, {}));
}

}  // namespace
}  // namespace lyceum::tools
