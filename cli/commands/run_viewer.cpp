#include "cli/commands/run_viewer.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <unistd.h>

#include "base/async/signal.hpp"
#include "cli/render.hpp"

namespace lyceum::cli {
namespace {

using net::experimental::awaitable_operators::operator||;

/// One look at one run. Lives in view_run's frame.
class RunViewer {
 public:
  RunViewer(CommandContext context, std::string run, const net::any_io_executor& executor)
      : context_(context),
        run_(std::move(run)),
        renderer_(context.out),
        may_ask_(context.out.is_terminal && isatty(STDIN_FILENO) == 1 && !context.is_json),
        interrupted_(executor) {}

  Task<Result<void>> follow() {
    const EventSink sink = [this](Json event) { return take(std::move(event)); };
    co_return co_await context_.api.follow(run_, 0, sink);
  }

  /// Ends only with its caller's other branch, or after an interrupt that is not to cancel the run.
  Task<void> watch_interrupts(bool cancels_run) {
    net::signal_set signals(co_await net::this_coro::executor, SIGINT, SIGTERM);
    const auto [ended, first] = co_await signals.async_wait(as_result);
    if (ended) co_return;
    is_interrupted_ = true;
    interrupted_.notify_all();
    if (!cancels_run) co_return;
    std::cerr << "\ncancelling; once more leaves at once\n";
    const auto sent = co_await command({{"type", "run.cancel"}, {"reason", "interrupted"}});
    if (!sent) report(sent.error());
    const auto [ended_again, second] = co_await signals.async_wait(as_result);
    if (!ended_again) std::_Exit(kExitInterrupted);
  }

  Task<int> finish(Result<void> followed) {
    if (!followed) co_return report(followed.error());
    const auto summary = co_await context_.api.get("/api/runs/" + run_);
    if (!summary) co_return report(summary.error());
    if (context_.is_json) {
      print_json({{"result", *summary}, {"answer", renderer_.proposed_answer()}});
    } else if (renderer_.has_answer()) {
      std::cout << "\n" << renderer_.answer() << std::flush;
    }
    if (is_interrupted_) co_return kExitInterrupted;
    const std::string status =
        summary->value("status", Json()).is_string() ? (*summary)["status"].get<std::string>() : "";
    co_return status == "completed" || status == "completed_partial" ? kExitOk : kExitFailed;
  }

 private:
  Task<bool> take(Json event) {
    const std::vector<std::string> lines = renderer_.take(event);
    if (context_.is_json) {
      print_json(event);
    } else {
      for (const std::string& line : lines) std::cout << line << std::endl;
    }
    const bool asks = event.value("type", std::string()) == "hold.opened" && event.contains("data");
    if (asks) co_await ask_about(event["data"]);
    co_return true;
  }

  Task<Result<Json>> command(Json command) {
    command["id"] = context_.ids.next();
    co_return co_await context_.api.post("/api/runs/" + run_ + "/commands", std::move(command));
  }

  Task<bool> is_still_open(std::string hold) {
    const auto summary = co_await context_.api.get("/api/runs/" + run_);
    if (!summary || !summary->contains("holds")) co_return false;
    for (const Json& open : (*summary)["holds"]) {
      if (open.value("hold", std::string()) == hold) co_return true;
    }
    co_return false;
  }

  Task<std::string> prompted(const char* prompt) {
    std::cout << prompt << std::flush;
    auto line = co_await (read_line() || interrupted_.wait());
    if (line.index() == 1 || !std::get<0>(line)) {
      may_ask_ = false;
      co_return "";
    }
    co_return *std::get<0>(line);
  }

  Task<void> ask_about(Json hold) {
    const std::string id = hold.value("hold", std::string());
    const std::string kind = hold.value("kind", std::string());
    if (kind == "pause" || kind == "takeover" || kind == "budget" || !co_await is_still_open(id)) co_return;
    if (!may_ask_) {
      std::cerr << "lyceum: run " << run_ << " waits for a person: decide in the browser or with\n"
                << "  lyceum runs approve " << run_ << "   (or: runs deny, runs answer)\n";
      co_return;
    }
    while (may_ask_) {
      Json decision = kind == "question" ? co_await answer_from_person() : co_await decision_from_person();
      if (decision.is_null()) continue;
      decision["type"] = "hold.resolve";
      decision["hold"] = id;
      const auto sent = co_await command(std::move(decision));
      if (sent || sent.error().code == Errc::conflict) co_return;
      report(sent.error());
    }
  }

  Task<Json> answer_from_person() {
    const std::string text = co_await prompted("answer> ");
    if (text.empty()) co_return nullptr;
    co_return Json{{"decision", "answer"}, {"payload", text}};
  }

  Task<Json> decision_from_person() {
    const std::string choice = co_await prompted("[a]pprove, approve and [r]emember, [e]dit, [d]eny> ");
    if (choice == "a") co_return Json{{"decision", "approve"}};
    if (choice == "r") co_return Json{{"decision", "approve"}, {"remember", true}};
    if (choice == "d") {
      const std::string comment = co_await prompted("why (may be empty)> ");
      co_return Json{{"decision", "deny"}, {"comment", comment}};
    }
    if (choice != "e") co_return nullptr;
    const std::string text = co_await prompted("arguments as JSON> ");
    const auto arguments = parse_json(text);
    if (!arguments) {
      report(arguments.error());
      co_return nullptr;
    }
    co_return Json{{"decision", "edit"}, {"payload", *arguments}};
  }

  CommandContext context_;
  std::string run_;
  RunRenderer renderer_;
  bool may_ask_;
  bool is_interrupted_ = false;
  Signal interrupted_;
};

}  // namespace

Task<int> view_run(CommandContext context, std::string run, bool cancels_on_interrupt) {
  RunViewer viewer(context, std::move(run), co_await net::this_coro::executor);
  auto first = co_await (viewer.follow() || viewer.watch_interrupts(cancels_on_interrupt));
  if (first.index() == 1) co_return kExitInterrupted;
  co_return co_await viewer.finish(std::get<0>(std::move(first)));
}

}  // namespace lyceum::cli
