// Texts that a model writes token by token: what a crash, a fork and a change of experts leave of them.
#include <gmock/gmock.h>

#include "planner/run/report.hpp"
#include "planner/run/stored_run.hpp"
#include "tests/unit/planner/run_harness.hpp"

namespace lyceum::planner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Generations : public RunHarness {
 protected:
  Generations() {
    model.shows_tokens = true;
    model.num_words = 100;
    find = [](agents::StepContext& context) -> Task<Result<Json>> {
      model::WriteRequest request{.prompt = {.task = "test.write", .slots = {{"question", "Why?"}}}};
      CO_TRY(const model::Written written, co_await context.write(request, "m1"));
      co_return Json{{"text", written.text}};
    };
  }

  /// The text of the run's message, once it is over.
  std::string text_of(const std::string& run_id) {
    wait_end(run_id);
    return events_of(run_id, "message.finished")[0]["data"]["text"].get<std::string>();
  }

  std::string words(int from, int to, const std::string& mark = "") {
    std::string text;
    for (int word = from; word < to; ++word) text += "w" + std::to_string(word) + mark + " ";
    return text;
  }
};

TEST_F(Generations, ACrashGoesOnBehindTheLastCommittedToken) {
  model.hangs_at = 70;
  const std::string run_id = submit();
  run_until([&] { return events_of(run_id, "gen.checkpoint").size() == 2; });
  model.hangs_at = -1;

  restart();

  EXPECT_EQ(text_of(run_id), words(0, 100));
  EXPECT_THAT(model.begun, ElementsAre(0, 64));
  EXPECT_EQ(events_of(run_id, "gen.started").size(), 1U);
  std::string committed;
  std::vector<int> tokens;
  for (const Json& event : events_of(run_id, "gen.checkpoint")) {
    EXPECT_EQ(event["data"]["offset"], committed.size());
    committed += event["data"]["text"].get<std::string>();
    for (const Json& token : event["data"]["tokens"]) tokens.push_back(token.get<int>());
  }
  EXPECT_EQ(committed, words(0, 100));
  EXPECT_EQ(tokens.size(), 100U);
}

TEST_F(Generations, APauseIsHeldAtATokenThatACrashDoesNotLose) {
  const std::string run_id = ids.next();
  model.before_word = [&](int word) {
    if (word != 40) return;
    net::co_spawn(*io, planner->command(run_id, {{"id", "p"}, {"type", "run.pause"}}, "user:ada"),
                  [](auto...) {});
  };
  submit({{"id", run_id}});
  wait_hold(run_id, "pause");
  run_until([&] { return events_of(run_id, "gen.checkpoint").size() == 2; });
  model.before_word = {};

  restart();
  accepted(run_id, {{"type", "run.resume"}});

  EXPECT_EQ(text_of(run_id), words(0, 100));
  ASSERT_EQ(model.begun.size(), 2U);
  EXPECT_GE(model.begun[1], 40U);
  EXPECT_LE(model.begun[1], 42U);
}

TEST_F(Generations, AForkGoesOnWhereItsParentStoodThen) {
  const std::string run_id = submit();
  EXPECT_EQ(text_of(run_id), words(0, 100));
  const auto at_seq = events_of(run_id, "gen.checkpoint")[0]["seq"].get<std::uint64_t>();

  const auto child = run(planner->fork(run_id, {{"at_seq", at_seq}, {"paused", false}}, "user:ada"));
  ASSERT_TRUE(child) << child.error().message;

  EXPECT_EQ(text_of((*child)["run"]), words(0, 100));
  EXPECT_THAT(model.begun, ElementsAre(0, 32));
}

TEST_F(Generations, ChangedExpertsHoldFromTheNextTokenOnAndAfterACrash) {
  const std::string run_id = ids.next();
  model.before_word = [&](int word) {
    if (word != 20) return;
    net::co_spawn(
        *io, planner->command(run_id, {{"id", "x"}, {"type", "experts.set"}, {"experts", 2}}, "user:ada"),
        [](auto...) {});
  };
  model.hangs_at = 70;
  submit({{"id", run_id}});
  run_until([&] { return events_of(run_id, "gen.checkpoint").size() == 2; });
  model.before_word = {};
  model.hangs_at = -1;
  restart();

  const std::string text = text_of(run_id);
  const Json change = events_of(run_id, "gen.checkpoint")[0]["data"]["experts"][0];
  const int steered = change["token"];
  EXPECT_EQ(change["experts"], 2);
  EXPECT_GE(steered, 20);
  EXPECT_LE(steered, 24);
  EXPECT_EQ(text, words(0, steered) + words(steered, 100, "e2"));
  EXPECT_EQ(events_of(run_id, "experts.set").size(), 1U);
}

TEST_F(Generations, ATextIsDrawnTowardItsSourcesWhereTheRunWantsIt) {
  find = [](agents::StepContext& context) -> Task<Result<Json>> {
    model::WriteRequest request{.prompt = {.task = "test.write", .slots = {{"question", "Why?"}}}};
    request.without_sources = request.prompt;
    CO_TRY(const model::Written written, co_await context.write(request, "m1"));
    co_return Json{{"text", written.text}};
  };
  model.hangs_at = 70;
  const std::string run_id = submit({{"contrast", 1.5}});
  run_until([&] { return events_of(run_id, "gen.checkpoint").size() == 2; });
  model.hangs_at = -1;
  restart();
  wait_end(run_id);

  const model::TraceContrast contrast{.prompt = {101, 103}, .strength = 1.5};
  EXPECT_THAT(model.begun, ElementsAre(0, 64));
  EXPECT_THAT(model.contrasts, ElementsAre(contrast, contrast));
  const auto seq = events_of(run_id, "gen.started")[0]["seq"].get<std::uint64_t>();
  const auto shown = run(planner->generation(run_id, seq));
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ((*shown)["contrast"], 1.5);
  EXPECT_EQ((*shown)["tokens"][0]["conflict"], 1.5 / 4);

  const std::string plain = submit();
  wait_end(plain);
  EXPECT_EQ(model.contrasts.back(), model::TraceContrast{});
}

TEST_F(Generations, ATextWithoutSourcesIsNotDrawnAnywhere) {
  wait_end(submit({{"contrast", 1.5}}));
  EXPECT_THAT(model.contrasts, ElementsAre(model::TraceContrast{}));
}

TEST_F(Generations, EverythingThatIsAskedAfterTheCommandUsesItsExperts) {
  find = [](agents::StepContext& context) -> Task<Result<Json>> {
    for (int i = 0; i < 2; ++i) {
      const model::ChooseRequest request{.prompt = {.task = "test", .slots = {{"round", i}}},
                                         .options = {"a", "b"}};
      CO_TRY([[maybe_unused]] const model::Choice choice, co_await context.choose(request));
      CO_TRY_OK(co_await context.ask_person("Go on?", Json::object()));
    }
    co_return Json{{"text", "chosen"}};
  };
  const std::string run_id = submit();
  const Json first = wait_hold(run_id, "question");
  accepted(run_id, {{"type", "experts.set"}, {"experts", 3}});
  const auto answer = [&](const Json& hold) {
    accepted(run_id,
             {{"type", "hold.resolve"}, {"hold", hold["hold"]}, {"decision", "answer"}, {"payload", "yes"}});
  };
  answer(first);
  answer(wait_hold(run_id, "question"));
  wait_end(run_id);

  EXPECT_THAT(model.experts, ElementsAre(0, 3));
}

TEST_F(Generations, ExpertsAreRefusedWhereThereAreNoneOrTooFew) {
  const std::string run_id = submit({{"plan_review", true}});
  wait_hold(run_id, "plan_review");

  EXPECT_THAT(refused(run_id, {{"type", "experts.set"}, {"experts", 5}}).error.message, HasSubstr("1 to 4"));
  EXPECT_THAT(refused(run_id, {{"type", "experts.set"}}).error.message, HasSubstr("experts: required"));
  model.shows_tokens = false;
  const Refusal none = refused(run_id, {{"type", "experts.set"}, {"experts", 1}});
  EXPECT_EQ(none.error.code, Errc::unsupported);
  EXPECT_THAT(none.error.message, HasSubstr("scripted has no experts"));
}

TEST_F(Generations, ATextIsShownTokenByToken) {
  const std::string run_id = submit();
  wait_end(run_id);
  const auto seq = events_of(run_id, "gen.started")[0]["seq"].get<std::uint64_t>();

  const auto shown = run(planner->generation(run_id, seq));

  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ((*shown)["text"], words(0, 100));
  EXPECT_EQ((*shown)["tokens"].size(), 100U);
  EXPECT_EQ((*shown)["tokens"][7]["text"], "w7 ");
  EXPECT_EQ((*shown)["sources"], Json({{{"name", "question"}, {"text", "Why?"}}}));
  EXPECT_EQ((*shown)["prompt_tokens"], 3);
  EXPECT_EQ(run(planner->generation(run_id, seq + 1)).error().code, Errc::not_found);
  EXPECT_EQ(run(planner->generation(run_id, 0)).error().code, Errc::not_found);
  model.shows_tokens = false;
  EXPECT_EQ(run(planner->generation(run_id, seq)).error().code, Errc::unsupported);
}

TEST_F(Generations, AModelWithoutTokensLeavesNone) {
  model.shows_tokens = false;
  const std::string run_id = submit();

  EXPECT_EQ(text_of(run_id), words(0, 100));
  EXPECT_TRUE(events_of(run_id, "gen.started").empty());
}

TEST_F(Generations, TheReportSaysWhichExpertsWroteTheTexts) {
  const std::string run_id = submit();
  wait_end(run_id);
  const auto state = load_state_blocking(store->event_log(), run_id, 0);
  ASSERT_TRUE(state);

  const Json report = report_json(*state);
  EXPECT_EQ(report["experts"]["use"], Json::parse("[[3,1],[]]"));
  EXPECT_EQ(report["experts"]["tokens"], 4);
  EXPECT_EQ(report["experts"]["routing_consistency"], 0.5);
  EXPECT_THAT(report_markdown(*state), HasSubstr("50 % of the experts"));
}

}  // namespace
}  // namespace lyceum::planner
