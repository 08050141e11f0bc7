#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace lyceum::web {

/// Counts what each client (an IP address) has open. Thread-safe.
class ClientLimits {
 public:
  enum class What { connection, request, subscription, upload };

  struct Limits {
    std::size_t connections = 0;
    std::size_t requests = 0;
    std::size_t subscriptions = 0;
    std::size_t uploads = 0;
  };

  explicit ClientLimits(Limits limits)
      : limits_{limits.connections, limits.requests, limits.subscriptions, limits.uploads} {}

  /// Gives its place back when destroyed; must not outlive the ClientLimits.
  class Permit {
   public:
    Permit(ClientLimits& owner, std::string client, What what)
        : owner_(&owner), client_(std::move(client)), what_(what) {}

    Permit(Permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          client_(std::move(other.client_)),
          what_(other.what_) {}

    Permit& operator=(Permit&&) = delete;

    ~Permit() {
      if (owner_ != nullptr) owner_->release(client_, what_);
    }

   private:
    ClientLimits* owner_;
    std::string client_;
    What what_;
  };

  /// Nothing when the client has as many as it may.
  std::optional<Permit> acquire(const std::string& client, What what);

  /// Of all clients together.
  std::size_t total(What what) const;

 private:
  static constexpr std::size_t kNumKinds = 4;
  using Counts = std::array<std::size_t, kNumKinds>;

  void release(const std::string& client, What what);

  const Counts limits_;
  mutable std::mutex mutex_;
  std::map<std::string, Counts> clients_;
  Counts totals_{};
};

}  // namespace lyceum::web
