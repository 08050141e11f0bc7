// Routes of runs: each takes the request apart, asks the run port, and writes the answer.
#include <charconv>

#include "web/native/routes.hpp"

namespace lyceum::web {
namespace {

constexpr std::size_t kMaxIdBytes = 128;
constexpr std::size_t kMaxExportBytes = 256U << 20U;
constexpr std::size_t kEventsPerRead = 500;
constexpr std::uint64_t kMaxSeq = std::numeric_limits<std::int64_t>::max();

const std::string& run_of(const Request& request) {
  return request.params.at("run");
}

void append_joined(std::string& out, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    out += texts[i];
  }
}

// Workspace files are written by tools and models: never let a browser see them as a page or a script.
std::string file_content_type(std::string_view path) {
  for (const std::string_view suffix :
       {".md", ".txt", ".csv", ".json", ".jsonl", ".log", ".html", ".xml", ".py"}) {
    if (path.ends_with(suffix)) return "text/plain; charset=utf-8";
  }
  return "application/octet-stream";
}

Task<Result<std::string>> all_events(planner::RunPort& runs, std::string run) {
  std::string lines;
  std::uint64_t after = 0;
  for (;;) {
    CO_TRY(const auto events, co_await runs.events(run, after, kEventsPerRead));
    for (const std::string& event : events) lines += event + "\n";
    if (lines.size() > kMaxExportBytes) {
      co_return Error{Errc::too_large,
                      "export: the log is over 256 MiB; read it from /api/runs/" + run + "/events"};
    }
    if (events.size() < kEventsPerRead) co_return lines;
    after += events.size();
  }
}

}  // namespace

Task<Result<Answer>> create_run(const Services& services, Request request) {
  CO_TRY(Json body, json_body(request));
  bool is_known = false;
  if (body.contains("id") && body["id"].is_string()) {
    const auto existing = co_await services.runs.get(body["id"].get<std::string>());
    is_known = existing.has_value();
  }
  CO_TRY(const Json summary, co_await services.runs.create(std::move(body), request.author));
  co_return json_answer(summary, is_known ? 200 : 201);
}

Task<Result<Answer>> list_runs(const Services& services, Request request) {
  QueryReader query(request.query);
  const auto limit = query.number("limit", 50, 1, 200);
  std::string before = query.string("before", "", kMaxIdBytes);
  CO_TRY_OK(query.finish());
  CO_TRY(const Json page, co_await services.runs.list(std::move(before), limit));
  co_return json_answer(page);
}

Task<Result<Answer>> get_run(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY(const Json summary, co_await services.runs.get(run_of(request)));
  co_return json_answer(summary);
}

Task<Result<Answer>> delete_run(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY_OK(co_await services.runs.remove(run_of(request)));
  co_return Answer{.status = 204};
}

Task<Result<Answer>> list_events(const Services& services, Request request) {
  QueryReader query(request.query);
  const auto after = query.number("after", 0, 0, kMaxSeq);
  const auto limit = query.number("limit", kEventsPerRead, 1, 1000);
  CO_TRY_OK(query.finish());
  CO_TRY(const Json summary, co_await services.runs.get(run_of(request)));
  CO_TRY(const auto events, co_await services.runs.events(run_of(request), after, limit));

  // The head is read first, so the page may reach past it.
  const std::uint64_t head = std::max<std::uint64_t>(summary.value("seq", std::uint64_t{0}),
                                                     events.empty() ? 0 : after + events.size());
  Answer answer{.body = "{\"events\":["};
  append_joined(answer.body, events);
  answer.body += "],\"head\":" + std::to_string(head) + "}";
  co_return answer;
}

Task<Result<Answer>> get_plan(const Services& services, Request request) {
  QueryReader query(request.query);
  const auto rev = query.number("rev", 0, 0, kMaxSeq);
  CO_TRY_OK(query.finish());
  if (request.accept.find("text/markdown") != std::string::npos) {
    CO_TRY(auto markdown, co_await services.runs.plan_markdown(run_of(request), rev));
    co_return Answer{.content_type = "text/markdown; charset=utf-8", .body = std::move(markdown)};
  }
  CO_TRY(const Json plan, co_await services.runs.plan(run_of(request), rev));
  co_return json_answer(plan);
}

Task<Result<Answer>> command_run(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY(Json command, json_body(request));
  const Json id = command.value("id", Json());
  const auto outcome = co_await services.runs.command(run_of(request), std::move(command), request.author);
  if (const auto* refusal = std::get_if<planner::Refusal>(&outcome)) {
    co_return error_answer(refusal->error, refusal->current);
  }
  co_return json_answer({{"ack", {{"id", id}, {"seq", std::get<std::uint64_t>(outcome)}}}});
}

Task<Result<Answer>> fork_run(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY(Json body, json_body(request));
  CO_TRY(const Json summary, co_await services.runs.fork(run_of(request), std::move(body), request.author));
  co_return json_answer(summary, 201);
}

Task<Result<Answer>> list_files(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY(const Json files, co_await services.runs.files(run_of(request)));
  co_return json_answer(files);
}

Task<Result<Answer>> get_file(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const std::string& path = request.params.at("path");
  CO_TRY(auto bytes, co_await services.runs.file(run_of(request), path));
  std::string content_type = file_content_type(path);
  if (content_type.starts_with("text/")) {
    co_return Answer{.content_type = std::move(content_type), .body = std::move(bytes)};
  }
  co_return attachment(std::move(bytes), std::move(content_type), path);
}

Task<Result<Answer>> get_generation(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const std::string& text = request.params.at("generation");
  std::uint64_t seq = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (problem != std::errc() || end != text.data() + text.size())
    co_return Error{Errc::invalid_argument, "generation: expected the number of a gen.started event"};
  CO_TRY(const Json generation, co_await services.runs.generation(run_of(request), seq));
  co_return json_answer(generation);
}

Task<Result<Answer>> export_run(const Services& services, Request request) {
  QueryReader query(request.query);
  const std::string format = query.choice("format", "markdown", {"markdown", "json", "events"});
  CO_TRY_OK(query.finish());
  const std::string name = "run-" + run_of(request);
  if (format == "events") {
    CO_TRY(auto lines, co_await all_events(services.runs, run_of(request)));
    co_return attachment(std::move(lines), "application/jsonl", name + ".jsonl");
  }
  CO_TRY(auto report, co_await services.runs.report(run_of(request), format));
  if (format == "json") co_return attachment(std::move(report), "application/json", name + ".json");
  co_return attachment(std::move(report), "text/markdown; charset=utf-8", name + ".md");
}

Task<Result<Answer>> list_holds(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  CO_TRY(const Json holds, co_await services.runs.holds());
  co_return json_answer(holds);
}

}  // namespace lyceum::web
