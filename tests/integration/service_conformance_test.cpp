// The whole service below the command line: a real run, and every answer about it against the OpenAPI
// document.
#include <filesystem>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "agents/registry.hpp"
#include "base/http_client.hpp"
#include "base/random.hpp"
#include "model/lexical.hpp"
#include "planner/service.hpp"
#include "tests/support/http_test_client.hpp"
#include "tests/support/openapi_check.hpp"
#include "tools/builtin.hpp"
#include "web/server.hpp"

namespace lyceum::test {
namespace {

/// Everything that the program builds, in a folder of its own. Members end in reverse order.
class ServiceConformance : public testing::Test {
 protected:
  ServiceConformance() {
    std::string name = (std::filesystem::temp_directory_path() / "lyceum_service_test_XXXXXX").string();
    LYCEUM_CHECK(mkdtemp(name.data()) != nullptr);
    folder = name;
    store = *memory::open_store({.directory = name + "/store"}, clock, ids, metrics);
    const auto weight = [this](std::string_view word) { return store->search().idf_blocking(word, {}); };
    model = model::make_lexical_model(weight, pool);
    tools::add_builtin_tools(tools, *store, http, pool, {});
    agents::add_expert_agents(agents);
    const planner::PlannerParts parts{.store = *store,
                                      .model = *model,
                                      .tools = tools,
                                      .agents = agents,
                                      .clock = clock,
                                      .ids = ids,
                                      .metrics = metrics,
                                      .pool = pool,
                                      .executor = io.get_executor()};
    planner = planner::make_planner(parts, {});
    server = std::make_unique<web::Server>(web::ServerParts{.runs = *planner,
                                                            .store = *store,
                                                            .tools = tools,
                                                            .model = model->info(),
                                                            .metrics = metrics,
                                                            .clock = clock,
                                                            .pool = pool,
                                                            .executor = io.get_executor()},
                                           web::ServerOptions{.token = kTestToken});
    for (int i = 0; i < 2; ++i) threads.emplace_back([this] { io.run(); });
    LYCEUM_CHECK(wait_for(planner->recover()).has_value());
    port = *server->start();
    openapi = request(port, "GET", "/api/openapi.json").json();
  }

  ~ServiceConformance() override {
    net::co_spawn(io, server->drain(), net::use_future).get();
    net::co_spawn(io, planner->drain(), net::use_future).get();
    work.reset();
    threads.clear();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }

  template <class T>
  T wait_for(Task<T> task) {
    return net::co_spawn(io, std::move(task), net::use_future).get();
  }

  Reply ask(const std::string& method, const std::string& target, const std::string& body = "",
            HeaderMap headers = {}) {
    Reply reply = request(port, method, target, body, std::move(headers));
    const std::string pattern = pattern_of(openapi, target.substr(0, target.find('?')));
    EXPECT_EQ(conformance_problem(openapi, method, pattern, reply.status, reply.headers["content-type"],
                                  reply.body),
              "")
        << reply.body.substr(0, 2000);
    return reply;
  }

  /// Starts a run and follows its event stream to the end.
  std::string finished_run(const Json& body) {
    const Reply created = ask("POST", "/api/runs", body.dump());
    EXPECT_EQ(created.status, 201U) << created.body;
    const std::string run = created.json()["run"];
    RawClient stream(port);
    stream.send(request_text(port, "GET", "/api/runs/" + run + "/stream"));
    stream.read_to_end();
    return run;
  }

  std::filesystem::path folder;
  SystemClock clock;
  SystemRandom random;
  IdGenerator ids{clock, random};
  Metrics metrics;
  HttpClient http{{}, ""};
  BlockingPool pool{2};
  net::io_context io{2};
  std::unique_ptr<memory::Store> store;
  std::unique_ptr<model::LanguageModel> model;
  tools::Registry tools;
  agents::Registry agents;
  std::unique_ptr<planner::Planner> planner;
  std::unique_ptr<web::Server> server;
  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
  std::vector<std::jthread> threads;
  std::uint16_t port = 0;
  Json openapi;
};

TEST_F(ServiceConformance, EveryAnswerAboutARealRunIsAsDocumented) {
  ask("POST", "/api/documents?collection=sea&source=tides.md",
      "# Tides\n\nTides are caused by the gravity of the moon. The moon pulls the sea.\n",
      {{"Content-Type", "text/markdown"}});
  const std::string run = finished_run({{"question", "What causes the tides?"}, {"collections", {"sea"}}});

  EXPECT_EQ(ask("GET", "/api/runs/" + run).json()["phase"], "terminal");
  EXPECT_EQ(ask("GET", "/api/runs").json()["runs"].size(), 1U);
  const Json page = ask("GET", "/api/runs/" + run + "/events").json();
  EXPECT_EQ(page["events"].size(), page["head"]);
  EXPECT_FALSE(ask("GET", "/api/runs/" + run + "/plan").json()["steps"].empty());
  for (const char* part :
       {"/plan?rev=1", "/files", "/export", "/export?format=json", "/export?format=events"}) {
    EXPECT_EQ(ask("GET", "/api/runs/" + run + part).status, 200U) << part;
  }
  EXPECT_EQ(ask("GET", "/api/runs/" + run + "/plan", "", {{"Accept", "text/markdown"}}).status, 200U);
  for (const char* target : {"/api/holds", "/api/tools", "/api/model", "/api/collections", "/metrics"}) {
    EXPECT_EQ(ask("GET", target).status, 200U) << target;
  }
  EXPECT_EQ(ask("POST", "/api/runs/" + run + "/commands", R"({"id": "c1", "type": "run.pause"})").status,
            409U);
  const Reply fork = ask("POST", "/api/runs/" + run + "/fork", R"({"at_seq": 1})");
  EXPECT_EQ(fork.status, 201U) << fork.body;
  EXPECT_EQ(ask("DELETE", "/api/runs/" + run).status, 409U);
}

TEST_F(ServiceConformance, AHoldIsInTheInboxAndClosedByACommand) {
  const Json body = {{"question", "What causes the tides?"}, {"plan_review", true}};
  const std::string run = ask("POST", "/api/runs", body.dump()).json()["run"];
  RawClient stream(port);
  stream.send(request_text(port, "GET", "/api/runs/" + run + "/stream"));
  stream.read_until("\"type\":\"hold.opened\"");

  const Json holds = ask("GET", "/api/holds").json()["holds"];
  ASSERT_EQ(holds.size(), 1U);
  const Json resolve = {
      {"id", "c1"}, {"type", "hold.resolve"}, {"hold", holds[0]["hold"]}, {"decision", "approve"}};
  EXPECT_EQ(ask("POST", "/api/runs/" + run + "/commands", resolve.dump()).status, 200U);
  stream.read_to_end();

  EXPECT_EQ(ask("GET", "/api/runs/" + run).json()["phase"], "terminal");
  EXPECT_EQ(ask("GET", "/api/holds").json()["holds"].size(), 0U);
}

TEST_F(ServiceConformance, TheEventStreamFromEveryCursorIsTheRestOfTheLog) {
  const std::string run = finished_run({{"question", "What causes the tides?"}});
  const Json log = ask("GET", "/api/runs/" + run + "/events?limit=1000").json()["events"];

  for (std::size_t after = 0; after + 1 < log.size(); ++after) {
    SocketClient client(port);
    client.send({{"op", "sub"}, {"run", run}, {"after", after}});
    for (std::size_t i = after; i < log.size(); ++i) {
      const auto frame = client.receive_op("event");
      ASSERT_TRUE(frame);
      ASSERT_EQ(frame->at("event"), log[i]);
    }
  }
}

}  // namespace
}  // namespace lyceum::test
