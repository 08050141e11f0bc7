// The life of runs: made, forked, steered, recovered, removed.
#include "planner/service.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/log.hpp"
#include "planner/run/planner_service.hpp"
#include "planner/run/stored_run.hpp"
#include "planner/run/submission.hpp"

namespace lyceum::planner {

PlannerService::RunPtr PlannerService::find(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(run_id);
  return found == runs_.end() ? nullptr : found->second;
}

std::vector<PlannerService::RunPtr> PlannerService::active() {
  const std::scoped_lock lock(mutex_);
  std::vector<RunPtr> all;
  for (const auto& [id, run] : runs_) all.push_back(run);
  return all;
}

RunListener PlannerService::listener() {
  return {.summary_changed = [this](const std::string& run_id,
                                    const std::string& summary) { watchers_.publish(run_id, summary); },
          .ended =
              [this](const std::string& run_id) {
                const std::scoped_lock lock(mutex_);
                runs_.erase(run_id);
                parts_.metrics.set("lyceum_runs_active", "Runs that are not over",
                                   static_cast<double>(runs_.size()));
              }};
}

Result<PlannerService::RunPtr> PlannerService::admit(RunState state) {
  const std::scoped_lock lock(mutex_);
  if (is_draining_) return Error{Errc::shutting_down, "the service is stopping"};
  if (runs_.size() >= options_.runs_max) {
    return Error{Errc::overloaded, std::to_string(options_.runs_max) +
                                       " runs are under way, which is the limit; try again later"};
  }
  const std::string run_id = state.run_id;
  const auto [entry, is_new] = runs_.try_emplace(run_id, nullptr);
  if (!is_new) return Error{Errc::conflict, "run " + run_id + " is under way"};
  entry->second = std::make_shared<Run>(parts_, options_, listener(), std::move(state));
  parts_.metrics.set("lyceum_runs_active", "Runs that are not over", static_cast<double>(runs_.size()));
  return entry->second;
}

namespace {

Task<void> start_run(std::shared_ptr<Run> run, std::vector<Event> first) {
  run->start(std::move(first));
  co_await run->started();
}

Task<void> stop_run(std::shared_ptr<Run> run) {
  co_await run->stop();
}

Task<CommandOutcome> command_on_strand(std::shared_ptr<Run> run, Json command, std::string author) {
  co_return co_await run->command(std::move(command), std::move(author));
}

}  // namespace

Event PlannerService::recovery_event(const RunState& state) const {
  Json resumed = Json::array();
  Json reissued = Json::array();
  Json unknown = Json::array();
  for (const auto& [id, step] : state.steps) {
    if (step.status != StepStatus::running) continue;
    resumed.push_back(id);
    for (const auto& [pos, call] : step.calls) {
      if (call.state != RecordedCall::State::intended) continue;
      const tools::Tool* tool = parts_.tools.find(call.name);
      const bool may_repeat = tool != nullptr && tool->spec().effect <= tools::Effect::keyed;
      (may_repeat ? reissued : unknown).push_back(call.action);
    }
  }
  return {
      .type = "run.recovered",
      .actor = "system",
      .data = {
          {"epoch", state.epoch + 1}, {"resumed", resumed}, {"reissued", reissued}, {"unknown", unknown}}};
}

Task<Result<void>> PlannerService::recover() {
  auto heads = co_await blocking([this] { return log_.unfinished_blocking(); });
  if (!heads) co_return std::move(heads).error();
  for (const memory::RunHead& head : *heads) {
    auto state = co_await state_of(head.run_id, 0);
    if (!state) {
      // One damaged log must not keep the others from going on.
      log_error("run.unrecoverable", {{"run", head.run_id}, {"error", state.error().message}});
      continue;
    }
    const bool is_bare_fork = !head.parent.empty() && state->seq == head.parent_seq;
    if (is_bare_fork) {
      // The service died between making the fork and its first event.
      const std::string title = state->title;
      const auto started =
          co_await start_fork(*std::move(state), head.parent, head.parent_seq, title, true, "system");
      if (!started)
        log_error("run.unrecoverable", {{"run", head.run_id}, {"error", started.error().message}});
      continue;
    }
    std::vector<Event> first = {recovery_event(*state)};
    auto run = admit(*std::move(state));
    if (!run) co_return std::move(run).error();
    co_await net::co_spawn((*run)->strand(), start_run(*run, std::move(first)), net::use_awaitable);
  }
  if (!heads->empty()) log_info("runs.recovered", {{"runs", heads->size()}});
  co_return ok();
}

Task<void> PlannerService::drain() {
  {
    const std::scoped_lock lock(mutex_);
    is_draining_ = true;
  }
  for (const RunPtr& run : active()) co_await net::co_spawn(run->strand(), stop_run(run), net::use_awaitable);
}

Task<Result<Json>> PlannerService::create(Json body, std::string author) {
  CO_TRY(Submission submission, read_submission(body, parts_.agents, options_));
  const std::string run_id = submission.run_id.empty() ? parts_.ids.next() : submission.run_id;
  submission.event.actor = author;
  submission.event.data["created_ms"] = parts_.clock.now_ms();
  auto existing = co_await get(run_id);
  if (existing || existing.error().code != Errc::not_found) co_return existing;
  auto run = admit(RunState(run_id));
  if (!run && run.error().code == Errc::conflict) co_return co_await get(run_id);
  if (!run) co_return std::move(run).error();
  parts_.metrics.add("lyceum_runs_submitted_total", "Runs asked for");
  std::vector<Event> first = {std::move(submission.event)};
  co_await net::co_spawn((*run)->strand(), start_run(*run, std::move(first)), net::use_awaitable);
  co_return co_await live_summary(*run);
}

Task<Result<Json>> PlannerService::fork(std::string run_id, Json body, std::string author) {
  FieldReader fields(body, "body");
  const auto at_seq = static_cast<std::uint64_t>(fields.required_integer("at_seq", 1, std::int64_t{1} << 40));
  std::string child = fields.string("id", "", 26);
  const std::string title = fields.string("title", "", kMaxTitleBytes);
  const bool is_paused = fields.boolean("paused", true);
  if (!child.empty() && !is_ulid(child)) fields.fail("id", "expected a ULID");
  CO_TRY_OK(fields.finish());
  if (child.empty()) child = parts_.ids.next();
  if (auto existing = co_await get(child)) co_return existing;
  CO_TRY(RunState state, co_await state_of(run_id, at_seq));
  if (state.seq != at_seq)
    co_return Error{Errc::invalid_argument,
                    "body.at_seq: the run has only " + std::to_string(state.seq) + " events"};
  if (state.phase == Phase::terminal)
    co_return Error{Errc::invalid_argument, "body.at_seq: the run is over there; fork from an earlier event"};
  state.run_id = child;
  const std::string child_title = title.empty() ? state.title : title;
  RunState summary_state = state;
  summary_state.parent = run_id;
  summary_state.parent_seq = at_seq;
  summary_state.title = child_title;
  const std::string summary = dump_json(summary_of(summary_state));
  CO_TRY_OK(co_await blocking([&] { return log_.fork_blocking(run_id, at_seq, child, summary); }));
  co_return co_await start_fork(std::move(state), run_id, at_seq, child_title, is_paused, author);
}

Task<Result<Json>> PlannerService::start_fork(RunState state, std::string parent, std::uint64_t at_seq,
                                              std::string title, bool is_paused, std::string author) {
  std::vector<Event> first = {
      {.type = "run.forked",
       .actor = author,
       .data = {
           {"parent", parent}, {"at_seq", at_seq}, {"title", title}, {"created_ms", parts_.clock.now_ms()}}}};
  if (is_paused && state.find_hold("pause", "") == nullptr) {
    first.push_back({.type = "hold.opened",
                     .actor = author,
                     .data = opened_data({.id = parts_.ids.next(),
                                          .kind = "pause",
                                          .scope = "",
                                          .title = "Forked: change what you like, then resume",
                                          .detail = Json::object(),
                                          .fingerprint = "pause:",
                                          .opened_ms = parts_.clock.now_ms()})});
  }
  CO_TRY(const RunPtr run, admit(std::move(state)));
  co_await net::co_spawn(run->strand(), start_run(run, std::move(first)), net::use_awaitable);
  co_return co_await live_summary(run);
}

Task<Result<void>> PlannerService::remove(std::string run_id) {
  if (find(run_id) != nullptr)
    co_return Error{Errc::precondition, "run " + run_id + " is not over; cancel it first"};
  CO_TRY(const memory::RunHead head, co_await blocking([&] { return log_.head_blocking(run_id); }));
  std::vector<std::string> hashes;
  CO_TRY_OK(co_await blocking([&] {
    return visit_events_blocking(log_, run_id, head.parent_seq, head.seq, [&](const Event& event) {
      if (event.type == "file.changed") hashes.push_back(event.data.value("hash", ""));
      return Visit::next;
    });
  }));
  CO_TRY_OK(co_await blocking([&] { return log_.remove_blocking(run_id); }));
  for (const std::string& hash : hashes) {
    const auto released = co_await blocking([&] { return parts_.store.blobs().release_blocking(hash); });
    if (!released) log_warning("blob.release_failed", {{"hash", hash}, {"error", released.error().message}});
  }
  co_return ok();
}

Task<CommandOutcome> PlannerService::command(std::string run_id, Json command, std::string author) {
  if (const RunPtr run = find(run_id)) {
    co_return co_await net::co_spawn(
        run->strand(), command_on_strand(run, std::move(command), std::move(author)), net::use_awaitable);
  }
  auto summary = co_await get(run_id);
  if (!summary) co_return Refusal{std::move(summary).error()};
  co_return Refusal{{Errc::precondition, "run " + run_id + " is over"}, *std::move(summary)};
}

std::unique_ptr<Planner> make_planner(PlannerParts parts, PlannerOptions options) {
  return std::make_unique<PlannerService>(std::move(parts), options);
}

}  // namespace lyceum::planner
