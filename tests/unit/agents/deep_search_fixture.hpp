#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "agents/registry.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "memory/store.hpp"
#include "model/lexical.hpp"
#include "tests/support/fake_step_context.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tools/builtin.hpp"

namespace lyceum::agents {

/// A store in a directory of its own, the lexical model over it, the built-in tools and the agents.
class DeepSearchTest : public testing::Test {
 protected:
  DeepSearchTest() {
    auto opened = memory::open_store({.directory = folder_.path("store")}, clock_, ids_, metrics_);
    LYCEUM_CHECK(opened.has_value());
    store = *std::move(opened);
    model = model::make_lexical_model(
        [this](std::string_view word) { return store->search().idf_blocking(word, {}); }, pool_);
    tools::add_builtin_tools(tools, *store, http_, pool_, {});
    add_expert_agents(agents);
  }

  void ingest(const std::string& title, const std::string& text, const std::string& collection = "library") {
    const auto report = store->documents().ingest_blocking({.collection = collection,
                                                            .source = title + ".txt",
                                                            .media_type = "text/plain",
                                                            .title = title,
                                                            .bytes = text});
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->num_added, 1U) << title;
  }

  static StepInput input_for(const std::string& question, std::vector<std::string> step_tools) {
    return {.run_id = "run",
            .step_id = "s1",
            .question = question,
            .goal = question,
            .collections = {"library"},
            .tools = std::move(step_tools)};
  }

  std::unique_ptr<test::FakeStepContext> context_for(const std::string& question,
                                                     std::vector<std::string> step_tools) {
    return std::make_unique<test::FakeStepContext>(input_for(question, std::move(step_tools)), tools, *model,
                                                   run);
  }

  Result<Json> do_step(const std::string& agent, StepContext& context) {
    return test::run_task(agents.find(agent)->run(context));
  }

  /// Types of the events so far, without repeats in a row.
  std::vector<std::string> event_types() const {
    std::vector<std::string> types;
    for (const DirectEvent& event : run.events) {
      if (types.empty() || types.back() != event.type) types.push_back(event.type);
    }
    return types;
  }

  std::vector<Json> events_of(const std::string& type) const {
    std::vector<Json> found;
    for (const DirectEvent& event : run.events) {
      if (event.type == type) found.push_back(event.data);
    }
    return found;
  }

  Evidence evidence(const std::string& id, const std::string& quote, const std::string& document,
                    const std::string& question) {
    return {.id = id,
            .step = "s1",
            .quote = quote,
            .document = document,
            .title = document,
            .begin = 0,
            .end = quote.size(),
            .score = 0.8,
            .question = question,
            .by = "agent:deep_search.find"};
  }

 private:
  ManualClock clock_{};
  SeededRandom random_{7};
  IdGenerator ids_{clock_, random_};
  Metrics metrics_{};
  BlockingPool pool_{1};
  HttpClient http_{EgressPolicy{}, ""};
  test::TemporaryFolder folder_{};

 protected:
  std::unique_ptr<memory::Store> store{};
  std::unique_ptr<model::LanguageModel> model{};
  tools::Registry tools{};
  Registry agents{};
  DirectRun run{};
};

}  // namespace lyceum::agents
