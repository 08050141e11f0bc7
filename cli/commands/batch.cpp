#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/async/task_group.hpp"
#include "base/clock.hpp"
#include "base/files.hpp"
#include "cli/batch_plan.hpp"
#include "cli/commands/commands.hpp"
#include "cli/data_folder.hpp"

namespace lyceum::cli {
namespace {

using net::experimental::awaitable_operators::operator||;

constexpr std::size_t kMaxTasksFileBytes = 1U << 30U;
constexpr std::size_t kMaxResultsFileBytes = std::size_t{4} << 30U;
constexpr std::chrono::seconds kOverloadWait{1};

/// The results file: whole lines only, each on the disk before the next task starts.
class ResultsFile {
 public:
  ResultsFile() = default;
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  ~ResultsFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// Cuts off what lies behind `size_bytes`.
  Result<void> open_blocking(const std::string& path, std::size_t size_bytes) {
    path_ = path;
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) return Error{Errc::io, path + ": " + std::strerror(errno)};
    if (::ftruncate(descriptor_, static_cast<off_t>(size_bytes)) != 0) {
      return Error{Errc::io, path + ": " + std::strerror(errno)};
    }
    return ok();
  }

  Result<void> append_blocking(const Json& result) {
    const std::string line = dump_json(result) + "\n";
    const ssize_t written = ::write(descriptor_, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size()) || ::fdatasync(descriptor_) != 0) {
      return Error{Errc::io, path_ + ": " + std::strerror(errno)};
    }
    return ok();
  }

 private:
  std::string path_;
  int descriptor_ = -1;
};

/// When the batch with these results first started: kept beside them, as the runs' ids are made from it.
Result<std::int64_t> started_ms_blocking(const std::string& results_file) {
  const std::string path = results_file + ".batch";
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    TRY(const std::string text, read_file_blocking(path, 4096));
    TRY(const Json content, parse_json(text));
    FieldReader fields(content, path);
    const std::int64_t started_ms = fields.required_integer("started_ms", 0, INT64_MAX);
    TRY_OK(fields.finish());
    return started_ms;
  }
  if (std::filesystem::exists(results_file, ignored) &&
      std::filesystem::file_size(results_file, ignored) > 0) {
    return Error{Errc::invalid_argument,
                 results_file + ": exists and is not of this batch; choose another file"};
  }
  const std::int64_t now_ms = SystemClock().now_ms();
  TRY_OK(replace_file_blocking(path, dump_json({{"started_ms", now_ms}}) + "\n", 0644));
  return now_ms;
}

/// What a run has shown so far, as far as its result needs it.
struct Seen {
  Json answer = nullptr;
  Json finished = Json::object();
  std::map<std::string, Json> evidence{};
};

/// The evidence that the answer cites, so that a result stands alone.
Json cited_evidence(const Seen& seen) {
  Json cited = Json::object();
  if (!seen.answer.is_object()) return cited;
  for (const Json& sentence : seen.answer.value("sentences", Json::array())) {
    for (const Json& id : sentence.value("citations", Json::array())) {
      if (id.is_string() && seen.evidence.contains(id)) cited[id.get<std::string>()] = seen.evidence.at(id);
    }
  }
  return cited;
}

class Batch {
 public:
  Batch(CommandContext context, const net::any_io_executor& executor)
      : context_(context), workers_(executor) {}

  Result<void> prepare_blocking(const BatchOptions& options) {
    TRY(const std::string tasks, read_file_blocking(options.tasks_file, kMaxTasksFileBytes));
    TRY(const std::int64_t started_ms, started_ms_blocking(options.results_file));
    TRY(plan_, plan_batch(tasks, started_ms, options.approve_all));
    std::string results;
    std::error_code ignored;
    if (std::filesystem::exists(options.results_file, ignored)) {
      TRY(results, read_file_blocking(options.results_file, kMaxResultsFileBytes));
    }
    FinishedResults finished = read_results(results);
    TRY_OK(results_.open_blocking(options.results_file, finished.size_bytes));
    done_ = std::move(finished.runs);
    num_failed_ = finished.num_failed;
    for (const BadLine& bad : plan_.bad_lines) {
      say(bad.line, "bad line: " + bad.message);
    }
    std::erase_if(plan_.tasks, [&](const BatchTask& task) { return done_.contains(task.run); });
    total_ = plan_.tasks.size() + done_.size();
    num_done_ = done_.size();
    return ok();
  }

  Task<void> work_off(std::uint32_t concurrency) {
    progress_.show(num_done_, total_, "");
    for (std::uint32_t i = 0; i < concurrency; ++i) workers_.spawn("batch.worker", worker());
    co_await workers_.join();
    progress_.clear();
  }

  /// Ends only with its caller's other branch. An interrupt leaves the runs under way to the service; the
  /// next start takes them up again.
  Task<void> watch_interrupts() {
    net::signal_set signals(co_await net::this_coro::executor, SIGINT, SIGTERM);
    const auto [ended, first] = co_await signals.async_wait(as_result);
    if (ended) co_return;
    is_stopping_ = true;
    workers_.cancel();
    const auto [ended_again, second] = co_await signals.async_wait(as_result);
    if (!ended_again) std::_Exit(kExitInterrupted);
  }

  int finish() {
    progress_.clear();
    const Json summary = {{"tasks", total_},
                          {"done", num_done_},
                          {"failed", num_failed_},
                          {"bad_lines", plan_.bad_lines.size()}};
    if (context_.is_json) {
      print_json({{"result", summary}});
    } else {
      std::cout << num_done_ << " of " << total_ << " done, " << num_failed_ << " failed, "
                << plan_.bad_lines.size() << " bad lines\n";
    }
    if (is_stopping_) {
      std::cerr << "stopped; the same command goes on from here\n";
      return kExitInterrupted;
    }
    if (broken_) return report(*broken_);
    if (total_ == 0 && !plan_.bad_lines.empty()) return kExitUsage;
    return num_failed_ == 0 && plan_.bad_lines.empty() ? kExitOk : kExitFailed;
  }

 private:
  void say(std::size_t line, const std::string& text) {
    progress_.clear();
    if (context_.is_json) {
      print_json({{"line", line}, {"status", text}});
    } else {
      std::cerr << "line " << line << ": " << printable(text) << "\n";
    }
    progress_.show(num_done_, total_, "");
  }

  Task<void> worker() {
    while (next_ < plan_.tasks.size() && !is_stopping_ && !broken_) {
      const BatchTask task = plan_.tasks[next_++];
      const Json result = co_await result_of(task);
      if (result.is_null()) co_return;
      if (auto written = results_.append_blocking(result); !written) {
        broken_ = written.error();
        co_return;
      }
      ++num_done_;
      const bool is_ok = result["ok"] == true;
      num_failed_ += is_ok ? 0 : 1;
      say(task.line, is_ok ? result["status"].get<std::string>() : "failed: " + dump_json(result["error"]));
    }
  }

  /// Null: the service is gone or the batch is stopping; the task stays undone.
  Task<Json> result_of(const BatchTask& task) {
    Json result = {
        {"line", task.line}, {"id", task.tag},    {"run", task.run},   {"question", task.body["question"]},
        {"ok", false},       {"status", nullptr}, {"answer", nullptr}, {"evidence", Json::object()},
        {"usage", nullptr},  {"error", nullptr}};
    Seen seen;
    const auto followed = co_await run_task(task, seen);
    if (!followed && followed.error().code != Errc::invalid_argument) {
      if (!is_stopping_ && !broken_) broken_ = followed.error();
      co_return nullptr;
    }
    if (!followed) {
      result["error"] = {{"code", name_of(followed.error().code)}, {"message", followed.error().message}};
      co_return result;
    }
    const auto summary = co_await context_.api.get("/api/runs/" + task.run);
    if (summary) result["usage"] = summary->value("usage", Json());
    const std::string status = seen.finished.value("status", std::string());
    result["status"] = status;
    result["ok"] = status == "completed" || status == "completed_partial";
    result["reason"] = seen.finished.value("reason", std::string());
    if (result["ok"] != true) result["error"] = seen.finished;
    result["answer"] = seen.answer;
    result["evidence"] = cited_evidence(seen);
    co_return result;
  }

  Task<Result<void>> run_task(const BatchTask& task, Seen& seen) {
    while (true) {
      const auto run = co_await context_.api.post("/api/runs", task.body);
      if (run) break;
      if (run.error().code != Errc::overloaded || is_stopping_) co_return run.error();
      net::steady_timer timer(co_await net::this_coro::executor, kOverloadWait);
      co_await timer.async_wait(as_result);
    }
    const EventSink sink = [&, this](Json event) { return take(task, seen, std::move(event)); };
    co_return co_await context_.api.follow(task.run, 0, sink);
  }

  Task<bool> take(const BatchTask& task, Seen& seen, Json event) {
    const std::string type = event.value("type", std::string());
    Json& data = event["data"];
    if (!data.is_object()) co_return true;
    if (type == "answer.proposed") seen.answer = data;
    if (type == "run.finished") seen.finished = data;
    if (type == "evidence.added") seen.evidence[data.value("evidence", std::string())] = data;
    if (type == "hold.opened")
      say(task.line, "waits for a person in run " + task.run + ": " + data.value("title", ""));
    co_return true;
  }

  CommandContext context_;
  Terminal errors_ = terminal_of(STDERR_FILENO);
  ProgressLine progress_{errors_};
  TaskGroup workers_;
  BatchPlan plan_;
  ResultsFile results_;
  std::set<std::string> done_;
  std::size_t next_ = 0;
  std::size_t total_ = 0;
  std::size_t num_done_ = 0;
  std::size_t num_failed_ = 0;
  bool is_stopping_ = false;
  std::optional<Error> broken_;
};

}  // namespace

Task<int> batch(CommandContext context, BatchOptions options) {
  Batch all(context, co_await net::this_coro::executor);
  if (const auto prepared = all.prepare_blocking(options); !prepared) {
    report(prepared.error());
    co_return kExitUsage;
  }
  co_await (all.work_off(options.concurrency) || all.watch_interrupts());
  co_return all.finish();
}

}  // namespace lyceum::cli
