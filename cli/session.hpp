#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/clock.hpp"
#include "base/http_client.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "cli/client/api_client.hpp"
#include "cli/configuration.hpp"
#include "cli/service.hpp"

namespace lyceum::cli {

/// What a command talks to: the service that has the data folder open, or, when there is none, the same
/// service started in this process on a free loopback port. Either way it talks HTTP. One thread.
class Session {
 public:
  /// Blocks. Errors: as Service::start_blocking.
  static Result<std::unique_ptr<Session>> open_blocking(const Configuration& configuration);

  ApiClient& api() { return *api_; }

  IdGenerator& ids() { return ids_; }

  /// Runs `command` on this thread until it is done. Blocks.
  int run(Task<int> command);

 private:
  Session();
  bool attach(const Configuration& configuration);

  SystemClock clock_;
  SystemRandom random_;
  IdGenerator ids_{clock_, random_};
  net::io_context io_{1};
  HttpClient http_;
  std::unique_ptr<ApiClient> api_;
  std::unique_ptr<Service> service_;  ///< Null when another process serves.
};

}  // namespace lyceum::cli
