#include "web/server/admission.hpp"

#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

TEST(IsHostAllowed, KnowsTheListenersOwnAddressAndLocalhost) {
  EXPECT_TRUE(is_host_allowed("127.0.0.1:8420", "127.0.0.1", 8420, {}));
  EXPECT_TRUE(is_host_allowed("localhost:8420", "127.0.0.1", 8420, {}));
  EXPECT_TRUE(is_host_allowed("LocalHost:8420", "127.0.0.1", 8420, {}));
  EXPECT_TRUE(is_host_allowed("[::1]:8420", "::1", 8420, {}));
  EXPECT_TRUE(is_host_allowed("127.0.0.1", "127.0.0.1", 80, {}));
}

TEST(IsHostAllowed, RefusesForeignNamesPortsAndMissingOnes) {
  for (const char* host :
       {"", "evil.example:8420", "127.0.0.1", "127.0.0.1:8421", "localhost", "127.0.0.1.evil.example:8420",
        "10.0.0.1:8420", ":8420", "[::1", "127.0.0.1:8420:8420"}) {
    EXPECT_FALSE(is_host_allowed(host, "127.0.0.1", 8420, {})) << host;
  }
  EXPECT_FALSE(is_host_allowed("localhost:8420", "10.0.0.7", 8420, {}));
}

TEST(IsHostAllowed, TakesConfiguredNamesWithAndWithoutPort) {
  EXPECT_TRUE(is_host_allowed("lab.example", "10.0.0.7", 8420, {"lab.example"}));
  EXPECT_TRUE(is_host_allowed("lab.example:443", "10.0.0.7", 8420, {"lab.example"}));
  EXPECT_TRUE(is_host_allowed("Lab.Example:443", "10.0.0.7", 8420, {"lab.example:443"}));
  EXPECT_FALSE(is_host_allowed("lab.example:444", "10.0.0.7", 8420, {"lab.example:443"}));
}

TEST(IsOriginAllowed, OnlyTheHostItselfOrNone) {
  EXPECT_TRUE(is_origin_allowed("", "127.0.0.1:8420"));
  EXPECT_TRUE(is_origin_allowed("http://127.0.0.1:8420", "127.0.0.1:8420"));
  EXPECT_TRUE(is_origin_allowed("https://lab.example", "lab.example"));
  for (const char* origin : {"null", "http://evil.example", "http://127.0.0.1:8421",
                             "http://127.0.0.1:8420.evil.example", "file://127.0.0.1:8420"}) {
    EXPECT_FALSE(is_origin_allowed(origin, "127.0.0.1:8420")) << origin;
  }
}

}  // namespace
}  // namespace lyceum::web
