#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "model/language_model.hpp"
#include "model/white_box.hpp"
#include "tools/tool.hpp"

namespace lyceum::agents {

/// A step of the plan as its agent sees it.
struct StepInput {
  std::string run_id{};
  std::string step_id{};
  std::uint32_t attempt = 1;
  std::string question{};  ///< The run's question.
  std::string title{};     ///< The step's.
  std::string goal{};
  std::vector<std::string> collections{};
  std::vector<std::string> tools{};  ///< Names the plan permits for this step.
  std::string done_when{};
};

struct Evidence {
  std::string id{};  ///< "e1", "e2", … in order of appearance in the run.
  std::string step{};
  std::string quote{};
  std::string document{};
  std::string title{};
  std::string section{};
  std::string collection{};
  std::uint64_t begin = 0;  ///< Byte range of the quote in the document's text.
  std::uint64_t end = 0;
  std::string url{};
  double score = 0;
  std::string question{};  ///< The sub-question that it answers.
  std::string by{};        ///< "agent:…" or "user:…".
  std::string dropped{};   ///< Why it no longer counts; empty: it counts.
};

struct StepResult {
  std::string step{};
  std::string title{};
  std::string goal{};
  std::string agent{};
  std::string status{};
  Json result = Json::object();
};

struct InjectedNote {
  std::uint64_t seq = 0;
  std::string text{};
  std::string path{};
};

/// A search that a step made.
struct IssuedQuery {
  std::string step{};
  std::string text{};
  std::uint64_t fresh = 0;  ///< Passages that no earlier query of the step had brought.
};

/// A call that a step may not make: the plan, a person or the loop ladder refused it.
struct RefusedCall {
  std::string step{};
  std::string tool{};
  Json args = Json::object();
  std::string why{};
};

/// What the run knows at one position of its log: the shared blackboard, folded from events.
struct Blackboard {
  std::uint64_t seq = 0;
  std::vector<Evidence> evidence{};  ///< Dropped ones included.
  /// Of the steps that this one takes as inputs; for planning: of all, with the status "stalled" where a step
  /// makes no progress and waits for another plan.
  std::vector<StepResult> results{};
  std::vector<IssuedQuery> queries{};  ///< Of all steps.
  std::vector<RefusedCall> refusals{};
  std::vector<InjectedNote> notes{};  ///< For the whole run or for this step.
  Json knowledge = Json::array();     ///< Entries of the last knowledge.updated.
  Json entities = Json::array();      ///< Mind map, merged.
  Json relations = Json::array();
};

/// Everything an agent may do. Agents are coroutines that touch the world through this and nothing else.
///
/// Every call has a position in its step attempt. After a crash, a pause or in a fork the coroutine runs
/// again from its beginning, and calls that were already observed return what they returned then. So an agent
/// must be deterministic between calls: no clock, no randomness, no state from outside, calls one after
/// another.
///
/// A call first waits while a hold (pause, approval, take-over) applies to the step. It ends with
/// Errc::cancelled when the attempt is over (skipped, edited, cancelled): return at once then. Other errors
/// are observations: handle or return them. All calls on the run's strand.
class StepContext {
 public:
  StepContext() = default;
  StepContext(const StepContext&) = delete;
  StepContext& operator=(const StepContext&) = delete;
  virtual ~StepContext() = default;

  virtual const StepInput& input() const = 0;
  virtual const model::ModelInfo& model_info() const = 0;

  /// Runs a tool of the plan's list. Errors: forbidden (not on the list, or denied by a person, with their
  /// comment), those of the tool.
  virtual Task<Result<Json>> act(std::string tool, Json args) = 0;

  virtual Task<Result<model::Choice>> choose(model::ChooseRequest request) = 0;
  virtual Task<Result<model::Quotes>> quote(model::QuoteRequest request) = 0;
  /// Streams as message.delta when `message` is not empty.
  virtual Task<Result<model::Written>> write(model::WriteRequest request, std::string message) = 0;

  /// How far texts carry a claim, measured by hiding each. unsupported unless the model's capabilities say
  /// shows_tokens.
  virtual Task<Result<model::Support>> measure_support(model::SupportRequest request) = 0;

  /// The blackboard as it is now; on a re-run, as it was then.
  virtual Task<Result<Blackboard>> read_blackboard() = 0;

  /// Logs a domain fact (evidence.added, query.issued, knowledge.updated, decision.made, …), once, also over
  /// re-runs. For evidence.added the context assigns data.evidence and returns the data as logged.
  virtual Task<Result<Json>> emit(std::string type, Json data) = 0;

  /// Asks the person; returns the answer's text. Opens a question hold on this step.
  virtual Task<Result<std::string>> ask_person(std::string question, Json detail) = 0;

  /// Proposes plan changes (ops as in docs/api.md). Errors: conflict, invalid_argument.
  virtual Task<Result<void>> patch_plan(Json ops, std::string reason) = 0;
};

}  // namespace lyceum::agents
