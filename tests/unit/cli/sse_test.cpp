#include "cli/client/sse.hpp"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

TEST(SseParser, AnEventIsCompleteAtItsEmptyLineWhereverThePiecesAreCut) {
  const std::string stream = ": comment\nid: r.1\ndata: {\"a\":1}\n\nid:r.2\r\ndata: x\r\ndata: y\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SseParser parser;

    auto events = parser.feed(stream.substr(0, cut));
    for (const SseEvent& event : parser.feed(stream.substr(cut))) events.push_back(event);

    ASSERT_EQ(events.size(), 2U) << "cut at " << cut;
    EXPECT_EQ(events[0].id, "r.1");
    EXPECT_EQ(events[0].data, "{\"a\":1}");
    EXPECT_EQ(events[1].id, "r.2");
    EXPECT_EQ(events[1].data, "x\ny");
  }
}

TEST(SseParser, CommentsAndUnknownFieldsAreNoEvents) {
  SseParser parser;

  EXPECT_TRUE(parser.feed(": keep open\n\nretry: 5\n\nid: 7\n\n").empty());
}

TEST(SseParser, AnEventWithoutEndIsRefused) {
  SseParser parser;
  const std::string piece(1U << 20U, 'x');

  parser.feed("data: ");
  for (std::size_t size = 0; size <= kMaxSseEventBytes; size += piece.size()) parser.feed(piece);

  EXPECT_TRUE(parser.is_too_large());
}

}  // namespace
}  // namespace lyceum::cli
