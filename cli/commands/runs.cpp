#include <iomanip>
#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/data_folder.hpp"
#include "cli/render.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kTitleShown = 60;

void print_run_line(const Json& run) {
  const std::string status = text_of(run, "status");
  const bool waits = run.contains("holds") && !run["holds"].empty();
  std::cout << text_of(run, "run") << "  " << std::left << std::setw(18)
            << (status.empty() ? text_of(run, "phase") + (waits ? ", waits" : "") : status)
            << shortened(text_of(run, "title"), kTitleShown) << "\n";
}

/// What every command that only prints an answer does with it.
int print_answer(const CommandContext& context, const Result<Json>& answer, const std::string& said) {
  if (!answer) return report(answer.error());
  if (context.is_json) {
    print_json(*answer);
  } else {
    std::cout << said << "\n";
  }
  return kExitOk;
}

std::string path_of(const std::string& run) {
  return "/api/runs/" + percent_encoded(run);
}

}  // namespace

Task<int> list_runs(CommandContext context, std::uint32_t limit) {
  const auto answer = co_await context.api.get("/api/runs?limit=" + std::to_string(limit));
  if (!answer) co_return report(answer.error());
  const Json& runs = answer->at("runs");
  for (const Json& run : runs) {
    if (context.is_json) {
      print_json(run);
    } else {
      print_run_line(run);
    }
  }
  if (runs.empty() && !context.is_json) std::cout << "no runs yet\n";
  co_return kExitOk;
}

Task<int> show_run(CommandContext context, std::string run) {
  const auto summary = co_await context.api.get(path_of(run));
  if (!summary) co_return report(summary.error());
  if (context.is_json) {
    print_json(*summary);
    co_return kExitOk;
  }
  print_run_line(*summary);
  for (const Json& hold : summary->value("holds", Json::array()))
    std::cout << "‖ " << hold_title(hold) << "\n";
  const auto text = co_await context.api.get_text(path_of(run) + "/export?format=markdown");
  if (!text) co_return report(text.error());
  std::cout << "\n" << *text;
  co_return kExitOk;
}

Task<int> steer_run(CommandContext context, std::string run, std::string verb) {
  Json command = {{"id", context.ids.next()}, {"type", "run." + verb}};
  const auto answer = co_await context.api.post(path_of(run) + "/commands", std::move(command));
  co_return print_answer(context, answer, verb + " accepted");
}

Task<int> decide(CommandContext context, std::string run, std::string hold, std::string decision,
                 std::string text) {
  if (hold.empty()) {
    const auto summary = co_await context.api.get(path_of(run));
    if (!summary) co_return report(summary.error());
    const Json holds = summary->value("holds", Json::array());
    if (holds.size() != 1) {
      for (const Json& open : holds) std::cerr << text_of(open, "hold") << "  " << hold_title(open) << "\n";
      co_return report(Error{Errc::invalid_argument, "run " + run + " has " + std::to_string(holds.size()) +
                                                         " open holds: name the one to decide"});
    }
    hold = text_of(holds[0], "hold");
  }
  Json command = {
      {"id", context.ids.next()}, {"type", "hold.resolve"}, {"hold", hold}, {"decision", decision}};
  if (decision == "answer") command["payload"] = text;
  if (decision != "answer" && !text.empty()) command["comment"] = text;
  const auto answer = co_await context.api.post(path_of(run) + "/commands", std::move(command));
  co_return print_answer(context, answer, decision + " accepted");
}

Task<int> fork_run(CommandContext context, std::string run, std::uint64_t at_seq) {
  const auto answer =
      co_await context.api.post(path_of(run) + "/fork", {{"at_seq", at_seq}, {"id", context.ids.next()}});
  co_return print_answer(context, answer, answer ? text_of(*answer, "run") : "");
}

Task<int> delete_run(CommandContext context, std::string run) {
  const auto removed = co_await context.api.remove(path_of(run));
  if (!removed) co_return report(removed.error());
  co_return print_answer(context, Json{{"deleted", run}}, "deleted");
}

Task<int> export_run(CommandContext context, ExportOptions options) {
  const auto text = co_await context.api.get_text(path_of(options.run) + "/export?format=" + options.format);
  if (!text) co_return report(text.error());
  if (options.output_file.empty()) {
    std::cout << *text << std::flush;
    co_return kExitOk;
  }
  const auto written = replace_file_blocking(options.output_file, *text, 0644);
  if (!written) co_return report(written.error());
  co_return print_answer(context, Json{{"file", options.output_file}, {"bytes", text->size()}},
                         options.output_file);
}

}  // namespace lyceum::cli
