// What a person can do to a run under way.
#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

Task<Result<Json>> fetch_with(agents::StepContext& context, Json args, std::string& said) {
  const auto fetched = co_await context.act("fetch", args);
  said = fetched ? fetched->dump() : fetched.error().message;
  if (!fetched && fetched.error().code == Errc::cancelled) co_return fetched.error();
  co_return Json{{"text", said}};
}

class Interventions : public RunHarness {
 protected:
  /// A find step that waits in a hanging look until the test lets it go on.
  std::string submit_hanging(Json body = Json::object()) {
    look->hangs = true;
    const std::string run_id = submit(std::move(body));
    run_until([&] { return look->calls.size() == 1; });
    look->hangs = false;
    return run_id;
  }

  static std::string step_status(const std::vector<Json>& log, const std::string& step) {
    std::string status = "pending";
    for (const Json& event : log) {
      if (event.value("step", "") != step) continue;
      if (event["type"] == "step.started") status = "running";
      if (event["type"] == "step.finished") status = event["data"]["status"].get<std::string>();
      if (event["type"] == "step.requeued") status = "pending";
    }
    return status;
  }

  /// test.find fetches http://a, once.
  void fetch_in_find() {
    find = [this](agents::StepContext& context) -> Task<Result<Json>> {
      const Json args = {{"url", "http://a"}};
      co_return co_await fetch_with(context, args, said);
    };
  }

  std::string said;
};

TEST_F(Interventions, TheSameCommandIdIsDoneOnce) {
  const std::string run_id = submit_hanging();

  const auto first = accepted(run_id, {{"id", "once"}, {"type", "note.inject"}, {"text", "look left"}});
  const auto second = accepted(run_id, {{"id", "once"}, {"type", "note.inject"}, {"text", "look left"}});

  EXPECT_EQ(first, second);
  EXPECT_EQ(events_of(run_id, "note.injected").size(), 1U);
}

TEST_F(Interventions, ACommandIsCheckedFieldByField) {
  const std::string run_id = submit_hanging();
  const auto error_of = [&](Json body) { return refused(run_id, std::move(body)).error.message; };

  EXPECT_EQ(error_of({{"type", "run.explode"}}), "command.type: unknown command 'run.explode'");
  EXPECT_EQ(error_of({{"type", "run.pause"}, {"speed", 1}}), "command.speed: unknown field");
  EXPECT_EQ(error_of({{"type", "note.inject"}}), "command.text: required");
  EXPECT_EQ(error_of({{"type", "step.skip"}, {"step", "s9"}}), "the plan has no step 's9'");
  EXPECT_EQ(error_of({{"type", "evidence.drop"}, {"evidence", "e1"}}), "there is no evidence 'e1'");
}

TEST_F(Interventions, AFinishedRunTakesNoCommand) {
  const std::string run_id = submit();
  wait_end(run_id);

  const Refusal refusal = refused(run_id, {{"type", "run.pause"}});

  EXPECT_EQ(refusal.error.code, Errc::precondition);
  EXPECT_EQ(refusal.current["phase"], "terminal");
}

TEST_F(Interventions, CancelEndsTheRunAtOnce) {
  const std::string run_id = submit_hanging();

  accepted(run_id, {{"type", "run.cancel"}, {"reason", "enough"}});
  wait_end(run_id);

  EXPECT_EQ(status(run_id), "cancelled");
  EXPECT_EQ(events(run_id).back()["type"], "run.finished");
}

TEST_F(Interventions, APlanIsReviewedBeforeItRuns) {
  const std::string run_id = submit({{"plan_review", true}});
  const Json hold = wait_hold(run_id, "plan_review");
  EXPECT_TRUE(look->calls.empty());

  accepted(run_id, {{"type", "plan.patch"},
                    {"base_rev", 1},
                    {"ops", {{{"op", "update"}, {"step", "s1"}, {"set", {{"goal", "better"}}}}}}});
  accepted(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}});
  wait_end(run_id);

  ASSERT_EQ(look->calls.size(), 1U);
  EXPECT_EQ(look->calls[0].second["q"], "better");
  EXPECT_EQ((*run(planner->plan(run_id, 1)))["steps"][0]["goal"], "Find");
  EXPECT_EQ((*run(planner->plan(run_id, 0)))["steps"][0]["author"], "user:ada");
}

TEST_F(Interventions, AStaleRevisionGetsTheCurrentPlan) {
  const std::string run_id = submit_hanging();

  const Refusal refusal = refused(
      run_id, {{"type", "plan.patch"}, {"base_rev", 0}, {"ops", {{{"op", "delete"}, {"step", "s1"}}}}});

  EXPECT_EQ(refusal.error.code, Errc::conflict);
  EXPECT_EQ(refusal.current["rev"], 1);
  EXPECT_EQ(refusal.current["steps"].size(), 2U);
}

TEST_F(Interventions, EditingARunningStepStartsItAnew) {
  const std::string run_id = submit_hanging();

  accepted(run_id, {{"type", "plan.patch"},
                    {"base_rev", 1},
                    {"ops", {{{"op", "update"}, {"step", "s1"}, {"set", {{"goal", "other"}}}}}}});
  wait_end(run_id);

  ASSERT_EQ(look->calls.size(), 2U);
  EXPECT_EQ(look->calls[1].second["q"], "other");
  const auto started = events_of(run_id, "step.started");
  EXPECT_EQ(started[2]["attempt"], 2);
}

TEST_F(Interventions, AStepInsertedWhileRunningIsDoneBeforeTheAnswer) {
  const std::string run_id = submit_hanging();

  accepted(
      run_id,
      {{"type", "plan.patch"},
       {"base_rev", 1},
       {"ops",
        {{{"op", "insert"}, {"after", "s1"}, {"step", {{"title", "Also this"}, {"agent", "test.find"}}}}}}});
  accepted(run_id, {{"type", "step.retry"}, {"step", "s1"}});
  wait_end(run_id);

  EXPECT_EQ(step_status(events(run_id), "s3"), "done");
  EXPECT_EQ(events_of(run_id, "step.finished").back()["data"]["result"]["inputs"], 2);
}

TEST_F(Interventions, AFinishedStepIsSupersededNotEdited) {
  // The answer waits, so that s1 is over and the run is not.
  answer = [](agents::StepContext& context) -> Task<Result<Json>> {
    const auto reply = co_await context.ask_person("ready?", Json::object());
    if (!reply) co_return reply.error();
    co_return Json{{"text", *reply}};
  };
  const std::string run_id = submit();
  const Json question = wait_hold(run_id, "question");
  ASSERT_EQ(step_status(events(run_id), "s1"), "done");
  EXPECT_EQ(refused(run_id,
                    {{"type", "plan.patch"}, {"base_rev", 1}, {"ops", {{{"op", "delete"}, {"step", "s1"}}}}})
                .error.code,
            Errc::precondition);

  accepted(run_id, {{"type", "plan.patch"},
                    {"base_rev", 1},
                    {"ops", {{{"op", "update"}, {"step", "s1"}, {"set", {{"goal", "deeper"}}}}}}});
  run_until([&] { return look->calls.size() == 2; });
  // The answer step starts anew, so its question is another one.
  Json again = wait_hold(run_id, "question");
  while (again["hold"] == question["hold"]) {
    turn();
    again = wait_hold(run_id, "question");
  }

  EXPECT_EQ(look->calls[1].second["q"], "deeper");
  EXPECT_EQ(step_status(events(run_id), "s1"), "superseded");
  EXPECT_EQ(step_status(events(run_id), "s3"), "done");
}

TEST_F(Interventions, AnApprovalIsAskedForOnceAndApproved) {
  find = [&](agents::StepContext& context) -> Task<Result<Json>> {
    const Json args = {{"url", "http://a"}};
    CO_TRY([[maybe_unused]] const Json first, co_await fetch_with(context, args, said));
    co_return co_await fetch_with(context, args, said);
  };
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");
  EXPECT_TRUE(fetch->calls.empty());
  EXPECT_EQ(hold["detail"]["tool"], "fetch");
  EXPECT_EQ(hold["detail"]["args"]["url"], "http://a");

  accepted(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}});
  wait_end(run_id);

  EXPECT_EQ(fetch->calls.size(), 2U);
  EXPECT_EQ(events_of(run_id, "hold.opened").size(), 1U) << "the same call was asked about twice";
}

TEST_F(Interventions, AnApprovalCanChangeTheArguments) {
  fetch_in_find();
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");
  accepted(run_id, {{"type", "hold.resolve"},
                    {"hold", hold["hold"]},
                    {"decision", "edit"},
                    {"payload", {{"url", "http://b"}}}});
  wait_end(run_id);

  ASSERT_EQ(fetch->calls.size(), 1U);
  EXPECT_EQ(fetch->calls[0].second["url"], "http://b");
}

TEST_F(Interventions, ADenialReachesTheAgentWithItsReason) {
  fetch_in_find();
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");
  accepted(run_id, {{"type", "hold.resolve"},
                    {"hold", hold["hold"]},
                    {"decision", "deny"},
                    {"comment", "not from there"}});
  wait_end(run_id);

  EXPECT_EQ(said, "a person denied fetch: not from there");
  EXPECT_TRUE(fetch->calls.empty());
  EXPECT_EQ(
      refused(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}}).error.code,
      Errc::precondition);
}

TEST_F(Interventions, AnApprovalSurvivesARestart) {
  fetch_in_find();
  const std::string run_id = submit();
  const Json hold = wait_hold(run_id, "approval");
  restart();
  EXPECT_EQ(wait_hold(run_id, "approval")["hold"], hold["hold"]);

  accepted(run_id, {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "approve"}});
  wait_end(run_id);

  EXPECT_EQ(fetch->calls.size(), 1U);
  EXPECT_EQ(events_of(run_id, "hold.opened").size(), 1U);
}

TEST_F(Interventions, APersonTakesAStepOverAndCommitsItsResult) {
  const std::string run_id = submit_hanging();
  accepted(run_id, {{"type", "step.takeover"}, {"step", "s1"}});
  wait_hold(run_id, "takeover");
  EXPECT_EQ(
      refused(run_id, {{"type", "step.commit"}, {"step", "s1"}, {"result", Json::object()}}).error.message,
      "command.result.text: required");

  accepted(run_id, {{"type", "step.commit"}, {"step", "s1"}, {"result", {{"text", "I looked myself"}}}});
  wait_end(run_id);

  EXPECT_EQ(look->calls.size(), 1U);
  EXPECT_EQ(status(run_id), "completed");
  EXPECT_EQ(summary(run_id)["holds"].size(), 0U);
  const auto added = events_of(run_id, "evidence.added");
  ASSERT_EQ(added.size(), 1U) << "what a person found counts like any quote";
  EXPECT_EQ(added[0]["data"]["quote"], "I looked myself");
  EXPECT_EQ(added[0]["data"]["title"], "Step “Find”, done by a person");
  EXPECT_EQ(added[0]["data"]["by"], "user:ada");
}

TEST_F(Interventions, AGivenQuoteOfADocumentBearsTheDocumentsTitle) {
  const auto ingested =
      store->documents().ingest_blocking({.collection = "sea",
                                          .source = "tides.md",
                                          .bytes = "# Tides\n\n## Cause\n\nThe moon pulls the sea.\n"});
  ASSERT_TRUE(ingested) << ingested.error().message;
  const auto& document = ingested->documents[0];
  const std::string quote = "The moon pulls the sea.";
  const std::string text = *store->documents().text_blocking(document.id, 0, document.text_bytes);
  const std::string run_id = submit_hanging();

  accepted(run_id, {{"type", "evidence.inject"},
                    {"text", quote},
                    {"document", document.id},
                    {"begin", text.find(quote)},
                    {"end", text.find(quote) + quote.size()}});
  accepted(run_id, {{"type", "evidence.inject"}, {"text", "Heard it on the radio."}});

  const auto added = events_of(run_id, "evidence.added");
  EXPECT_EQ(added[0]["data"]["title"], document.title);
  EXPECT_EQ(added[0]["data"]["section"], "Cause");
  EXPECT_EQ(added[0]["data"]["collection"], "sea");
  EXPECT_EQ(added[1]["data"]["title"], "Given by user:ada");
}

TEST_F(Interventions, AReturnedStepRunsAnew) {
  const std::string run_id = submit_hanging();
  accepted(run_id, {{"type", "step.takeover"}, {"step", "s1"}});
  accepted(run_id, {{"type", "step.return"}, {"step", "s1"}});
  wait_end(run_id);

  EXPECT_EQ(look->calls.size(), 2U);
}

TEST_F(Interventions, ASkippedStepLeavesItsBranch) {
  const std::string run_id = submit_hanging();
  accepted(run_id, {{"type", "step.skip"}, {"step", "s1"}, {"reason", "known"}});
  wait_end(run_id);

  EXPECT_EQ(step_status(events(run_id), "s1"), "skipped");
  EXPECT_EQ(status(run_id), "completed");
}

TEST_F(Interventions, NotesAndEvidenceReachTheBlackboard) {
  std::vector<std::string> seen;
  answer = [&](agents::StepContext& context) -> Task<Result<Json>> {
    CO_TRY(const agents::Blackboard board, co_await context.read_blackboard());
    for (const auto& note : board.notes) seen.push_back(note.text);
    for (const auto& item : board.evidence)
      seen.push_back(item.quote + (item.dropped.empty() ? "" : " (dropped)"));
    co_return Json{{"text", "seen"}};
  };
  const std::string run_id = submit_hanging();
  accepted(run_id, {{"type", "note.inject"}, {"text", "mind the date"}});
  accepted(run_id, {{"type", "evidence.inject"}, {"text", "kept"}});
  accepted(run_id, {{"type", "evidence.inject"}, {"text", "gone"}});
  accepted(run_id, {{"type", "evidence.drop"}, {"evidence", "e2"}, {"reason", "wrong year"}});
  accepted(run_id, {{"type", "step.retry"}, {"step", "s1"}});
  wait_end(run_id);

  EXPECT_EQ(seen, (std::vector<std::string>{"mind the date", "kept", "gone (dropped)"}));
}

TEST_F(Interventions, AForkContinuesWithoutRepeatingWhatWasObserved) {
  const std::string run_id = submit();
  wait_end(run_id);
  const auto log = events(run_id);
  std::uint64_t at = 0;
  for (const Json& event : log) {
    if (event["type"] == "step.finished" && event.value("step", "") == "s1") at = event["seq"];
  }

  const auto forked = run(planner->fork(run_id, {{"at_seq", at}, {"title", "What if"}}, "user:ada"));
  ASSERT_TRUE(forked) << forked.error().message;
  const std::string child = (*forked)["run"];
  EXPECT_EQ((*forked)["parent"], run_id);
  accepted(child, {{"type", "run.resume"}});
  wait_end(child);

  EXPECT_EQ(look->calls.size(), 1U);
  EXPECT_EQ(status(child), "completed");
  const auto child_log = events(child);
  for (std::size_t i = 0; i < child_log.size(); ++i) {
    EXPECT_EQ(child_log[i]["seq"], i + 1);
    EXPECT_EQ(child_log[i]["run"], child);
  }
  EXPECT_EQ(events(run_id).size(), log.size()) << "the parent changed";
  EXPECT_EQ(run(planner->remove(run_id)).error().code, Errc::precondition) << "a run with a fork was removed";
}

}  // namespace
}  // namespace lyceum::planner
