#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agents/step_context.hpp"
#include "base/json.hpp"
#include "planner/plan/plan.hpp"
#include "planner/run/event.hpp"

namespace lyceum::planner {

enum class Phase { submitted, planning, executing, finalizing, terminal };
std::string_view name_of(Phase phase);

enum class StepStatus { pending, running, taken_over, done, failed, skipped, cancelled, superseded };
std::string_view name_of(StepStatus status);
bool is_over(StepStatus status);

/// The hidden step in which the lead agent drafts the plan.
inline constexpr const char* kPlanStep = "plan";

/// A text that the model is writing, as far as the log has it: what it goes on behind after a crash, a pause
/// or in a fork.
struct GenerationDraft {
  std::string model{};  ///< What wrote it: no other model can go on.
  model::TokenTrace trace{};
  std::string text{};
};

/// One call of a step attempt, as far as the log knows it: what a re-run returns instead of doing it again.
struct RecordedCall {
  enum class State { proposed, intended, writing, observed, failed, emitted, unknown };
  State state = State::proposed;
  std::string action{};
  std::string name{};
  std::string fingerprint{};
  Json args{};
  Json result{};            ///< observed: the result; emitted: the data as logged.
  Error error{};            ///< failed.
  GenerationDraft draft{};  ///< writing.
};

struct StepState {
  StepStatus status = StepStatus::pending;
  std::uint32_t attempt = 0;  ///< Of the last started one.
  Json result = Json::object();
  std::string error{};
  std::map<std::uint32_t, RecordedCall> calls{};  ///< Of the attempt under way, by position.
};

/// When a hold that waits for a person's decision ends without one, and what happens then: "keep" (nothing),
/// "deny", "cancel_step".
struct HoldExpiry {
  std::int64_t after_ms = 0;  ///< 0: never.
  std::string then = "keep";
};

struct Hold {
  std::string id{};
  std::string kind{};   ///< docs/api.md, Objects.
  std::string scope{};  ///< "": the whole run; else a step.
  std::string title{};
  Json detail = Json::object();
  std::string fingerprint{};
  std::uint64_t opened_seq = 0;
  std::int64_t opened_ms = 0;
  std::int64_t expires_ms = 0;  ///< 0: never.
  std::string on_expiry = "keep";

  bool has_expired(std::int64_t now_ms) const {
    return expires_ms != 0 && on_expiry != "keep" && now_ms >= expires_ms;
  }
};

/// How a closed hold was decided; kept for the actions that wait for it.
struct Decision {
  std::string decision{};
  Json payload{};
  std::string comment{};
};

struct Budget {
  std::int64_t time_s = 0;  ///< 0: no limit, in all three.
  std::int64_t tokens = 0;
  std::int64_t tool_calls = 0;
};

struct RunUsage {
  std::int64_t tokens_in = 0;
  std::int64_t tokens_out = 0;
  std::int64_t tool_calls = 0;
  std::int64_t model_calls = 0;
  std::int64_t time_ms =
      0;  ///< While work was under way: not while the whole run was held, not while the service was down.
};

struct WorkspaceFile {
  std::string hash{};
  std::uint64_t bytes = 0;
};

/// Everything that is known about a run at one position of its log. A pure fold: apply() looks at nothing but
/// the event, so folding a log (or any prefix of it) always gives the same state.
class RunState {
 public:
  RunState() = default;

  explicit RunState(std::string run_id_in) : run_id(std::move(run_id_in)) {}

  void apply(const Event& event);

  std::string answer_agent() const { return agent + ".answer"; }

  const PlanStep* plan_step(const std::string& id) const { return plan.find(id); }

  StepStatus status_of(const std::string& step) const;
  bool inputs_are_over(const PlanStep& step) const;
  /// A hold that stops work under `step` ("" for the run itself). Approvals and questions stop only the call
  /// that opened them.
  const Hold* blocking_hold(const std::string& step) const;
  /// The step makes no progress, and planning was asked for another way.
  bool is_waiting_for_plan(const std::string& step) const;
  const Hold* find_hold(const std::string& kind, const std::string& scope) const;
  agents::Blackboard blackboard_for(const std::string& step) const;

  std::string run_id{};
  std::uint64_t seq = 0;
  std::uint64_t epoch = 0;
  std::int64_t last_ts = 0;

  std::string question{};
  std::string title{};
  std::string agent{};
  std::vector<std::string> collections{};
  bool plan_review = false;
  bool asks_approval = true;
  HoldExpiry hold_expiry{};
  std::int64_t created_ms = 0;
  std::string parent{};
  std::uint64_t parent_seq = 0;

  Phase phase = Phase::submitted;
  Json outcome = nullptr;  ///< data of run.finished.
  Plan plan{};
  std::uint64_t next_step_id = 1;
  std::map<std::string, StepState> steps{};
  std::map<std::string, Hold> holds{};  ///< Open ones, by id: oldest first, ids are ULIDs.
  std::map<std::string, Decision> decisions{};
  std::set<std::string> remembered_tools{};         ///< Approved for the rest of the run.
  std::set<std::string> replanned{};                ///< Steps for which another plan was asked.
  std::set<std::string> approved{};                 ///< Fingerprints: the same call is not asked about twice.
  std::map<std::string, std::uint64_t> commands{};  ///< id → seq.

  Budget budget{};
  RunUsage usage{};
  double contrast = 0;        ///< How strongly answers are drawn toward their sources; 0: not.
  std::uint32_t experts = 0;  ///< A token and layer, for whatever is asked of the model; 0: its own number.
  model::ExpertUse expert_use{};  ///< Of the texts that the run's model wrote.
  bool is_wrapping_up = false;    ///< The budget is spent and nobody extends it: answer with what there is.
  agents::Blackboard findings{};  ///< For all steps; `results` stays empty here.
  Json answer = nullptr;          ///< data of the last answer.proposed.
  std::map<std::string, WorkspaceFile> files{};

 private:
  void apply_run(const Event& event);
  void apply_step(const Event& event);
  void apply_hold(const Event& event);
  void apply_action(const Event& event);
  void apply_generation(const Event& event);
  void apply_finding(const Event& event);
  void record(const Event& event);
  RecordedCall* call_of(const Event& event);
};

/// The data of hold.opened.
Json opened_data(const Hold& hold);
Json to_json(const Hold& hold);
Json to_json(const Budget& budget);
Json to_json(const RunUsage& usage);
Budget budget_from_json(const Json& json);

/// The RunSummary of docs/api.md.
Json summary_of(const RunState& state);

}  // namespace lyceum::planner
