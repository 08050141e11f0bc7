#include "cli/session.hpp"

#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "base/files.hpp"
#include "base/log.hpp"
#include "cli/data_folder.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kMaxTokenFileBytes = 4096;

std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

Task<int> is_answering(ApiClient& api) {
  const auto answer = co_await api.get("/api/collections");
  co_return answer ? 1 : 0;
}

}  // namespace

// A client of its own service must reach loopback.
Session::Session() : http_(EgressPolicy{.allow_private = true}, "") {}

bool Session::attach(const Configuration& configuration) {
  const DataFolder folder(configuration.string("data_dir"));
  const auto running = folder.running_server_blocking();
  if (!running) return false;
  std::string credential = configuration.string("token");
  if (credential.empty()) {
    const auto stored = read_file_blocking(running->token_file, kMaxTokenFileBytes);
    if (!stored) return false;
    credential = first_line(*stored);
  }
  api_ = std::make_unique<ApiClient>(http_, running->url, credential);
  return run(is_answering(*api_)) == 1;
}

Result<std::unique_ptr<Session>> Session::open_blocking(const Configuration& configuration) {
  std::unique_ptr<Session> session(new Session());
  if (session->attach(configuration)) return session;
  // A command's output is for people; what the service inside it does in passing is not.
  if (configuration.origin("log_level") == Origin::built_in) set_log_level(LogLevel::warning);
  TRY(session->service_, Service::start_blocking(configuration, Listen{}));
  session->api_ =
      std::make_unique<ApiClient>(session->http_, session->service_->url(), session->service_->credential());
  return session;
}

int Session::run(Task<int> command) {
  auto result = net::co_spawn(io_, std::move(command), net::use_future);
  io_.restart();
  io_.run();
  return result.get();
}

}  // namespace lyceum::cli
