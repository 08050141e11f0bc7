// The run machine over a real store: what is done once is done once, whatever stops in between.
#include "planner/run/state.hpp"
#include "planner/run/stored_run.hpp"
#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

class RunMachine : public RunHarness {};

Task<Result<Json>> look_thrice(agents::StepContext& context) {
  for (int i = 0; i < 3; ++i) {
    const Json args = {{"round", i}};
    CO_TRY([[maybe_unused]] const Json found, co_await context.act("look", args));
  }
  co_return Json{{"text", "done"}};
}

Task<Result<Json>> fetch_once(agents::StepContext& context) {
  const Json look_args = {{"q", 1}};
  CO_TRY([[maybe_unused]] const Json looked, co_await context.act("look", look_args));
  const Json args = {{"url", "http://example.org"}};
  CO_TRY(const Json fetched, co_await context.act("fetch", args));
  co_return Json{{"text", "fetched"}, {"fetched", fetched}};
}

Task<Result<Json>> send_once(agents::StepContext& context) {
  const Json args = {{"to", "the world"}};
  CO_TRY(const Json sent, co_await context.act("send", args));
  co_return Json{{"text", "sent"}, {"sent", sent}};
}

TEST_F(RunMachine, GoesFromQuestionToAnswerWithAGaplessLog) {
  const std::string run_id = submit();

  wait_end(run_id);

  EXPECT_EQ(status(run_id), "completed");
  const auto log = events(run_id);
  for (std::size_t i = 0; i < log.size(); ++i) EXPECT_EQ(log[i]["seq"], i + 1);
  EXPECT_EQ(log.front()["type"], "run.submitted");
  EXPECT_EQ(log.back()["type"], "run.finished");
  EXPECT_EQ(log.back()["data"]["reason"], "goal_met");
}

// Goal: state and log cannot disagree. Method: fold the stored log; its summary is the stored head, byte for
// byte.
TEST_F(RunMachine, TheFoldOfTheLogIsTheStoredHead) {
  const std::string run_id = submit();
  wait_end(run_id);

  const auto folded = load_state_blocking(store->event_log(), run_id, 0);

  ASSERT_TRUE(folded);
  EXPECT_EQ(store->event_log().head_blocking(run_id)->summary, dump_json(summary_of(*folded)));
}

TEST_F(RunMachine, TheSameClientIdMakesOneRun) {
  const std::string id = ids.next();
  EXPECT_EQ(submit({{"id", id}}), id);
  EXPECT_EQ(submit({{"id", id}}), id);
  wait_end(id);
  EXPECT_EQ(submit({{"id", id}}), id);

  EXPECT_EQ(events_of(id, "run.submitted").size(), 1U);
}

TEST_F(RunMachine, ARequestIsCheckedFieldByField) {
  const auto error_of = [this](Json body) {
    return run(planner->create(std::move(body), "user:ada")).error().message;
  };

  EXPECT_EQ(error_of({{"agent", "test"}}), "body.question: required");
  EXPECT_EQ(error_of({{"question", "  "}}), "body.question: must not be empty");
  EXPECT_EQ(error_of({{"question", "x"}, {"agent", "nobody"}}),
            "body.agent: there is no lead agent 'nobody'");
  EXPECT_EQ(error_of({{"question", "x"}, {"agent", "test"}, {"colour", 1}}), "body.colour: unknown field");
  EXPECT_EQ(error_of({{"question", "x"}, {"agent", "test"}, {"budget", {{"time_s", "long"}}}}),
            "body.budget.time_s: expected an integer, got string");
}

TEST_F(RunMachine, PauseHoldsBeforeTheNextActionAndResumeGoesOn) {
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    for (int i = 0; i < 5; ++i) {
      const Json args = {{"round", i}};
      CO_TRY([[maybe_unused]] const Json found, co_await context.act("look", args));
    }
    co_return Json{{"text", "done"}};
  };
  const std::string run_id = submit();
  run_until([&] { return look->calls.size() == 2; });

  accepted(run_id, {{"type", "run.pause"}});
  const std::size_t at_pause = look->calls.size();
  io->poll();
  for (int i = 0; i < 20; ++i) summary(run_id);

  EXPECT_EQ(look->calls.size(), at_pause);
  EXPECT_EQ(refused(run_id, {{"type", "run.pause"}}).error.code, Errc::conflict);
  accepted(run_id, {{"type", "run.resume"}});
  wait_end(run_id);
  EXPECT_EQ(look->calls.size(), 5U);
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(RunMachine, AWriterStopsBetweenTwoWordsAndTheTextIsWhole) {
  const std::string run_id = ids.next();
  int words_at_pause = 0;
  int words = 0;
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    model::WriteRequest request{.prompt = {.task = "test"}};
    CO_TRY(const model::Written written, co_await context.write(request, "m1"));
    co_return Json{{"text", written.text}};
  };
  model.before_word = [&](int word) {
    words = word + 1;
    if (word != 4) return;
    // A person presses pause while word 4 is being made.
    net::co_spawn(*io, planner->command(run_id, {{"id", "p"}, {"type", "run.pause"}}, "user:ada"),
                  [](auto...) {});
  };
  submit({{"id", run_id}});
  wait_hold(run_id, "pause");
  words_at_pause = words;
  for (int i = 0; i < 20; ++i) summary(run_id);
  EXPECT_EQ(words, words_at_pause);
  EXPECT_LT(words, 10);

  accepted(run_id, {{"type", "run.resume"}});
  wait_end(run_id);

  EXPECT_EQ(events_of(run_id, "message.finished")[0]["data"]["text"], "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 ");
}

TEST_F(RunMachine, ARestartRepeatsNoObservedCall) {
  find = fetch_once;
  fetch->hangs = true;
  const std::string run_id = submit({{"approvals", "auto"}});
  run_until([&] { return fetch->calls.size() == 1; });

  fetch->hangs = false;
  restart();
  wait_end(run_id);

  EXPECT_EQ(look->calls.size(), 1U) << "an observed pure call was made again";
  ASSERT_EQ(fetch->calls.size(), 2U);
  EXPECT_EQ(fetch->calls[0].first, fetch->calls[1].first) << "a call issued again keeps its key";
  const auto recovered = events_of(run_id, "run.recovered");
  ASSERT_EQ(recovered.size(), 1U);
  EXPECT_EQ(recovered[0]["data"]["resumed"], Json::array({"s1"}));
  EXPECT_EQ(recovered[0]["data"]["reissued"].size(), 1U);
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(RunMachine, AnIrreversibleCallOfUnknownOutcomeIsNeverRepeatedUnasked) {
  find = send_once;
  send->hangs = true;
  const std::string run_id = submit();
  run_until([&] { return send->calls.size() == 1; });
  send->hangs = false;
  restart();

  const Json hold = wait_hold(run_id, "effect_unknown");
  EXPECT_EQ(send->calls.size(), 1U);
  restart();  // The question survives as well.
  const Json again = wait_hold(run_id, "effect_unknown");
  EXPECT_EQ(again["hold"], hold["hold"]);
  accepted(run_id, {{"type", "hold.resolve"},
                    {"hold", hold["hold"]},
                    {"decision", "answer"},
                    {"payload", {{"receipt", 7}}}});
  wait_end(run_id);

  EXPECT_EQ(send->calls.size(), 1U);
  EXPECT_EQ(events_of(run_id, "action.observed")[0]["data"]["result"]["receipt"], 7);
}

TEST_F(RunMachine, RestartsAtEveryEventGiveTheSameAnswer) {
  find = look_thrice;
  const std::string run_id = submit();

  for (int i = 0; i < 40 && summary(run_id)["phase"] != "terminal"; ++i) {
    for (int turns = 0; turns < i % 7; ++turns) turn();
    restart();
  }
  wait_end(run_id);

  EXPECT_EQ(status(run_id), "completed");
  const auto log = events(run_id);
  for (std::size_t i = 0; i < log.size(); ++i) ASSERT_EQ(log[i]["seq"], i + 1);
  EXPECT_EQ(events_of(run_id, "action.observed").size(), 4U);  // Three looks and the blackboard: none twice.
  EXPECT_EQ(events_of(run_id, "answer.proposed").size(), 1U);
}

TEST_F(RunMachine, ModelDownIsAHoldThatAPersonResolves) {
  model.is_down = true;
  find = [](agents::StepContext& context) -> Task<Result<Json>> {
    model::ChooseRequest request{.prompt = {.task = "test"}, .options = {"yes", "no"}};
    CO_TRY(const model::Choice choice, co_await context.choose(request));
    co_return Json{{"text", "chosen"}, {"p", choice.probabilities[0]}};
  };
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "resource");

  model.is_down = false;
  accepted(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}});
  wait_end(run_id);

  EXPECT_EQ(status(run_id), "completed");
  EXPECT_EQ(model.calls, 2);
}

TEST_F(RunMachine, AToolThatThePlanDoesNotNameCannotBeCalled) {
  plan_steps[0]["tools"] = {"look"};
  std::string said;
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    const auto sent = co_await context.act("send", Json::object());
    said = sent ? "sent" : sent.error().message;
    co_return Json{{"text", said}};
  };
  const std::string run_id = submit();
  wait_end(run_id);

  EXPECT_EQ(said, "the plan does not let this step use send");
  EXPECT_TRUE(send->calls.empty());
}

TEST_F(RunMachine, AnInventedQuoteIsRefused) {
  const auto ingested = store->documents().ingest_blocking(
      {.collection = "c", .source = "a.txt", .bytes = "The sky is blue. Grass is green."});
  ASSERT_TRUE(ingested) << ingested.error().message;
  const std::string document = ingested->documents[0].id;
  std::vector<bool> outcomes;
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    const Json real = {{"document", document}, {"quote", "The sky is blue."}, {"begin", 0}, {"end", 16}};
    const Json invented = {{"document", document}, {"quote", "The sky is pink."}, {"begin", 0}, {"end", 16}};
    const auto first = co_await context.emit("evidence.added", real);
    outcomes.push_back(first.has_value());
    const auto second = co_await context.emit("evidence.added", invented);
    outcomes.push_back(second.has_value());
    co_return Json{{"text", "quoted"}};
  };
  const std::string run_id = submit();
  wait_end(run_id);

  EXPECT_EQ(outcomes, (std::vector<bool>{true, false}));
  const auto added = events_of(run_id, "evidence.added");
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(added[0]["data"]["evidence"], "e1");
}

TEST_F(RunMachine, ASpentBudgetHoldsAndCanBeRaised) {
  find = look_thrice;
  const std::string run_id = submit({{"budget", {{"tool_calls", 2}}}});
  const Json hold = wait_hold(run_id, "budget");
  EXPECT_EQ(look->calls.size(), 2U);
  EXPECT_EQ(hold["detail"]["which"], "tool_calls");

  accepted(run_id, {{"type", "budget.set"}, {"tool_calls", 10}});
  wait_end(run_id);

  EXPECT_EQ(status(run_id), "completed");
  EXPECT_EQ(look->calls.size(), 3U);
}

TEST_F(RunMachine, AnUnattendedRunAnswersWithWhatItHasWhenTheBudgetIsSpent) {
  find = look_thrice;
  const std::string run_id = submit({{"approvals", "auto"}, {"budget", {{"tool_calls", 2}}}});
  wait_end(run_id);

  EXPECT_EQ(status(run_id), "completed_partial");
  EXPECT_EQ(events_of(run_id, "run.finished")[0]["data"]["reason"], "budget");
  EXPECT_EQ(look->calls.size(), 2U);
  EXPECT_EQ(events_of(run_id, "answer.proposed").size(), 1U);
}

// Goal: a full disk stops a run but loses nothing. Method: refuse every append for a while.
TEST_F(RunMachine, AStoreThatRefusesHoldsTheRunAndLosesNothing) {
  look->hangs = true;
  const std::string run_id = submit();
  run_until([&] { return look->calls.size() == 1; });
  look->hangs = false;
  store->flaky_log.is_full = true;
  std::optional<CommandOutcome> first;
  net::co_spawn(
      *io, planner->command(run_id, {{"id", "n1"}, {"type", "note.inject"}, {"text", "kept"}}, "user:ada"),
      [&](const std::exception_ptr&, CommandOutcome outcome) { first = std::move(outcome); });
  const Json hold = wait_hold(run_id, "resource");

  EXPECT_EQ(hold["title"], "The store refuses writes: no space left on the disk");
  EXPECT_FALSE(first.has_value()) << "acknowledged before it was stored";
  EXPECT_EQ(refused(run_id, {{"type", "run.pause"}}).error.code, Errc::io);

  store->flaky_log.is_full = false;
  run_until([&] { return first.has_value(); });
  EXPECT_TRUE(std::holds_alternative<std::uint64_t>(*first));
  EXPECT_EQ(events_of(run_id, "note.injected").size(), 1U);
  accepted(run_id, {{"type", "step.retry"}, {"step", "s1"}});
  wait_end(run_id);
  EXPECT_EQ(status(run_id), "completed");
  EXPECT_TRUE(summary(run_id)["holds"].empty());
}

}  // namespace
}  // namespace lyceum::planner
