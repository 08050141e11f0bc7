#include "web/server/client_limits.hpp"

#include <algorithm>

namespace lyceum::web {
namespace {

std::size_t index_of(ClientLimits::What what) {
  return static_cast<std::size_t>(what);
}

}  // namespace

std::optional<ClientLimits::Permit> ClientLimits::acquire(const std::string& client, What what) {
  const std::size_t kind = index_of(what);
  {
    const std::scoped_lock lock(mutex_);
    auto& counts = clients_[client];
    if (counts[kind] >= limits_[kind]) return std::nullopt;
    ++counts[kind];
    ++totals_[kind];
  }
  return std::optional<Permit>(std::in_place, *this, client, what);
}

void ClientLimits::release(const std::string& client, What what) {
  const std::scoped_lock lock(mutex_);
  const auto found = clients_.find(client);
  --found->second[index_of(what)];
  --totals_[index_of(what)];
  if (std::ranges::all_of(found->second, [](std::size_t count) { return count == 0; })) clients_.erase(found);
}

std::size_t ClientLimits::total(What what) const {
  const std::scoped_lock lock(mutex_);
  return totals_[index_of(what)];
}

}  // namespace lyceum::web
