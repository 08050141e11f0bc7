#include "web/native/live_frames.hpp"

#include <gtest/gtest.h>

namespace lyceum::web {
namespace {

using planner::Delivery;

Delivery event(std::uint64_t seq, bool is_ephemeral = false) {
  return {.kind = Delivery::Kind::event,
          .seq = seq,
          .is_ephemeral = is_ephemeral,
          .text = std::make_shared<const std::string>(R"({"seq":7})")};
}

TEST(SseEvent, HasIdAndDataAndEndsWithBareLineFeeds) {
  EXPECT_EQ(sse_event("r1", event(7)), "id: r1.7\ndata: {\"seq\":7}\n\n");
}

TEST(SseEvent, EphemeralEventsHaveNoIdSoThatTheCursorStaysAtADurableOne) {
  EXPECT_EQ(sse_event("r1", event(7, true)), "data: {\"seq\":7}\n\n");
}

TEST(SseEvent, AGapHasItsOwnNameAndNoId) {
  const std::string text = sse_event("r1", {.kind = Delivery::Kind::gap, .seq = 9});

  ASSERT_TRUE(text.starts_with("event: gap\ndata: ")) << text;
  EXPECT_EQ(Json::parse(text.substr(17)),
            Json::parse(R"({"code":"stream_replay_gap","run":"r1","after":9,"earliest":1})"));
}

TEST(SseEvent, LiveAndEndAreNotSaid) {
  EXPECT_EQ(sse_event("r1", {.kind = Delivery::Kind::live, .seq = 9}), "");
  EXPECT_EQ(sse_event("r1", {.kind = Delivery::Kind::end, .seq = 9}), "");
}

TEST(StreamCursor, LastEventIdWinsOverAfter) {
  EXPECT_EQ(*stream_cursor("r1", "r1.12", 3), 12U);
  EXPECT_EQ(*stream_cursor("r1", "", 3), 3U);
}

TEST(StreamCursor, RefusesAnotherRunsOrABrokenId) {
  for (const char* bad : {"r2.12", "r1", "r1.", "r1.x", "r1.1x", "r1.-1", "r1.99999999999999999999"}) {
    EXPECT_FALSE(stream_cursor("r1", bad, 0)) << bad;
  }
}

TEST(SocketFrames, CarryTheDeliveriesAsTheWireSays) {
  EXPECT_EQ(Json::parse(socket_frame("r1", event(7))),
            Json::parse(R"({"op":"event","run":"r1","event":{"seq":7}})"));
  EXPECT_EQ(Json::parse(socket_frame("r1", {.kind = Delivery::Kind::live, .seq = 7})),
            Json::parse(R"({"op":"live","run":"r1","seq":7})"));
  EXPECT_EQ(Json::parse(socket_frame("r1", {.kind = Delivery::Kind::gap, .seq = 7})),
            Json::parse(R"({"op":"gap","run":"r1","after":7,"earliest":1})"));
}

TEST(SocketFrames, ARefusalCarriesTheCurrentState) {
  const planner::Refusal refusal{.error = {Errc::conflict, "stale"}, .current = {{"rev", 3}}};

  EXPECT_EQ(Json::parse(nack_frame("r1", "c1", refusal)), Json::parse(R"({"op":"nack","run":"r1","id":"c1",
                            "error":{"code":"conflict","message":"stale","current":{"rev":3}}})"));
}

TEST(ParseClientMessage, ReadsEveryOperation) {
  const auto sub = parse_client_message(R"({"op":"sub","run":"r1","after":4})");
  ASSERT_TRUE(sub);
  EXPECT_EQ(sub->op, ClientMessage::Op::sub);
  EXPECT_EQ(sub->run, "r1");
  EXPECT_EQ(sub->after, 4U);
  EXPECT_EQ(parse_client_message(R"({"op":"unsub","run":"r1"})")->op, ClientMessage::Op::unsub);
  EXPECT_EQ(parse_client_message(R"({"op":"watch"})")->op, ClientMessage::Op::watch);
  EXPECT_EQ(parse_client_message(R"({"op":"ping","n":3})")->value, 3);
  EXPECT_EQ(parse_client_message(R"({"op":"cmd","run":"r1","cmd":{"id":"c"}})")->value,
            Json::parse(R"({"id":"c"})"));
}

TEST(ParseClientMessage, NamesWhatIsWrong) {
  EXPECT_EQ(parse_client_message("{").error().code, Errc::malformed);
  EXPECT_EQ(parse_client_message(R"({"op":"dance"})").error().message,
            "message.op: expected one of: sub, unsub, cmd, watch, ping");
  EXPECT_EQ(parse_client_message(R"({"op":"sub"})").error().message, "message.run: required");
  EXPECT_EQ(parse_client_message(R"({"op":"cmd","run":"r"})").error().message, "message.cmd: required");
  EXPECT_EQ(parse_client_message(R"({"op":"watch","x":1})").error().message, "message.x: unknown field");
  EXPECT_FALSE(parse_client_message("[]"));
  EXPECT_FALSE(parse_client_message(R"({"op":"sub","run":"r1","after":-1})"));
}

}  // namespace
}  // namespace lyceum::web
