#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/async/task.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::tools {

/// What running a tool twice would do; decides recovery after a crash.
enum class Effect {
  pure,          ///< Nothing outside changes: run again freely, no intent is logged.
  idempotent,    ///< Twice is as once: issued again after a crash.
  keyed,         ///< The receiver drops a repeated idempotency key: issued again with the same key.
  compensable,   ///< Can be undone; after a crash a person decides.
  irreversible,  ///< After a crash a person decides.
};

enum class Risk { low, medium, high };  ///< Medium and above wait for approval when the run asks.

std::string_view name_of(Effect effect);
std::string_view name_of(Risk risk);

/// Where and for whom a tool runs. The planner gives it; the tool must not keep it.
struct ToolCall {
  std::string run_id{};
  std::string step_id{};
  std::string key{};                       ///< Idempotency key: the same for every try of one action.
  std::vector<std::string> collections{};  ///< The run's corpora: a tool must not look beyond them.
  std::int64_t now_ms = 0;                 ///< Wall clock at the call.
  /// The run's workspace: path -> content hash. A tool changes it by returning `files`, never by itself.
  std::vector<std::pair<std::string, std::string>> files{};
  std::function<void(double done, double total, std::string text)> progress{};  ///< May be empty.
};

struct FileChange {
  std::string path{};
  std::string content{};
};

struct ToolOutcome {
  Json result = Json::object();     ///< Conforms to the tool's result schema.
  std::vector<FileChange> files{};  ///< Workspace files to write, in one with the observation.
};

/// Threads: run() may be called from any executor at the same time; it resumes on its caller's.
/// Cancellation: cancelling the task ends the call. Errors go to the agent as an observation.
class Tool {
 public:
  struct Spec {
    std::string name{};
    std::string description{};
    Json parameters = Json::object();  ///< JSON Schema of the arguments: an object.
    Json result = Json::object();      ///< JSON Schema of the result.
    Effect effect = Effect::pure;
    Risk risk = Risk::low;
  };

  Tool() = default;
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  virtual ~Tool() = default;

  virtual const Spec& spec() const = 0;
  /// `args` have passed validation against the parameters' schema.
  virtual Task<Result<ToolOutcome>> run(Json args, ToolCall call) = 0;
};

}  // namespace lyceum::tools
