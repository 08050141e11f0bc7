#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/commands/command_context.hpp"

/// The subcommands that talk to a service. Each returns the exit code.
namespace lyceum::cli {

struct AskOptions {
  std::string question{};
  std::string agent = "deep_search";
  std::vector<std::string> collections{};
  bool review_plan = false;
  bool approve_all = false;
  double contrast = 0;           ///< 0..model::kMaxContrast.
  std::uint32_t time_s = 0;      ///< 0: no limit.
  std::uint32_t tool_calls = 0;  ///< 0: no limit.
};

Task<int> ask(CommandContext context, AskOptions options);

struct BatchOptions {
  std::string tasks_file{};
  std::string results_file{};
  std::uint32_t concurrency = 2;
  bool approve_all = false;
};

/// Runs every task of a JSON Lines file and appends one result line each. Started again, it goes on where it
/// stopped.
Task<int> batch(CommandContext context, BatchOptions options);

struct IngestOptions {
  std::vector<std::string> paths{};
  std::string collection{};
};

Task<int> ingest(CommandContext context, IngestOptions options);

struct SearchOptions {
  std::string query{};
  std::string collection{};
  std::uint32_t limit = 10;
};

Task<int> search(CommandContext context, SearchOptions options);

struct ExportOptions {
  std::string run{};
  std::string format = "markdown";
  std::string output_file{};  ///< Empty: standard output.
};

Task<int> export_run(CommandContext context, ExportOptions options);

Task<int> list_runs(CommandContext context, std::uint32_t limit);
Task<int> show_run(CommandContext context, std::string run);
/// pause, resume or cancel.
Task<int> steer_run(CommandContext context, std::string run, std::string verb);
/// Closes `hold`, or the only open one when it is empty. `decision` as in hold.resolve.
Task<int> decide(CommandContext context, std::string run, std::string hold, std::string decision,
                 std::string text);
Task<int> fork_run(CommandContext context, std::string run, std::uint64_t at_seq);
Task<int> delete_run(CommandContext context, std::string run);
Task<int> list_collections(CommandContext context);

}  // namespace lyceum::cli
