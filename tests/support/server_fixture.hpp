#pragma once

#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "memory/store.hpp"
#include "tests/support/fake_run_port.hpp"
#include "tests/support/http_test_client.hpp"
#include "tests/support/scripted_chat_model.hpp"
#include "tests/support/temporary_folder.hpp"
#include "web/server.hpp"

namespace lyceum::test {

/// A server on a free port with two I/O threads, a real store in a folder of its own, and runs that the test
/// writes.
class ServerFixture {
 public:
  explicit ServerFixture(web::ServerOptions options = {}, std::size_t lag_max = 1000,
                         ScriptedChatModel::Abilities abilities = {});
  ServerFixture(const ServerFixture&) = delete;
  ServerFixture& operator=(const ServerFixture&) = delete;
  ~ServerFixture();

  void drain();

  std::uint16_t port() const { return port_; }

  FakeRunPort runs;
  Metrics metrics;
  tools::Registry tools;
  ScriptedChatModel model;

 private:
  SystemClock clock_;
  SeededRandom random_{1};
  IdGenerator ids_{clock_, random_};
  TemporaryFolder folder_;
  std::unique_ptr<memory::Store> store_;
  BlockingPool pool_{1};
  net::io_context io_{2};
  std::unique_ptr<web::Server> server_;
  std::vector<std::jthread> threads_;
  std::uint16_t port_ = 0;
  bool is_drained_ = false;
};

}  // namespace lyceum::test
