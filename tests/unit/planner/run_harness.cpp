#include "tests/unit/planner/run_harness.hpp"

#include <cstdlib>

#include <boost/asio/steady_timer.hpp>

namespace lyceum::planner {

CountingTool::CountingTool(std::string name, tools::Effect effect, tools::Risk risk) {
  spec_.name = std::move(name);
  spec_.description = "For tests.";
  spec_.parameters = {{"type", "object"}};
  spec_.result = {{"type", "object"}};
  spec_.effect = effect;
  spec_.risk = risk;
}

Task<Result<tools::ToolOutcome>> CountingTool::run(Json args, tools::ToolCall call) {
  calls.emplace_back(call.key, args);
  if (hangs) {
    net::steady_timer never(co_await net::this_coro::executor, net::steady_timer::time_point::max());
    co_await never.async_wait(as_result);
    co_return Error{Errc::cancelled, "cancelled"};
  }
  co_return tools::ToolOutcome{.result = {{"call", calls.size()}, {"args", args}}};
}

Task<Result<model::Choice>> ScriptedModel::choose(model::ChooseRequest request) {
  ++calls;
  experts.push_back(request.experts);
  if (is_down) co_return Error{Errc::unavailable, "nobody answers"};
  std::vector<double> probabilities(request.options.size(), 0.0);
  probabilities.front() = 1.0;
  co_return model::Choice{.probabilities = probabilities, .usage = {.tokens_in = 10, .tokens_out = 1}};
}

Task<Result<model::Quotes>> ScriptedModel::quote(model::QuoteRequest) {
  co_return model::Quotes{};
}

Task<Result<model::Written>> ScriptedModel::write(model::WriteRequest request, model::TextSink* sink) {
  ++calls;
  begun.push_back(request.begun.tokens.size());
  std::uint32_t now = 0;
  const auto use = [&](std::uint64_t token, std::uint32_t wanted) {
    if (wanted == now || !shows_tokens) return;
    now = wanted;
    sink->on_experts({.token = token, .experts = wanted});
  };
  const auto piece_of = [&now](int word) {
    return "w" + std::to_string(word) + (now == 0 ? "" : "e" + std::to_string(now)) + " ";
  };
  std::string text;
  for (const std::int32_t token : request.begun.tokens) {
    for (const model::ExpertChange& change : request.begun.experts)
      if (change.token == static_cast<std::uint64_t>(token)) now = change.experts;
    text += piece_of(token);
  }
  if (request.contrast > 0 && request.begun.tokens.empty()) {
    request.begun.contrast = {.prompt = {101, 103}, .strength = request.contrast};
    sink->on_contrast(request.begun.contrast);
  }
  contrasts.push_back(request.begun.contrast);
  if (shows_tokens && request.begun.tokens.empty()) sink->on_prompt({101, 102, 103});
  use(request.begun.tokens.size(), request.experts);
  for (int word = static_cast<int>(request.begun.tokens.size()); word < num_words; ++word) {
    if (before_word) before_word(word);
    if (word == hangs_at) {
      net::steady_timer never(co_await net::this_coro::executor, net::steady_timer::time_point::max());
      co_await never.async_wait(as_result);
      co_return Error{Errc::cancelled, "cancelled"};
    }
    const std::string piece = piece_of(word);
    if (shows_tokens) sink->on_token(word);
    if (sink != nullptr && !co_await sink->on_text(piece)) co_return Error{Errc::cancelled, "stopped"};
    text += piece;
    if (shows_tokens) use(static_cast<std::uint64_t>(word) + 1, sink->experts_wanted(now));
  }
  model::Written written{.text = text, .usage = {.tokens_in = request.prompt.task.size(), .tokens_out = 10}};
  if (shows_tokens)
    written.expert_use = {.tokens = {{3, 1}, {}}, .num_tokens = 4, .routing_consistency = 0.5};
  co_return written;
}

Task<Result<model::Support>> ScriptedWhiteBox::measure_support(model::SupportRequest) {
  co_return Error{Errc::unsupported, "not measured"};
}

Task<Result<model::Explained>> ScriptedWhiteBox::explain(model::ExplainRequest) {
  co_return Error{Errc::unsupported, "not explained"};
}

Task<Result<model::Explained>> ScriptedWhiteBox::explain_trace(model::TraceRequest request) {
  model::Explained explained;
  for (const std::int32_t token : request.trace.tokens) {
    const std::string text = "w" + std::to_string(token) + " ";
    explained.tokens.push_back({.token = {.bytes = text, .logprob = -1},
                                .text = text,
                                .entropy = 2,
                                .conflict = request.trace.contrast.strength / 4,
                                .top = {{.bytes = text, .logprob = -1}},
                                .attention = std::vector<double>(request.sources.size(), 0.25),
                                .experts = {{0, 1}}});
  }
  co_return explained;
}

Task<Result<std::vector<std::vector<float>>>> ScriptedModel::embed(std::vector<std::string>) {
  co_return Error{Errc::unsupported, "no embeddings"};
}

namespace {

Task<Result<Json>> find_nothing(agents::StepContext& context) {
  const Json args = {{"q", context.input().goal}};
  CO_TRY(const Json found, co_await context.act("look", args));
  co_return Json{{"text", "looked"}, {"found", found}};
}

Task<Result<Json>> answer_plainly(agents::StepContext& context) {
  CO_TRY(const agents::Blackboard board, co_await context.read_blackboard());
  const Json answer = {
      {"sentences", {{{"text", "It is so."}, {"citations", Json::array()}, {"support", 1.0}}}},
      {"gaps", Json::array()},
      {"conflicts", Json::array()},
      {"not_found", false},
      {"confidence", 0.9}};
  CO_TRY([[maybe_unused]] const Json logged, co_await context.emit("answer.proposed", answer));
  co_return Json{{"text", "answered"}, {"inputs", board.results.size()}};
}

}  // namespace

RunHarness::RunHarness() : find(find_nothing), answer(answer_plainly) {
  const auto add_tool = [this](const char* name, tools::Effect effect, tools::Risk risk) {
    auto tool = std::make_unique<CountingTool>(name, effect, risk);
    CountingTool* raw = tool.get();
    tools.add(std::move(tool));
    return raw;
  };
  look = add_tool("look", tools::Effect::pure, tools::Risk::low);
  fetch = add_tool("fetch", tools::Effect::idempotent, tools::Risk::medium);
  send = add_tool("send", tools::Effect::irreversible, tools::Risk::low);
  const auto add_agent = [this](const char* name, Script script) {
    agents.add(std::make_unique<ScriptedAgent>(name, std::vector<std::string>{"look", "fetch", "send"},
                                               std::move(script)));
  };
  add_agent("test.plan", [this](agents::StepContext& context) -> Task<Result<Json>> {
    if (plan_otherwise && context.input().attempt > 1) co_return co_await plan_otherwise(context);
    co_return Json{{"text", "planned"}, {"steps", plan_steps}};
  });
  add_agent("test.find",
            [this](agents::StepContext& context) -> Task<Result<Json>> { co_return co_await find(context); });
  add_agent("test.answer", [this](agents::StepContext& context) -> Task<Result<Json>> {
    co_return co_await answer(context);
  });
  pool = std::make_unique<BlockingPool>(2);
  io = std::make_unique<net::io_context>(1);
  auto opened = memory::open_store({.directory = folder.path()}, clock, ids, metrics);
  if (!opened) throw std::runtime_error(opened.error().message);
  store = std::make_unique<FlakyStore>(*std::move(opened));
  start();
}

RunHarness::~RunHarness() {
  store.reset();
  pool.reset();
}

void RunHarness::start() {
  planner = make_planner({.store = *store,
                          .model = model,
                          .tools = tools,
                          .agents = agents,
                          .clock = clock,
                          .ids = ids,
                          .metrics = metrics,
                          .pool = *pool,
                          .executor = io->get_executor(),
                          .readers = io->get_executor()},
                         options);
}

void RunHarness::stop() {
  const auto drained = [](Planner& service) -> Task<Result<void>> {
    co_await service.drain();
    co_return ok();
  };
  const auto result = run(drained(*planner));
  EXPECT_TRUE(result.has_value());
  io->poll();
  planner.reset();
}

void RunHarness::restart() {
  stop();
  start();
  const auto recovered = run(planner->recover());
  ASSERT_TRUE(recovered) << recovered.error().message;
}

bool RunHarness::turn() {
  constexpr auto kPatience = std::chrono::milliseconds(100);
  if (io->stopped()) io->restart();
  return io->run_one_for(kPatience) > 0;
}

void RunHarness::run_until(const std::function<bool()>& condition) {
  // What is waited for may have come while the condition was asked, after it had read: so it is asked again
  // when nothing happens, but not for ever.
  constexpr int kMaxIdleTurns = 200;
  int idle_turns = 0;
  while (!condition()) {
    idle_turns = turn() ? 0 : idle_turns + 1;
    if (idle_turns < kMaxIdleTurns) continue;
    for (const std::string& run_id : submitted_) {
      const auto texts = store->event_log().read_blocking(run_id, 0, 5000);
      for (const std::string& text : *texts) std::fprintf(stderr, "%s\n", text.c_str());
    }
    throw std::runtime_error("nothing happens any more");
  }
}

std::string RunHarness::submit(Json body) {
  if (!body.contains("question")) body["question"] = "Is it so?";
  body["agent"] = "test";
  const auto created = run(planner->create(body, "user:ada"));
  if (!created) throw std::runtime_error(created.error().message);
  submitted_.push_back((*created)["run"].get<std::string>());
  return submitted_.back();
}

Json RunHarness::summary(const std::string& run_id) {
  return *run(planner->get(run_id));
}

std::vector<Json> RunHarness::events(const std::string& run_id) {
  std::vector<Json> parsed;
  const auto texts = run(planner->events(run_id, 0, 5000));
  if (!texts) throw std::runtime_error(texts.error().message);
  for (const std::string& text : *texts) parsed.push_back(*parse_json(text));
  return parsed;
}

std::vector<Json> RunHarness::events_of(const std::string& run_id, const std::string& type) {
  std::vector<Json> matching;
  for (Json& event : events(run_id)) {
    if (event["type"] == type) matching.push_back(std::move(event));
  }
  return matching;
}

CommandOutcome RunHarness::command(const std::string& run_id, Json command) {
  if (!command.contains("id")) command["id"] = "c" + std::to_string(next_command_++);
  return run(planner->command(run_id, std::move(command), "user:ada"));
}

std::uint64_t RunHarness::accepted(const std::string& run_id, Json body) {
  const CommandOutcome outcome = command(run_id, std::move(body));
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) throw std::runtime_error(refusal->error.message);
  return std::get<std::uint64_t>(outcome);
}

Refusal RunHarness::refused(const std::string& run_id, Json body) {
  const CommandOutcome outcome = command(run_id, std::move(body));
  if (std::holds_alternative<std::uint64_t>(outcome)) throw std::runtime_error("the command was accepted");
  return std::get<Refusal>(outcome);
}

Json RunHarness::wait_hold(const std::string& run_id, const std::string& kind) {
  Json found;
  run_until([&] {
    const Json seen = summary(run_id);
    for (const Json& hold : seen["holds"]) {
      if (found.is_null() && hold["kind"] == kind) found = hold;
    }
    return !found.is_null();
  });
  return found;
}

void RunHarness::wait_end(const std::string& run_id) {
  run_until([&] { return summary(run_id)["phase"] == "terminal"; });
}

std::string RunHarness::status(const std::string& run_id) {
  return summary(run_id)["status"].get<std::string>();
}

}  // namespace lyceum::planner
