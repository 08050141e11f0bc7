#include "web/server/credentials.hpp"

#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

using Verdict = Credentials::Verdict;

constexpr const char* kToken = "correct-horse-battery";

std::string cookie_of(const Credentials& credentials) {
  const std::string header = credentials.set_cookie();
  return header.substr(0, header.find(';'));
}

TEST(Credentials, TheTokenPassesAsBearerAndAsSubprotocol) {
  Credentials credentials(kToken, 8420, 5);

  EXPECT_EQ(credentials.check({.authorization = "Bearer correct-horse-battery"}, "a", 0), Verdict::granted);
  EXPECT_EQ(credentials.check({.websocket_protocol = "lyceum.v1, correct-horse-battery"}, "a", 0),
            Verdict::granted);
  EXPECT_EQ(credentials.check({.authorization = "Basic correct-horse-battery"}, "a", 0), Verdict::missing);
  EXPECT_EQ(credentials.check({.websocket_protocol = "correct-horse-battery"}, "a", 0), Verdict::missing);
  EXPECT_EQ(credentials.check({}, "a", 0), Verdict::missing);
}

TEST(Credentials, TheCookiePassesAmongOthersAndDoesNotHoldTheToken) {
  Credentials credentials(kToken, 8420, 5);
  const std::string cookie = cookie_of(credentials);

  EXPECT_EQ(credentials.check({.cookie = "theme=dark; " + cookie + "; x=y"}, "a", 0), Verdict::granted);
  EXPECT_EQ(cookie.find(kToken), std::string::npos);
  EXPECT_NE(credentials.set_cookie().find("; HttpOnly; SameSite=Strict; Path=/"), std::string::npos);
}

TEST(Credentials, ACookieOfAnotherTokenOrPortDoesNotPass) {
  Credentials credentials(kToken, 8420, 5);

  EXPECT_EQ(credentials.check({.cookie = cookie_of(Credentials("another-token-here", 8420, 5))}, "a", 0),
            Verdict::missing);
  EXPECT_EQ(credentials.check({.cookie = cookie_of(Credentials(kToken, 8421, 5))}, "a", 0), Verdict::missing);
  EXPECT_EQ(credentials.check({.cookie = "lyceum_session_8420="}, "a", 0), Verdict::missing);
}

TEST(Credentials, TooManyWrongTokensThrottleThatClientForAMinute) {
  Credentials credentials(kToken, 8420, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(credentials.check_token("wrong", "a", 1000), Verdict::wrong);

  EXPECT_EQ(credentials.check_token("wrong", "a", 1000), Verdict::throttled);
  EXPECT_EQ(credentials.check_token(kToken, "a", 1000), Verdict::throttled);
  EXPECT_EQ(credentials.check_token(kToken, "b", 1000), Verdict::granted);
  EXPECT_EQ(credentials.check({.cookie = cookie_of(credentials)}, "a", 1000), Verdict::granted);
  EXPECT_EQ(credentials.check_token(kToken, "a", 61'000), Verdict::granted);
}

}  // namespace
}  // namespace lyceum::web
