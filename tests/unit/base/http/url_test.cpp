#include "base/http/url.hpp"

#include <gtest/gtest.h>

namespace lyceum::http {
namespace {

using std::string_literals::operator""s;

std::string parsed(const std::string& text) {
  const auto url = parse_url(text);
  return url ? url->text() : url.error().message;
}

TEST(ParseUrl, WritesTheSameUrlInOneWay) {
  EXPECT_EQ(parsed("HTTP://Example.ORG"), "http://example.org/");
  EXPECT_EQ(parsed("https://example.org:443/a?b=c#frag"), "https://example.org/a?b=c");
  EXPECT_EQ(parsed("http://example.org.:8080?q"), "http://example.org:8080/?q");
  EXPECT_EQ(parsed("http://[2001:DB8::1]:81/x"), "http://[2001:db8::1]:81/x");
  EXPECT_EQ(parsed("http://a/caf\xC3\xA9 <b>"), "http://a/caf%C3%A9%20%3Cb%3E");
}

TEST(ParseUrl, NamesWhatIsWrong) {
  EXPECT_EQ(parsed("ftp://a/"), "url: must begin with http:// or https://");
  EXPECT_EQ(parsed("file:///etc/passwd"), "url: must begin with http:// or https://");
  EXPECT_EQ(parsed("http://user:pw@a/"), "url: credentials in a url are refused");
  EXPECT_EQ(parsed("http://a@b/"), "url: credentials in a url are refused");
  EXPECT_EQ(parsed("http:///x"), "url: has no host");
  EXPECT_EQ(parsed("http://a:0/"), "url: port must be 1 to 65535");
  EXPECT_EQ(parsed("http://a:65536/"), "url: port must be 1 to 65535");
  EXPECT_EQ(parsed("http://a:8x/"), "url: port must be 1 to 65535");
  EXPECT_EQ(parsed("http://a\\@b/"), "url: contains a backslash");
  EXPECT_EQ(parsed("http://a/\r\nHost: b"), "url: contains a control character");
  EXPECT_EQ(parsed("http://a..b/"), "url: host has an empty label");
  EXPECT_EQ(parsed("http://a../"), "url: host has an empty label");
  EXPECT_EQ(parsed("http://a%2eb/"), "url: host has a character that is not allowed");
  EXPECT_EQ(parsed("http://[fe80::1%25eth0]/"), "url: host is not an IPv6 address");
  EXPECT_EQ(parsed("http://[::1"), "url: host lacks its closing bracket");
  EXPECT_EQ(parsed("http://a/" + std::string(kMaxUrlBytes, 'x')), "url: longer than 8192 bytes");
}

TEST(ResolveUrl, FollowsTheExamplesOfRfc3986) {
  const auto base = parse_url("http://a/b/c/d?q");
  ASSERT_TRUE(base);
  const auto at = [&](const std::string& reference) {
    const auto url = resolve_url(*base, reference);
    return url ? url->text() : url.error().message;
  };

  EXPECT_EQ(at("g"), "http://a/b/c/g");
  EXPECT_EQ(at("./g/"), "http://a/b/c/g/");
  EXPECT_EQ(at("/g"), "http://a/g");
  EXPECT_EQ(at("//g"), "http://g/");
  EXPECT_EQ(at("?y"), "http://a/b/c/d?y");
  EXPECT_EQ(at("g?y#s"), "http://a/b/c/g?y");
  EXPECT_EQ(at(""), "http://a/b/c/d?q");
  EXPECT_EQ(at(".."), "http://a/b/");
  EXPECT_EQ(at("../../../g"), "http://a/g");
  EXPECT_EQ(at("https://h/x"), "https://h/x");
  EXPECT_EQ(at("javascript:alert(1)"), "url: must begin with http:// or https://");
}

// Goal: no bytes crash the parser, and what it accepts it accepts again unchanged.
TEST(ParseUrl, AcceptsItsOwnOutputWhateverTheInput) {
  std::uint64_t state = 42;
  const std::string alphabet = "htps:/@[]?#.%\\\0 a1-\xC3\xA9\xFF"s;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "http://" : "";
    for (int i = 0; i < 12; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      text += alphabet[(state >> 33U) % alphabet.size()];
    }
    const auto url = parse_url(text);
    if (!url) continue;
    const auto again = parse_url(url->text());
    ASSERT_TRUE(again) << url->text();
    EXPECT_EQ(again->text(), url->text());
    const auto resolved = resolve_url(*url, text);
    if (resolved) EXPECT_TRUE(parse_url(resolved->text()));
  }
}

}  // namespace
}  // namespace lyceum::http
