#pragma once

#include <string>
#include <vector>

#include "planner/run/run.hpp"

namespace lyceum::planner {

inline constexpr std::size_t kMaxTextBytes = 20'000;
inline constexpr std::size_t kMaxIdBytes = 64;

/// Turns one command into the events that it causes, or says why not. Decides on the state as it is and logs
/// nothing itself; on the run's strand.
class CommandHandler {
 public:
  CommandHandler(Run& run, const Json& command, std::string author);

  using Events = std::vector<Event>;

  /// Checks that need the store (a quote's offsets). Before decide().
  Task<Result<void>> prepare();
  /// The events of an accepted command, command.accepted first.
  std::variant<Events, Refusal> decide();

  const std::string& id() const { return id_; }

 private:
  Result<Events> dispatch();
  Result<Events> pause();
  Result<Events> resume();
  Result<Events> cancel();
  Result<Events> patch_plan();
  Result<Events> plan_events(const Json& ops, const std::string& reason);
  Result<Events> resolve_hold();
  Result<Events> retry_step();
  Result<Events> skip_step();
  Result<Events> take_over_step();
  Result<Events> commit_step();
  Result<Events> return_step();
  Result<Events> inject_note();
  Result<Events> inject_evidence();
  Result<Events> mark_evidence(bool is_dropped);
  Result<Events> set_budget();
  Result<Events> set_experts();

  Event event(std::string type, const std::string& step, Json data) const;
  Event close_hold(const Hold& hold, const std::string& decision) const;
  /// The data of evidence that the author of the command vouches for.
  Json given_evidence(agents::Evidence evidence) const;
  Json open_hold(const std::string& kind, const std::string& scope, const std::string& title) const;
  Result<std::string> read_step();
  std::vector<Json> supersede_finished(Json& ops, std::vector<Event>& events) const;

  Run& run_;
  const RunState& state_;
  const Json& command_;
  FieldReader fields_;
  std::string author_;
  std::string id_;
  std::string type_;
  Json current_ = nullptr;       ///< For a conflict.
  memory::Document document_{};  ///< That a given quote is from.
};

}  // namespace lyceum::planner
