#include "planner/run/submission.hpp"

#include "planner/run/state.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kMaxQuestionBytes = 8000;
constexpr std::int64_t kMaxBudget = 1'000'000'000;
constexpr std::int64_t kMaxExpirySeconds = 366LL * 24 * 3600;

// The first line, at most 120 bytes, cut at a character border.
std::string title_of(const std::string& question) {
  std::string title = question.substr(0, question.find('\n'));
  if (title.size() <= 120) return title;
  std::size_t end = 117;
  while (end > 0 && (static_cast<unsigned char>(title[end]) & 0xC0U) == 0x80U) --end;
  return title.substr(0, end) + "…";
}

Result<Budget> read_budget(const Json& json) {
  FieldReader fields(json, "body.budget");
  const Budget budget{.time_s = fields.integer("time_s", 0, 0, kMaxBudget),
                      .tokens = fields.integer("tokens", 0, 0, kMaxBudget),
                      .tool_calls = fields.integer("tool_calls", 0, 0, kMaxBudget)};
  TRY_OK(fields.finish());
  return budget;
}

Result<HoldExpiry> read_expiry(const Json& json, const PlannerOptions& options) {
  FieldReader fields(json, "body.hold_expiry");
  HoldExpiry expiry{.after_ms = options.hold_expires_after.count()};
  if (fields.has("after_s")) expiry.after_ms = 1000 * fields.integer("after_s", 0, 0, kMaxExpirySeconds);
  expiry.then = fields.choice("then", options.hold_on_expiry, {"keep", "deny", "cancel_step"});
  TRY_OK(fields.finish());
  return expiry;
}

}  // namespace

Result<Submission> read_submission(const Json& body, const agents::Registry& agents,
                                   const PlannerOptions& options) {
  FieldReader fields(body, "body");
  const std::string question = fields.required_string("question", kMaxQuestionBytes);
  const std::string agent = fields.string("agent", "deep_search", 64);
  const auto collections = fields.strings("collections", 64, 200);
  const bool plan_review = fields.boolean("plan_review", false);
  const double contrast = fields.number("contrast", 0, 0, model::kMaxContrast);
  const std::string approvals = fields.choice("approvals", "ask", {"ask", "auto"});
  const std::string run_id = fields.string("id", "", 26);
  const Json budget_json = fields.object("budget");
  const Json expiry_json = fields.object("hold_expiry");
  if (!run_id.empty() && !is_ulid(run_id)) fields.fail("id", "expected a ULID");
  if (question.find_first_not_of(" \t\r\n") == std::string::npos)
    fields.fail("question", "must not be empty");
  if (agents.find(agent + ".plan") == nullptr) fields.fail("agent", "there is no lead agent '" + agent + "'");
  TRY_OK(fields.finish());
  TRY(const Budget budget, read_budget(budget_json));
  TRY(const HoldExpiry expiry, read_expiry(expiry_json, options));
  return Submission{.run_id = run_id,
                    .event = {.type = "run.submitted",
                              .data = {{"question", question},
                                       {"title", title_of(question)},
                                       {"agent", agent},
                                       {"collections", collections},
                                       {"plan_review", plan_review},
                                       {"approvals", approvals},
                                       {"contrast", contrast},
                                       {"budget", to_json(budget)},
                                       {"hold_expires_after_ms", expiry.after_ms},
                                       {"hold_on_expiry", expiry.then}}}};
}

}  // namespace lyceum::planner
