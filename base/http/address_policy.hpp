#pragma once

#include <string>

#include <boost/asio/ip/address.hpp>

#include "base/http_client.hpp"

namespace lyceum::http {

/// True for addresses of the public internet (IANA special-purpose registries, RFC 6890): not loopback,
/// private, shared, link-local, documentation, benchmark, multicast or reserved, nor an IPv6 address that
/// carries such an IPv4 one.
bool is_public(const net::ip::address& address);

/// True when `policy` permits a connection to `address`, which `host` (lower case) was resolved to.
bool is_permitted(const EgressPolicy& policy, const std::string& host, std::uint16_t port,
                  const net::ip::address& address);

}  // namespace lyceum::http
