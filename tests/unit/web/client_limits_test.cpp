#include "web/server/client_limits.hpp"

#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

using What = ClientLimits::What;

TEST(ClientLimits, RefuseAtTheLimitAndForgetWhatWasGivenBack) {
  ClientLimits limits({.connections = 1, .requests = 2});
  {
    const auto first = limits.acquire("a", What::request);
    const auto second = limits.acquire("a", What::request);

    EXPECT_TRUE(first && second);
    EXPECT_FALSE(limits.acquire("a", What::request));
    EXPECT_TRUE(limits.acquire("b", What::request));
    EXPECT_TRUE(limits.acquire("a", What::connection));
    EXPECT_EQ(limits.total(What::request), 2U);
  }
  EXPECT_EQ(limits.total(What::request), 0U);
  EXPECT_TRUE(limits.acquire("a", What::request));
}

TEST(ClientLimits, AMovedPermitIsGivenBackOnce) {
  ClientLimits limits({.subscriptions = 1});
  {
    auto permit = limits.acquire("a", What::subscription);
    const ClientLimits::Permit moved = *std::move(permit);
    permit.reset();
    EXPECT_EQ(limits.total(What::subscription), 1U);
  }
  EXPECT_EQ(limits.total(What::subscription), 0U);
}

}  // namespace
}  // namespace lyceum::web
