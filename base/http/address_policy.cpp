#include "base/http/address_policy.hpp"

#include <algorithm>
#include <array>

namespace lyceum::http {
namespace {

struct Block {
  std::uint32_t prefix = 0;
  unsigned bits = 0;
};

constexpr std::uint32_t ip4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

constexpr std::array kSpecial = {
    Block{ip4(0, 0, 0, 0), 8},        // this network
    Block{ip4(10, 0, 0, 0), 8},       // private
    Block{ip4(100, 64, 0, 0), 10},    // carrier-grade NAT
    Block{ip4(127, 0, 0, 0), 8},      // loopback
    Block{ip4(169, 254, 0, 0), 16},   // link-local, cloud metadata
    Block{ip4(172, 16, 0, 0), 12},    // private
    Block{ip4(192, 0, 0, 0), 24},     // protocol assignments
    Block{ip4(192, 0, 2, 0), 24},     // documentation
    Block{ip4(192, 88, 99, 0), 24},   // 6to4 relays
    Block{ip4(192, 168, 0, 0), 16},   // private
    Block{ip4(198, 18, 0, 0), 15},    // benchmarks
    Block{ip4(198, 51, 100, 0), 24},  // documentation
    Block{ip4(203, 0, 113, 0), 24},   // documentation
    Block{ip4(224, 0, 0, 0), 4},      // multicast
    Block{ip4(240, 0, 0, 0), 4},      // reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(kSpecial.begin(), kSpecial.end(), [&](const Block& block) {
    return ((address ^ block.prefix) >> (32U - block.bits)) == 0;
  });
}

using Bytes = net::ip::address_v6::bytes_type;

std::uint32_t embedded_v4(const Bytes& bytes, std::size_t at) {
  return ip4(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool begins_with(const Bytes& bytes, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public_v6(const net::ip::address_v6& address) {
  const Bytes bytes = address.to_bytes();
  if (address.is_v4_mapped()) return is_public_v4(embedded_v4(bytes, 12));
  // NAT64 (RFC 6052) and 6to4 (RFC 3056) reach the IPv4 address inside.
  if (begins_with(bytes, {0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}))
    return is_public_v4(embedded_v4(bytes, 12));
  if (begins_with(bytes, {0x20, 0x02})) return is_public_v4(embedded_v4(bytes, 2));
  const bool is_global_unicast =
      (bytes[0] & 0xE0U) == 0x20U;  // 2000::/3; all else is local, multicast or unassigned
  if (!is_global_unicast) return false;
  const bool is_protocol = begins_with(bytes, {0x20, 0x01}) && bytes[2] < 0x02;  // 2001::/23: Teredo, ORCHID
  const bool is_documentation =
      begins_with(bytes, {0x20, 0x01, 0x0D, 0xB8}) || (begins_with(bytes, {0x3F, 0xFF}) && bytes[2] < 0x10);
  return !is_protocol && !is_documentation;
}

}  // namespace

bool is_public(const net::ip::address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6());
}

bool is_permitted(const EgressPolicy& policy, const std::string& host, std::uint16_t port,
                  const net::ip::address& address) {
  if (policy.allow_private || is_public(address)) return true;
  const std::string bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::string with_port = bracketed + ":" + std::to_string(port);
  return std::any_of(policy.allowed_hosts.begin(), policy.allowed_hosts.end(), [&](std::string allowed) {
    std::transform(allowed.begin(), allowed.end(), allowed.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return allowed == host || allowed == bracketed || allowed == with_port;
  });
}

}  // namespace lyceum::http
