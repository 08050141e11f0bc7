#include "cli/commands/serve.hpp"

#include <csignal>
#include <iostream>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/log.hpp"
#include "cli/commands/command_context.hpp"
#include "cli/service.hpp"

namespace lyceum::cli {

int serve(const Configuration& configuration, bool prints_url) {
  net::io_context waiting(1);
  // Before anything is started, so that no early signal is missed.
  net::signal_set signals(waiting, SIGINT, SIGTERM);
  const Listen listen{.address = configuration.string("listen"),
                      .port = static_cast<std::uint16_t>(configuration.integer("port")),
                      .is_announced = true};
  auto service = Service::start_blocking(configuration, listen);
  if (!service) return report(service.error());
  log_info("service.ready", {{"url", (*service)->url()}});
  if (prints_url) std::cout << (*service)->url() << "/#token=" << (*service)->credential() << std::endl;

  signals.async_wait([](const boost::system::error_code&, int) {});
  waiting.run();
  signals.clear();  // A second signal ends the process at once.
  log_info("service.stopping");
  (*service)->stop_blocking();
  log_info("service.stopped");
  return kExitOk;
}

}  // namespace lyceum::cli
