#include "model/remote/sse.hpp"

#include <gtest/gtest.h>

namespace lyceum::model::remote {
namespace {

using std::string_literals::operator""s;

using Events = std::vector<std::string>;

Events feed_in_pieces(const std::string& text, std::size_t piece_bytes) {
  SseParser parser;
  Events all;
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    const auto events = parser.feed(text.substr(at, piece_bytes));
    EXPECT_TRUE(events);
    all.insert(all.end(), events->begin(), events->end());
  }
  return all;
}

TEST(SseParser, GivesTheSameEventsHoweverTheBytesAreCut) {
  const std::string stream =
      "\xEF\xBB\xBF"
      "data: one\n\n: comment\r\n\r\nevent: x\r\ndata:two\r\ndata\r\ndata:  three\r\n\r\ndata: four\r\rid: "
      "7\n\ndata: cut";
  const Events expected = {"one", "two\n\n three", "four"};

  for (std::size_t piece_bytes = 1; piece_bytes <= stream.size(); ++piece_bytes) {
    EXPECT_EQ(feed_in_pieces(stream, piece_bytes), expected) << "pieces of " << piece_bytes;
  }
}

TEST(SseParser, TakesAnyBytes) {
  std::uint64_t state = 7;
  const std::string alphabet = "data: \r\n\0\xFF{}"s;
  SseParser parser;
  for (int round = 0; round < 20'000; ++round) {
    std::string piece;
    for (int i = 0; i < 5; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      piece += alphabet[(state >> 33U) % alphabet.size()];
    }
    ASSERT_TRUE(parser.feed(piece));
  }
}

TEST(SseParser, RefusesAnEventWithoutEnd) {
  SseParser parser;

  const auto events = parser.feed("data: " + std::string(kMaxEventBytes, 'x'));

  ASSERT_FALSE(events);
  EXPECT_EQ(events.error().code, Errc::too_large);
}

}  // namespace
}  // namespace lyceum::model::remote
