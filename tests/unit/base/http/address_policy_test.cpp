#include "base/http/address_policy.hpp"

#include <gtest/gtest.h>

namespace lyceum::http {
namespace {

bool is_public(const char* text) {
  return http::is_public(net::ip::make_address(text));
}

TEST(AddressPolicy, RefusesEverySpecialPurposeIpv4Block) {
  for (const char* text :
       {"0.0.0.0",     "0.1.2.3",         "10.0.0.1",   "100.64.0.1",     "100.127.255.255", "127.0.0.1",
        "127.8.9.1",   "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8",       "192.0.2.1",
        "192.88.99.1", "192.168.1.1",     "198.18.0.1", "198.19.255.255", "198.51.100.7",    "203.0.113.9",
        "224.0.0.1",   "239.255.255.255", "240.0.0.1",  "255.255.255.255"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(AddressPolicy, PermitsPublicIpv4RightBesideTheBlocks) {
  for (const char* text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.0.1", "198.20.0.0", "223.255.255.255"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(AddressPolicy, RefusesLocalIpv6AndIpv4InDisguise) {
  for (const char* text :
       {"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001::1", "2001:db8::1", "fc00::1", "fd12::1",
        "fe80::1", "fec0::1", "ff02::1", "100::1", "3fff::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

TEST(AddressPolicy, PermitsGlobalIpv6) {
  for (const char* text :
       {"2606:4700::1111", "2a00:1450:4001::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(AddressPolicy, AnAllowedHostMayBePrivateOnItsPortOnly) {
  const EgressPolicy policy{.allowed_hosts = {"Models.local:8000", "intranet", "[::1]:9000"}};
  const auto address = net::ip::make_address("10.0.0.5");

  EXPECT_TRUE(is_permitted(policy, "models.local", 8000, address));
  EXPECT_FALSE(is_permitted(policy, "models.local", 8001, address));
  EXPECT_TRUE(is_permitted(policy, "intranet", 1, address));
  EXPECT_TRUE(is_permitted(policy, "::1", 9000, net::ip::make_address("::1")));
  EXPECT_FALSE(is_permitted(policy, "other", 8000, address));
}

}  // namespace
}  // namespace lyceum::http
