#pragma once

#include <string>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "agents/step_context.hpp"
#include "planner/run/run.hpp"

namespace lyceum::planner {

/// What every call returns once its attempt has ended.
inline Error attempt_is_over() {
  return Error{Errc::cancelled, "this attempt is over"};
}

/// One attempt at a step: the agent's window on the world, and the journal that makes a re-run land where it
/// was. On the run's strand.
class StepRun final : public agents::StepContext {
 public:
  StepRun(Run& run, agents::StepInput input, std::string agent);

  const std::string& agent() const { return agent_; }

  /// False once the log says that this attempt is over (skipped, edited, taken over, run ended).
  bool is_current() const;
  /// Ends the call under way; this call and every later one return cancelled.
  void abort();
  /// An event of this attempt, not of one of its calls.
  Event event(std::string type, Json data) const;

  const agents::StepInput& input() const override { return input_; }

  const model::ModelInfo& model_info() const override;
  Task<Result<Json>> act(std::string tool, Json args) override;
  Task<Result<model::Choice>> choose(model::ChooseRequest request) override;
  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override;
  Task<Result<model::Written>> write(model::WriteRequest request, std::string message) override;
  Task<Result<model::Support>> measure_support(model::SupportRequest request) override;
  Task<Result<agents::Blackboard>> read_blackboard() override;
  Task<Result<Json>> emit(std::string type, Json data) override;
  Task<Result<std::string>> ask_person(std::string question, Json detail) override;
  Task<Result<void>> patch_plan(Json ops, std::string reason) override;

 private:
  friend class DeltaSink;

  /// One call: its position and what identifies it over re-runs.
  struct Call {
    std::uint32_t pos = 0;
    std::string name{};
    Json args{};
    std::string fingerprint{};
    std::int64_t begun_ms = 0;
  };

  Call begin(std::string name, Json args, const Json& identity);
  const RecordedCall* recorded(const Call& call);
  Event call_event(std::string type, const Call& call, const std::string& action, Json data) const;
  Task<Result<void>> proceed();
  Task<Result<void>> wait_hold_closed(std::string hold);
  Task<void> commit(std::vector<Event> events, memory::Durability durability);

  Task<Result<Json>> observe(Call call, std::string action, Json result, Json usage,
                             std::vector<Event> beside = {});
  Task<Error> fail(Call call, std::string action, Error error, Json usage);

  // act(), in the order of an action's life.
  Result<void> permit(const Call& call) const;
  bool needs_approval(const tools::Tool::Spec& spec, const Call& call) const;
  Task<Result<void>> propose(Call& call, const tools::Tool::Spec& spec, std::string& action);
  Task<Result<void>> await_approval(Call& call, const std::string& action);
  Task<Result<void>> settle_unknown(const Call& call, const std::string& action,
                                    const tools::Tool::Spec& spec, Json& result);
  Task<Result<Json>> dispatch(Call call, std::string action, tools::Tool& tool);
  /// The observed call of this attempt with the same name and arguments, or null.
  const RecordedCall* observed_before(const Call& call) const;

  // The loop ladder, rung by rung (loop_ladder.cpp).
  Task<Result<void>> watch_for_loops(const Call& call);
  Task<void> escalate(std::string rung, std::uint32_t stalled_calls, std::vector<Event> consequences);
  Task<Result<void>> leave_to_others(const Call& call);
  std::vector<Event> reassignment() const;
  Task<Result<void>> ask_for_another_plan();
  Task<Result<bool>> ask_whether_to_go_on(const Call& call);

  /// Runs `ask` until the model answers; while it is unavailable a person is asked to try again or give up.
  template <class T, class Ask>
  Task<Result<T>> ask_model(const Call& call, Ask ask);
  template <class T>
  Task<Result<T>> interruptible(Task<Result<T>> task);
  /// The common life of choose, quote and write.
  /// `beside` gives what is logged with the answer.
  template <class T, class Ask, class ToJson, class FromJson, class Beside>
  Task<Result<T>> model_call(Call call, Ask ask, ToJson to_json, FromJson from_json, Beside beside);

  Run& run_;
  agents::StepInput input_;
  std::string agent_;
  std::uint32_t next_pos_ = 1;
  bool has_diverged_ = false;  ///< The agent does not do what the journal says: from here on it is live.
  bool is_aborted_ = false;
  net::cancellation_signal cancel_;
  std::map<std::string, std::uint32_t> repeats_{};  ///< Fingerprints of this attempt's tool calls.
  std::uint32_t stalled_calls_ = 0;                 ///< Calls since the run's knowledge last changed.
  std::uint64_t progress_mark_ = 0;
};

}  // namespace lyceum::planner
