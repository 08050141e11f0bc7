#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

/// The planner's public face for web and cli. JSON forms are those of docs/api.md.
namespace lyceum::planner {

struct Refusal {
  Error error{};
  Json current = nullptr;  ///< For a conflict: what the caller should have known.
};

/// Either what was asked for or why not.
using CommandOutcome = std::variant<std::uint64_t, Refusal>;  // seq at which the command entered the log

/// What a subscriber receives, in order.
struct Delivery {
  enum class Kind {
    event,  ///< `text` is an Event as JSON text; `seq` its position; ephemeral when is_ephemeral.
    live,   ///< All history up to `seq` has been delivered; what follows is live.
    gap,    ///< The reader was too slow; subscribe again after `seq`.
    end,    ///< The run is over and everything has been delivered.
  };
  Kind kind = Kind::event;
  std::uint64_t seq = 0;
  bool is_ephemeral = false;
  std::shared_ptr<const std::string> text{};  ///< Shared by all subscribers of the run.
};

/// One reader's view of one run: history, then live, no gap and no duplicate. A slow reader loses ephemeral
/// events first, then gets a gap; the run never waits for it. One next() at a time; any executor. Destroying
/// it unsubscribes.
class Subscription {
 public:
  Subscription() = default;
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  virtual ~Subscription() = default;

  /// Waits for the next delivery. After gap or end: the same again. Errors: cancelled (close() was called),
  /// data_loss, shutting_down.
  virtual Task<Result<Delivery>> next() = 0;

  /// Ends a waiting next(), and later ones, with cancelled. Any thread.
  virtual void close() = 0;
};

/// Changes of the run list: each a RunSummary as JSON text. Same rules; a slow reader skips intermediate
/// states of a run.
class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  virtual ~Watch() = default;

  virtual Task<Result<std::string>> next() = 0;
  virtual void close() = 0;
};

/// Runs, their plans and their commands. Thread-safe; every task resumes on its caller's executor.
class RunPort {
 public:
  RunPort() = default;
  RunPort(const RunPort&) = delete;
  RunPort& operator=(const RunPort&) = delete;
  virtual ~RunPort() = default;

  /// `body` as in POST /api/runs. Returns the RunSummary; repeating the same client id returns the existing
  /// run. Errors: invalid_argument (names the field), overloaded, shutting_down, io.
  virtual Task<Result<Json>> create(Json body, std::string author) = 0;
  virtual Task<Result<Json>> get(std::string run_id) = 0;
  /// {"runs", "next"}.
  virtual Task<Result<Json>> list(std::string before, std::size_t limit) = 0;
  virtual Task<Result<void>> remove(std::string run_id) = 0;
  /// Returns the child's RunSummary. `body` as in POST …/fork.
  virtual Task<Result<Json>> fork(std::string run_id, Json body, std::string author) = 0;

  /// `command` as in docs/api.md.
  virtual Task<CommandOutcome> command(std::string run_id, Json command, std::string author) = 0;

  /// Events after `after` as JSON texts.
  virtual Task<Result<std::vector<std::string>>> events(std::string run_id, std::uint64_t after,
                                                        std::size_t limit) = 0;
  /// Plan as JSON at revision `rev` (0: the latest). Errors: not_found.
  virtual Task<Result<Json>> plan(std::string run_id, std::uint64_t rev) = 0;
  virtual Task<Result<std::string>> plan_markdown(std::string run_id, std::uint64_t rev) = 0;
  /// {"files": […]} and one file's bytes.
  virtual Task<Result<Json>> files(std::string run_id) = 0;
  virtual Task<Result<std::string>> file(std::string run_id, std::string path) = 0;
  /// The report with its citations as Markdown, or everything as JSON ("markdown", "json").
  virtual Task<Result<std::string>> report(std::string run_id, std::string format) = 0;
  /// The text that began with event `seq`, token by token: docs/api.md, Generation. Errors: not_found,
  /// unsupported (the model does not show its tokens), precondition (another model wrote it).
  virtual Task<Result<Json>> generation(std::string run_id, std::uint64_t seq) = 0;
  /// {"holds": […]} over all runs that are not over.
  virtual Task<Result<Json>> holds() = 0;

  virtual Task<Result<std::unique_ptr<Subscription>>> subscribe(std::string run_id, std::uint64_t after) = 0;
  virtual std::unique_ptr<Watch> watch() = 0;
};

}  // namespace lyceum::planner
