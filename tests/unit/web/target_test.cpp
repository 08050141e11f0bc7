#include "web/native/target.hpp"

#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

TEST(ParseTarget, SplitsPathAndDecodesParameters) {
  const auto target = parse_target("/api/search?q=caf%C3%A9+noir&limit=5&flag");

  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/api/search");
  EXPECT_EQ(target->query.at("q"), "café noir");
  EXPECT_EQ(target->query.at("limit"), "5");
  EXPECT_EQ(target->query.at("flag"), "");
}

TEST(ParseTarget, RefusesWhatDoesNotDecode) {
  for (const char* bad :
       {"", "*", "/x?a=%", "/x?a=%4", "/x?a=%zz", "/x?a=%00", "/x?a=%ff", "/x?a=1&a=2", "/x?a=%0d%0a"}) {
    const auto target = parse_target(bad);
    ASSERT_FALSE(target) << bad;
    EXPECT_EQ(target.error().code, Errc::malformed) << bad;
  }
}

TEST(ParseTarget, RefusesTooManyParameters) {
  std::string target = "/x?";
  for (int i = 0; i < 33; ++i) target += "p" + std::to_string(i) + "=1&";

  EXPECT_FALSE(parse_target(target));
}

TEST(QueryReader, NamesTheBadParameter) {
  const Query query = {{"limit", "0"}};
  QueryReader reader(query);
  reader.number("limit", 10, 1, 100);

  const auto finished = reader.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message, "query.limit: expected an integer from 1 to 100");
}

TEST(QueryReader, RefusesNumbersWithTailsAndOverflow) {
  for (const char* bad : {"1x", "-1", "99999999999999999999", "1.5", "+1"}) {
    const Query query = {{"n", bad}};
    QueryReader reader(query);
    reader.number("n", 0, 0, 1000);
    EXPECT_FALSE(reader.finish()) << bad;
  }
}

TEST(QueryReader, NamesTheUnknownAndTheMissingParameter) {
  const Query query = {{"colour", "red"}};
  QueryReader unknown(query);
  EXPECT_EQ(unknown.finish().error().message, "query.colour: unknown parameter");

  const Query empty;
  QueryReader missing(empty);
  missing.required_string("q", 10);
  EXPECT_EQ(missing.finish().error().message, "query.q: required");
}

}  // namespace
}  // namespace lyceum::web
