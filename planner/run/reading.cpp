// What clients read of runs.
#include <algorithm>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "planner/plan/markdown.hpp"
#include "planner/run/generation.hpp"
#include "planner/run/planner_service.hpp"
#include "planner/run/report.hpp"
#include "planner/run/stored_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kMaxListed = 500;

Json parse_stored(const std::string& summary) {
  auto parsed = parse_json(summary);
  return parsed ? *std::move(parsed) : Json::object();
}

Task<Json> summary_on_strand(std::shared_ptr<Run> run) {
  co_return run->summary();
}

Task<RunState> snapshot_on_strand(std::shared_ptr<Run> run) {
  co_return co_await run->snapshot();
}

Task<std::uint64_t> subscribe_on_strand(std::shared_ptr<Run> run, std::shared_ptr<EventQueue> queue) {
  run->subscribe(queue);
  co_return run->stored_seq();
}

}  // namespace

Task<Json> PlannerService::live_summary(RunPtr run) {
  co_return co_await net::co_spawn(run->strand(), summary_on_strand(run), net::use_awaitable);
}

Task<Result<RunState>> PlannerService::state_of(std::string run_id, std::uint64_t seq) {
  if (const RunPtr run = find(run_id); run != nullptr && seq == 0) {
    co_return co_await net::co_spawn(run->strand(), snapshot_on_strand(run), net::use_awaitable);
  }
  co_return co_await blocking([&] { return load_state_blocking(log_, run_id, seq); });
}

Task<Result<Json>> PlannerService::get(std::string run_id) {
  if (const RunPtr run = find(run_id)) co_return co_await live_summary(run);
  auto head = co_await blocking([&] { return log_.head_blocking(run_id); });
  if (!head) co_return std::move(head).error();
  co_return parse_stored(head->summary);
}

Task<Result<Json>> PlannerService::list(std::string before, std::size_t limit) {
  const std::size_t count = std::clamp<std::size_t>(limit, 1, kMaxListed);
  CO_TRY(const auto heads, co_await blocking([&] { return log_.heads_blocking(before, count); }));
  Json runs = Json::array();
  for (const memory::RunHead& head : heads) runs.push_back(parse_stored(head.summary));
  co_return Json{{"runs", std::move(runs)},
                 {"next", heads.size() == count ? Json(heads.back().run_id) : Json()}};
}

Task<Result<std::vector<std::string>>> PlannerService::events(std::string run_id, std::uint64_t after,
                                                              std::size_t limit) {
  const std::size_t count = std::clamp<std::size_t>(limit, 1, 5000);
  CO_TRY(auto texts, co_await blocking([&] { return log_.read_blocking(run_id, after, count); }));
  for (std::string& text : texts) text = to_client_text(run_id, text);
  co_return texts;
}

Task<Result<Plan>> PlannerService::plan_at(std::string run_id, std::uint64_t rev, std::string* title) {
  CO_TRY(const RunState state, co_await state_of(run_id, 0));
  *title = state.title;
  if (rev == 0 || rev == state.plan.rev) co_return state.plan;
  std::optional<Plan> plan;
  CO_TRY_OK(co_await blocking([&] {
    return visit_events_blocking(log_, run_id, 0, 0, [&](const Event& event) {
      if (event.type != "plan.patched" || event.data.value("rev", std::uint64_t{0}) != rev)
        return Visit::next;
      plan = plan_from_json(event.data);
      return Visit::stop;
    });
  }));
  if (plan) co_return *std::move(plan);
  co_return Error{Errc::not_found, "the plan of run " + run_id + " has no revision " + std::to_string(rev)};
}

Task<Result<Json>> PlannerService::plan(std::string run_id, std::uint64_t rev) {
  std::string title;
  CO_TRY(const Plan plan, co_await plan_at(run_id, rev, &title));
  co_return to_json(plan);
}

Task<Result<std::string>> PlannerService::plan_markdown(std::string run_id, std::uint64_t rev) {
  std::string title;
  CO_TRY(const Plan plan, co_await plan_at(run_id, rev, &title));
  co_return planner::plan_markdown(title, plan);
}

Task<Result<Json>> PlannerService::files(std::string run_id) {
  CO_TRY(const RunState state, co_await state_of(run_id, 0));
  Json files = Json::array();
  for (const auto& [path, file] : state.files)
    files.push_back({{"path", path}, {"bytes", file.bytes}, {"hash", file.hash}});
  co_return Json{{"files", std::move(files)}};
}

Task<Result<std::string>> PlannerService::file(std::string run_id, std::string path) {
  CO_TRY(const RunState state, co_await state_of(run_id, 0));
  const auto found = state.files.find(path);
  if (found == state.files.end())
    co_return Error{Errc::not_found, "run " + run_id + " has no file '" + path + "'"};
  const std::string hash = found->second.hash;
  co_return co_await blocking([&] { return parts_.store.blobs().get_blocking(hash); });
}

Task<Result<std::string>> PlannerService::report(std::string run_id, std::string format) {
  if (format != "markdown" && format != "json")
    co_return Error{Errc::invalid_argument, "format: expected one of: markdown, json, events"};
  CO_TRY(const RunState state, co_await state_of(run_id, 0));
  co_return format == "markdown" ? report_markdown(state) : dump_json(report_json(state));
}

Task<Result<Json>> PlannerService::generation(std::string run_id, std::uint64_t seq) {
  CO_TRY(StoredGeneration stored,
         co_await blocking([&] { return load_generation_blocking(log_, run_id, seq); }));
  co_return co_await show_generation(parts_.model, std::move(stored));
}

Task<Result<Json>> PlannerService::holds() {
  Json holds = Json::array();
  for (const RunPtr& run : active()) {
    const Json summary = co_await live_summary(run);
    for (Json hold : summary["holds"]) {
      hold["run"] = summary["run"];
      hold["run_title"] = summary["title"];
      holds.push_back(std::move(hold));
    }
  }
  co_return Json{{"holds", std::move(holds)}};
}

Task<Result<std::unique_ptr<Subscription>>> PlannerService::subscribe(std::string run_id,
                                                                      std::uint64_t after) {
  auto queue = std::make_shared<EventQueue>(parts_.readers);
  std::uint64_t live_from = 0;
  bool is_over = true;
  if (const RunPtr run = find(run_id)) {
    live_from = co_await net::co_spawn(run->strand(), subscribe_on_strand(run, queue), net::use_awaitable);
    is_over = false;
  }
  CO_TRY(const memory::RunHead head, co_await blocking([&] { return log_.head_blocking(run_id); }));
  if (is_over || head.is_terminal) {
    // The run may have ended while the queue was added: then the log has it all, and a second end does no
    // harm.
    live_from = head.seq;
    queue->push({.kind = Delivery::Kind::end, .seq = head.seq});
  }
  co_return std::make_unique<LogSubscription>(log_, parts_.pool, run_id, after, live_from, std::move(queue));
}

}  // namespace lyceum::planner
