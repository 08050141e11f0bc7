#include "tests/support/server_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>

namespace lyceum::test {

ServerFixture::ServerFixture(web::ServerOptions options, std::size_t lag_max,
                             ScriptedChatModel::Abilities abilities)
    : runs(lag_max), model(abilities) {
  auto store = memory::open_store({.directory = folder_.path("store")}, clock_, ids_, metrics);
  LYCEUM_CHECK(store.has_value());
  store_ = *std::move(store);
  if (options.token.empty()) options.token = kTestToken;
  const web::ServerParts parts{.runs = runs,
                               .store = *store_,
                               .tools = tools,
                               .model = model,
                               .metrics = metrics,
                               .clock = clock_,
                               .pool = pool_,
                               .executor = io_.get_executor()};
  server_ = std::make_unique<web::Server>(parts, std::move(options));
  const auto port = server_->start();
  LYCEUM_CHECK(port.has_value());
  port_ = *port;
  for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io_.run(); });
}

void ServerFixture::drain() {
  net::co_spawn(io_, server_->drain(), net::use_future).get();
  is_drained_ = true;
}

ServerFixture::~ServerFixture() {
  if (!is_drained_) drain();
  threads_.clear();  // Returns by itself: nothing is left to wait for.
}

}  // namespace lyceum::test
