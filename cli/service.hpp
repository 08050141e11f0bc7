#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "cli/configuration.hpp"

namespace lyceum::cli {

/// Where the service of one process listens.
struct Listen {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  bool is_announced = false;  ///< Written to the data folder, so that other processes find it.
};

/// The composition root: builds everything, takes up unfinished runs, serves. One thread calls the members;
/// they block.
class Service {
 public:
  /// Errors: invalid_argument (configuration), precondition (another process has the data open), io,
  /// data_loss.
  static Result<std::unique_ptr<Service>> start_blocking(const Configuration& configuration,
                                                         const Listen& listen);

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();  ///< Stops it if need be.

  const std::string& url() const;
  const std::string& credential() const;

  /// Ends connections, then runs at their next action (they go on after the next start). Bounded: past
  /// limits.drain_timeout_s the process exits at once, which the store survives.
  void stop_blocking();

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace lyceum::cli
