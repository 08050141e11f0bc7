#include "web/native/live_frames.hpp"

#include <charconv>

#include "web/native/http.hpp"

namespace lyceum::web {
namespace {

using planner::Delivery;

constexpr std::int64_t kMaxSeq = std::numeric_limits<std::int64_t>::max();

// The log keeps everything, so a reader can always go on from its own position.
constexpr std::uint64_t kEarliestSeq = 1;

Json gap_json(const std::string& run, std::uint64_t after) {
  return {{"run", run}, {"after", after}, {"earliest", kEarliestSeq}};
}

}  // namespace

std::string sse_event(const std::string& run, const Delivery& delivery) {
  switch (delivery.kind) {
    case Delivery::Kind::event: {
      std::string text;
      text.reserve(delivery.text->size() + run.size() + 40);
      if (!delivery.is_ephemeral) text += "id: " + run + "." + std::to_string(delivery.seq) + "\n";
      text += "data: ";
      text += *delivery.text;
      text += "\n\n";
      return text;
    }
    case Delivery::Kind::gap: {
      Json data = gap_json(run, delivery.seq);
      data["code"] = "stream_replay_gap";
      return "event: gap\ndata: " + dump_json(data) + "\n\n";
    }
    case Delivery::Kind::live:
    case Delivery::Kind::end:
      return {};
  }
  return {};
}

Result<std::uint64_t> stream_cursor(const std::string& run, const std::string& last_event_id,
                                    std::uint64_t after) {
  if (last_event_id.empty()) return after;
  std::uint64_t seq = 0;
  if (last_event_id.starts_with(run + ".")) {
    const char* const end = last_event_id.data() + last_event_id.size();
    const auto [stop, failed] = std::from_chars(last_event_id.data() + run.size() + 1, end, seq);
    if (failed == std::errc() && stop == end && seq <= static_cast<std::uint64_t>(kMaxSeq)) return seq;
  }
  return Error{Errc::invalid_argument, "Last-Event-ID: expected " + run + ".<seq>"};
}

std::string socket_frame(const std::string& run, const Delivery& delivery) {
  switch (delivery.kind) {
    case Delivery::Kind::event:
      return R"({"op":"event","run":)" + dump_json(run) + R"(,"event":)" + *delivery.text + "}";
    case Delivery::Kind::live:
      return dump_json({{"op", "live"}, {"run", run}, {"seq", delivery.seq}});
    case Delivery::Kind::gap: {
      Json frame = gap_json(run, delivery.seq);
      frame["op"] = "gap";
      return dump_json(frame);
    }
    case Delivery::Kind::end:
      return {};
  }
  return {};
}

std::string watch_frame(const std::string& run_summary) {
  return R"({"op":"run","run":)" + run_summary + "}";
}

std::string ack_frame(const std::string& run, const Json& id, std::uint64_t seq) {
  return dump_json({{"op", "ack"}, {"run", run}, {"id", id}, {"seq", seq}});
}

std::string nack_frame(const std::string& run, const Json& id, const planner::Refusal& refusal) {
  Json error = error_json(refusal.error);
  if (!refusal.current.is_null()) error["current"] = refusal.current;
  return dump_json({{"op", "nack"}, {"run", run}, {"id", id}, {"error", std::move(error)}});
}

std::string error_frame(const std::string& run, const Error& error) {
  Json frame = {{"op", "error"}, {"error", error_json(error)}};
  if (!run.empty()) frame["run"] = run;
  return dump_json(frame);
}

std::string pong_frame(const Json& n) {
  return dump_json({{"op", "pong"}, {"n", n}});
}

Result<ClientMessage> parse_client_message(std::string_view text) {
  TRY(const Json body, parse_json(text));
  FieldReader fields(body, "message");
  const std::string op = fields.choice("op", "", {"sub", "unsub", "cmd", "watch", "ping"});
  ClientMessage message;
  if (op == "sub") {
    message.op = ClientMessage::Op::sub;
    message.run = fields.required_string("run", kMaxRunIdBytes);
    message.after = static_cast<std::uint64_t>(fields.integer("after", 0, 0, kMaxSeq));
  } else if (op == "unsub") {
    message.op = ClientMessage::Op::unsub;
    message.run = fields.required_string("run", kMaxRunIdBytes);
  } else if (op == "cmd") {
    message.op = ClientMessage::Op::cmd;
    message.run = fields.required_string("run", kMaxRunIdBytes);
    message.value = fields.object("cmd");
    if (message.value.empty()) fields.fail("cmd", "required");
  } else if (op == "watch") {
    message.op = ClientMessage::Op::watch;
  } else if (op == "ping") {
    message.value = fields.integer("n", 0, 0, kMaxSeq);
  }
  TRY_OK(fields.finish());
  return message;
}

}  // namespace lyceum::web
