// The whole service below the command line: a real run, and every answer about it against the OpenAPI
// document.
#include <gtest/gtest.h>

#include "cli/service.hpp"
#include "tests/support/http_test_client.hpp"
#include "tests/support/openapi_check.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lyceum::test {
namespace {

/// The service as the program builds it, in a folder of its own.
class ServiceConformance : public testing::Test {
 protected:
  ServiceConformance() {
    const cli::ConfigurationSources sources{
        .flags = {{"data_dir", folder.path()}, {"token", kTestToken}, {"model", "lexical"}}};
    const auto configuration = sources.resolve();
    LYCEUM_CHECK(configuration.has_value());
    auto started = cli::Service::start_blocking(*configuration, {});
    LYCEUM_CHECK(started.has_value());
    service = *std::move(started);
    const std::string& url = service->url();
    port = static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
    openapi = request(port, "GET", "/api/openapi.json").json();
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

  TemporaryFolder folder;
  std::unique_ptr<cli::Service> service;
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
