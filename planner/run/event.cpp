#include "planner/run/event.hpp"

#include "base/check.hpp"

namespace lyceum::planner {

std::string to_stored_text(const Event& event) {
  Json json = {{"v", 1},
               {"seq", event.seq},
               {"epoch", event.epoch},
               {"ts", event.ts},
               {"type", event.type},
               {"actor", event.actor},
               {"path", event.step},
               {"data", event.data}};
  if (!event.step.empty()) json["step"] = event.step;
  if (event.attempt != 0) json["attempt"] = event.attempt;
  if (!event.action.empty()) json["action"] = event.action;
  if (event.pos != 0) json["pos"] = event.pos;
  if (!event.cmd.empty()) json["cmd"] = event.cmd;
  return dump_json(json);
}

Result<Event> event_from_stored_text(std::string_view text) {
  TRY(const Json json, parse_json(text));
  try {
    return Event{.seq = json.at("seq").get<std::uint64_t>(),
                 .epoch = json.at("epoch").get<std::uint64_t>(),
                 .ts = json.at("ts").get<std::int64_t>(),
                 .type = json.at("type").get<std::string>(),
                 .actor = json.value("actor", ""),
                 .step = json.value("step", ""),
                 .attempt = json.value("attempt", 0U),
                 .action = json.value("action", ""),
                 .pos = json.value("pos", 0U),
                 .cmd = json.value("cmd", ""),
                 .data = json.at("data")};
  } catch (const Json::exception& error) {
    return Error{Errc::data_loss, std::string("a stored event does not decode: ") + error.what()};
  }
}

std::string to_client_text(const std::string& run_id, std::string_view stored_text) {
  LYCEUM_CHECK(stored_text.starts_with('{'));
  std::string text = R"({"run":")" + run_id + R"(",)";
  text += stored_text.substr(1);
  return text;
}

}  // namespace lyceum::planner
