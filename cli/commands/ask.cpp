#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/commands/run_viewer.hpp"

namespace lyceum::cli {

Task<int> ask(CommandContext context, AskOptions options) {
  Json body = {{"id", context.ids.next()},
               {"question", options.question},
               {"agent", options.agent},
               {"collections", options.collections},
               {"plan_review", options.review_plan},
               {"approvals", options.approve_all ? "auto" : "ask"},
               {"contrast", options.contrast}};
  body["budget"] = {{"time_s", options.time_s}, {"tokens", 0}, {"tool_calls", options.tool_calls}};
  const auto run = co_await context.api.post("/api/runs", std::move(body));
  if (!run) co_return report(run.error());
  const std::string id = run->value("run", std::string());
  if (!context.is_json) std::cout << context.out.dim("run " + id) << std::endl;
  co_return co_await view_run(context, id, true);
}

}  // namespace lyceum::cli
