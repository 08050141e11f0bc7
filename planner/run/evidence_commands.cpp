// Commands by which a person adds to what a run knows, or takes from it.
#include <algorithm>

#include "agents/findings.hpp"
#include "planner/run/commands.hpp"
#include "planner/run/stored_run.hpp"

namespace lyceum::planner {

Task<Result<void>> CommandHandler::prepare() {
  const bool quotes_document = type_ == "evidence.inject" && command_.is_object() &&
                               command_.contains("document") && command_["document"].is_string();
  if (!quotes_document) co_return ok();
  Json evidence = {{"document", command_["document"]},
                   {"quote", command_.value("text", Json())},
                   {"begin", command_.value("begin", Json())},
                   {"end", command_.value("end", Json())}};
  if (!evidence["begin"].is_number_unsigned() || !evidence["end"].is_number_unsigned() ||
      !evidence["quote"].is_string()) {
    co_return Error{Errc::invalid_argument,
                    "command.begin, command.end: required with document, as byte offsets"};
  }
  const memory::Documents& documents = run_.parts_.store.documents();
  co_return co_await run_blocking(run_.parts_.pool, [&]() -> Result<void> {
    TRY_OK(check_quote_blocking(documents, evidence));
    TRY(document_, documents.get_blocking(evidence.value("document", "")));
    return ok();
  });
}

Json CommandHandler::given_evidence(agents::Evidence evidence) const {
  evidence.id = "e" + std::to_string(state_.findings.evidence.size() + 1);
  evidence.score = 1;
  evidence.by = author_;
  return agents::evidence_data(evidence);
}

Result<CommandHandler::Events> CommandHandler::commit_step() {
  TRY(const std::string step, read_step());
  const Json result = fields_.object("result");
  TRY_OK(fields_.finish());
  if (state_.status_of(step) != StepStatus::taken_over)
    return Error{Errc::precondition, "step " + step + " is not taken over"};
  if (dump_json(result).size() > kMaxTextBytes * 5)
    return Error{Errc::too_large, "command.result: over the limit of 100,000 bytes"};
  FieldReader fields(result, "command.result");
  const std::string text = fields.required_string("text", kMaxTextBytes * 4);
  fields.array("sentences", 200);
  TRY_OK(fields.finish());
  const PlanStep& planned = *state_.plan_step(step);
  Events events = {close_hold(*state_.find_hold("takeover", step), "answer")};
  if (planned.agent == state_.answer_agent()) {
    Json sentences = result.value("sentences", Json::array());
    if (sentences.empty())
      sentences.push_back({{"text", text}, {"citations", Json::array()}, {"support", nullptr}});
    events.push_back(event("answer.proposed", step,
                           {{"sentences", std::move(sentences)},
                            {"gaps", Json::array()},
                            {"conflicts", Json::array()},
                            {"not_found", false},
                            {"confidence", nullptr}}));
  } else {
    // What a person found counts like any quote, and is theirs to vouch for.
    events.push_back(event("evidence.added", step,
                           given_evidence({.quote = text,
                                           .title = "Step “" + planned.title + "”, done by a person",
                                           .question = planned.goal})));
  }
  events.push_back(event("step.finished", step, {{"status", "done"}, {"result", result}, {"error", ""}}));
  return events;
}

Result<CommandHandler::Events> CommandHandler::inject_evidence() {
  const std::string text = fields_.required_string("text", kMaxTextBytes);
  const std::string document = fields_.string("document", "", kMaxIdBytes);
  const auto begin = fields_.integer("begin", 0, 0, std::int64_t{1} << 40);
  const auto end = fields_.integer("end", 0, 0, std::int64_t{1} << 40);
  const std::string note = fields_.string("note", "", kMaxTitleBytes);
  TRY_OK(fields_.finish());
  std::string section;
  for (const memory::Section& known : document_.sections) {
    if (known.begin <= static_cast<std::uint64_t>(begin)) section = known.title;
  }
  const std::string given = note.empty() ? "Given by " + author_ : note;
  return Events{event("evidence.added", "",
                      given_evidence({.quote = text,
                                      .document = document,
                                      .title = document.empty() ? given : document_.title,
                                      .section = section,
                                      .collection = document_.collection,
                                      .begin = static_cast<std::uint64_t>(begin),
                                      .end = static_cast<std::uint64_t>(end),
                                      .question = state_.question}))};
}

Result<CommandHandler::Events> CommandHandler::mark_evidence(bool is_dropped) {
  const std::string id = fields_.required_string("evidence", kMaxIdBytes);
  const std::string reason = fields_.string("reason", "", kMaxTextBytes);
  TRY_OK(fields_.finish());
  const auto found = std::find_if(state_.findings.evidence.begin(), state_.findings.evidence.end(),
                                  [&](const agents::Evidence& item) { return item.id == id; });
  if (found == state_.findings.evidence.end())
    return Error{Errc::not_found, "there is no evidence '" + id + "'"};
  if (found->dropped.empty() != is_dropped)
    return Error{Errc::conflict, "evidence " + id + (is_dropped ? " is dropped already" : " is not dropped")};
  if (!is_dropped)
    return Events{event("evidence.restored", found->step, {{"evidence", id}, {"by", author_}})};
  return Events{event(
      "evidence.dropped", found->step,
      {{"evidence", id}, {"reason", reason.empty() ? "dropped by " + author_ : reason}, {"by", author_}})};
}

}  // namespace lyceum::planner
