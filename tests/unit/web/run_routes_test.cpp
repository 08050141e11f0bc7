// The routes of runs as pure translation: request in, run port asked, answer out, no socket.
#include <stdexcept>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/support/fake_run_port.hpp"
#include "tests/support/openapi_check.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scripted_chat_model.hpp"
#include "web/embed/embedded_file.hpp"
#include "web/native/routes.hpp"

namespace lyceum::web {
namespace {

/// These routes never reach the store.
class NoStore final : public memory::Store {
 public:
  memory::EventLog& event_log() override { throw std::logic_error("not used"); }

  memory::Blobs& blobs() override { throw std::logic_error("not used"); }

  memory::Documents& documents() override { throw std::logic_error("not used"); }

  memory::Search& search() override { throw std::logic_error("not used"); }

  memory::Notes& notes() override { throw std::logic_error("not used"); }
};

class RunRoutes : public testing::Test {
 protected:
  RunRoutes() { runs.add_run("r1"); }

  /// Routes a request as the server does and checks the answer against the OpenAPI document.
  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& accept = "") {
    const auto parsed = parse_target(target);
    const auto match = find_route(method, parsed->path);
    LYCEUM_CHECK(match && match->route != nullptr);
    Request request{.params = match->params, .query = parsed->query, .accept = accept, .body = body};
    auto made = test::run_task(match->route->handler(services, std::move(request)));
    Answer answer = made ? *std::move(made) : error_answer(made.error());
    static const Json openapi = Json::parse(find_file(api_files(), "/openapi.json")->bytes);
    std::string pattern(match->route->pattern);
    std::erase(pattern, '*');
    EXPECT_EQ(
        test::conformance_problem(openapi, method, pattern, answer.status, answer.content_type, answer.body),
        "");
    return answer;
  }

  test::FakeRunPort runs;
  NoStore store;
  tools::Registry tools;
  test::ScriptedChatModel model;
  Metrics metrics;
  ManualClock clock;
  BlockingPool pool{1};
  Services services{.runs = runs,
                    .store = store,
                    .tools = tools,
                    .model = model,
                    .metrics = metrics,
                    .clock = clock,
                    .pool = pool,
                    .version = "1.2.3",
                    .started_ms = clock.now_ms()};
};

TEST_F(RunRoutes, ANewRunIs201AndTheSameClientIdAgainIs200) {
  const std::string body = R"({"question": "Why?", "id": "mine"})";

  const Answer first = ask("POST", "/api/runs", body);
  const Answer second = ask("POST", "/api/runs", body);

  EXPECT_EQ(first.status, 201U);
  EXPECT_EQ(second.status, 200U);
  EXPECT_EQ(Json::parse(first.body)["run"], Json::parse(second.body)["run"]);
}

TEST_F(RunRoutes, BodiesThatAreNotJsonObjectsAreRefusedWithTheirPlace) {
  const Answer broken = ask("POST", "/api/runs", R"({"question": )");
  EXPECT_EQ(broken.status, 400U);
  EXPECT_EQ(Json::parse(broken.body)["error"]["message"], "not JSON: error at byte 14");

  EXPECT_EQ(ask("POST", "/api/runs", "[]").status, 422U);
  const Answer unknown = ask("POST", "/api/runs", R"({"question": "Why?", "colour": 1})");
  EXPECT_EQ(unknown.status, 422U);
  EXPECT_EQ(Json::parse(unknown.body)["error"]["message"], "body.colour: unknown field");
}

TEST_F(RunRoutes, EventsComeInPagesWithTheHead) {
  for (int i = 0; i < 5; ++i) runs.append("r1", "thought.noted", {{"text", std::to_string(i)}});

  const Json page = Json::parse(ask("GET", "/api/runs/r1/events?after=1&limit=2").body);

  ASSERT_EQ(page["events"].size(), 2U);
  EXPECT_EQ(page["events"][0]["seq"], 2);
  EXPECT_EQ(page["head"], 5);
}

TEST_F(RunRoutes, AStaleCommandIsAConflictWithTheCurrentState) {
  const Answer answer =
      ask("POST", "/api/runs/r1/commands", R"({"id": "c1", "type": "plan.patch", "base_rev": 0})");

  EXPECT_EQ(answer.status, 409U);
  EXPECT_EQ(Json::parse(answer.body)["error"]["current"]["rev"], 1);
}

TEST_F(RunRoutes, AnAcceptedCommandIsAcknowledgedWithItsPlaceInTheLog) {
  const Answer answer = ask("POST", "/api/runs/r1/commands", R"({"id": "c1", "type": "run.pause"})");

  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(Json::parse(answer.body), Json::parse(R"({"ack": {"id": "c1", "seq": 1}})"));
  EXPECT_EQ(Json::parse(runs.log("r1")[0])["data"]["by"], "user:local");
}

TEST_F(RunRoutes, ThePlanIsMarkdownForThoseWhoAskForIt) {
  EXPECT_EQ(Json::parse(ask("GET", "/api/runs/r1/plan").body)["rev"], 1);
  const Answer markdown = ask("GET", "/api/runs/r1/plan", "", "text/markdown");
  EXPECT_EQ(markdown.content_type, "text/markdown; charset=utf-8");
  EXPECT_EQ(markdown.body, "# Plan\n");
}

TEST_F(RunRoutes, FilesAreNeverPages) {
  EXPECT_EQ(ask("GET", "/api/runs/r1/files/page.html").content_type, "text/plain; charset=utf-8");
  const Answer binary = ask("GET", "/api/runs/r1/files/image.bin");
  EXPECT_EQ(binary.content_type, "application/octet-stream");
  EXPECT_EQ(binary.headers.at(0).first, "Content-Disposition");
  EXPECT_EQ(ask("GET", "/api/runs/r1/files/notes/a%20b.md").body, "text");
  EXPECT_EQ(ask("GET", "/api/runs/r1/files/none").status, 404U);
}

TEST_F(RunRoutes, AnExportOfEventsIsTheWholeLogAsLines) {
  for (int i = 0; i < 1203; ++i) runs.append("r1", "thought.noted", {{"text", "x"}});

  const Answer answer = ask("GET", "/api/runs/r1/export?format=events");

  std::string expected;
  for (const std::string& event : runs.log("r1")) expected += event + "\n";
  EXPECT_EQ(answer.body, expected);
  EXPECT_EQ(ask("GET", "/api/runs/r1/export").body, "# Report\n");
  EXPECT_EQ(ask("GET", "/api/runs/r1/export?format=pdf").status, 422U);
}

TEST_F(RunRoutes, OnlyARunThatIsOverCanBeDeleted) {
  EXPECT_EQ(ask("DELETE", "/api/runs/r1").status, 409U);
  runs.finish("r1");
  EXPECT_EQ(ask("DELETE", "/api/runs/r1").status, 204U);
  EXPECT_EQ(ask("DELETE", "/api/runs/r1").status, 404U);
}

TEST_F(RunRoutes, TheModelHasTheFactsAndTheFiguresOfItsEngine) {
  const Json engine = Json::parse(ask("GET", "/api/model").body)["engine"];
  EXPECT_EQ(engine["architecture"], "qwen3moe");
  EXPECT_EQ(engine["live"]["waiting"], 1);
  EXPECT_EQ(engine["live"]["expert_tokens"][0][1], 200);
}

TEST_F(RunRoutes, ATextIsShownTokenByToken) {
  const Answer answer = ask("GET", "/api/runs/r1/generations/3");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(Json::parse(answer.body)["tokens"][0]["text"], "Ada");
  EXPECT_EQ(ask("GET", "/api/runs/r1/generations/4").status, 404U);
  for (const char* wrong : {"x", "3x", "-3", "99999999999999999999"})
    EXPECT_EQ(ask("GET", std::string("/api/runs/r1/generations/") + wrong).status, 422U) << wrong;
}

TEST_F(RunRoutes, TheRestConformsToTheDocument) {
  runs.append("r1", "run.submitted");
  for (const char* target :
       {"/api/runs", "/api/runs/r1", "/api/runs/r1/files", "/api/holds", "/api/tools", "/api/model",
        "/api/health", "/metrics", "/api/openapi.json", "/api/event_catalogue"}) {
    EXPECT_EQ(ask("GET", target).status, 200U) << target;
    EXPECT_EQ(ask("GET", target + std::string("?surprise=1")).status, 422U) << target;
  }
  EXPECT_EQ(ask("POST", "/api/runs/r1/fork", R"({"at_seq": 1})").status, 201U);
}

TEST(ErrorAnswers, HaveTheStatusOfTheTable) {
  EXPECT_EQ(status_of(Errc::malformed), 400U);
  EXPECT_EQ(status_of(Errc::precondition), 409U);
  EXPECT_EQ(status_of(Errc::invalid_argument), 422U);
  EXPECT_EQ(status_of(Errc::overloaded), 429U);
  EXPECT_EQ(status_of(Errc::shutting_down), 503U);
  EXPECT_EQ(status_of(Errc::deadline_exceeded), 504U);
  EXPECT_EQ(status_of(Errc::data_loss), 500U);
}

TEST(Attachment, EncodesAnyFileName) {
  const Answer answer = attachment("x", "application/octet-stream", "a/b/\"né\r\nw\".txt");

  EXPECT_EQ(answer.headers.at(0).second,
            "attachment; filename=\"_n____w_.txt\"; filename*=UTF-8''%22n%C3%A9%0D%0Aw%22.txt");
}

}  // namespace
}  // namespace lyceum::web
