#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "agents/registry.hpp"
#include "base/random.hpp"
#include "memory/store.hpp"
#include "model/white_box.hpp"
#include "planner/service.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/planner/flaky_store.hpp"

namespace lyceum::planner {

using Script = std::function<Task<Result<Json>>(agents::StepContext&)>;

/// An expert agent whose behaviour is a function of the test's.
class ScriptedAgent final : public agents::ExpertAgent {
 public:
  ScriptedAgent(std::string name, std::vector<std::string> tools, Script script)
      : script_(std::move(script)) {
    spec_.name = std::move(name);
    spec_.tools = std::move(tools);
  }

  const Spec& spec() const override { return spec_; }

  Task<Result<Json>> run(agents::StepContext& context) override { co_return co_await script_(context); }

 private:
  Spec spec_;
  Script script_;
};

/// A tool that counts its calls by key and can be made to hang until it is cancelled.
class CountingTool final : public tools::Tool {
 public:
  CountingTool(std::string name, tools::Effect effect, tools::Risk risk);

  const Spec& spec() const override { return spec_; }

  Task<Result<tools::ToolOutcome>> run(Json args, tools::ToolCall call) override;

  std::vector<std::pair<std::string, Json>> calls{};  ///< Key and arguments, in order.
  bool hangs = false;

 private:
  Spec spec_;
};

/// Shows a text as one token a word.
class ScriptedWhiteBox final : public model::WhiteBox {
 public:
  Task<Result<model::Support>> measure_support(model::SupportRequest request) override;
  Task<Result<model::Explained>> explain(model::ExplainRequest request) override;
  Task<Result<model::Explained>> explain_trace(model::TraceRequest request) override;

  std::uint32_t experts_max() const override { return 4; }
};

/// A model whose writes stream word by word, and which can be down. With a white box each word is a token,
/// and says with how many experts it was made where that is not the model's own number.
class ScriptedModel final : public model::LanguageModel {
 public:
  const model::ModelInfo& info() const override { return info_; }

  Task<Result<model::Choice>> choose(model::ChooseRequest request) override;
  Task<Result<model::Quotes>> quote(model::QuoteRequest request) override;
  Task<Result<model::Written>> write(model::WriteRequest request, model::TextSink* sink) override;
  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override;

  model::WhiteBox* white_box() override { return shows_tokens ? &white_box_ : nullptr; }

  bool is_down = false;
  bool shows_tokens = false;
  int num_words = 10;
  int hangs_at = -1;  ///< The word before which a write waits until it is cancelled.
  int calls = 0;
  std::vector<std::size_t> begun{};      ///< Tokens that each write went on behind.
  std::vector<std::uint32_t> experts{};  ///< That each choice was asked with.
  /// What each write went on with, or began anew with, when it was asked for a contrast.
  std::vector<model::TraceContrast> contrasts{};
  std::function<void(int word)> before_word{};

 private:
  model::ModelInfo info_{.provider = "scripted", .name = "scripted"};
  ScriptedWhiteBox white_box_{};
};

/// A planner over a real store in a temporary directory, with scripted agents of the lead "test": test.plan
/// drafts `plan_steps`, test.find and test.answer run `find` and `answer`. One thread; time moves as the test
/// says.
class RunHarness : public testing::Test {
 protected:
  RunHarness();
  ~RunHarness() override;

  /// Stops the planner while the members of the test's own class are there, which scripts use.
  void TearDown() override { stop(); }

  /// Runs the loop until the task has ended.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    net::co_spawn(*io, std::move(task), [&value](const std::exception_ptr& failure, T result) {
      if (failure) std::rethrow_exception(failure);
      value = std::move(result);
    });
    run_until([&value] { return value.has_value(); });
    return *std::move(value);
  }

  /// Runs the loop until `condition` holds; fails the test when nothing is left to happen for long.
  void run_until(const std::function<bool()>& condition);
  /// Runs the next handler; false when none comes for a moment.
  bool turn();

  /// Stops the planner as a crash would be seen in the log (nothing is written), and starts a new one over
  /// the same store.
  void restart();

  std::string submit(Json body = Json::object());
  Json summary(const std::string& run_id);
  std::vector<Json> events(const std::string& run_id);
  std::vector<Json> events_of(const std::string& run_id, const std::string& type);
  CommandOutcome command(const std::string& run_id, Json command);
  std::uint64_t accepted(const std::string& run_id, Json command);
  Refusal refused(const std::string& run_id, Json command);
  /// Waits for the first open hold of this kind.
  Json wait_hold(const std::string& run_id, const std::string& kind);
  void wait_end(const std::string& run_id);
  std::string status(const std::string& run_id);

  Json plan_steps = {{{"title", "Find"}, {"agent", "test.find"}, {"tools", {"look", "fetch", "send"}}},
                     {{"title", "Answer"}, {"agent", "test.answer"}, {"inputs", {"*"}}}};
  Script find;
  Script answer;
  Script plan_otherwise{};  ///< Of test.plan from its second attempt on; empty: `plan_steps` again.

  ManualClock clock;
  SeededRandom random{7};
  IdGenerator ids{clock, random};
  Metrics metrics;
  PlannerOptions options{};
  ScriptedModel model;
  tools::Registry tools;
  agents::Registry agents;
  CountingTool* look;   ///< pure, low risk
  CountingTool* fetch;  ///< idempotent, medium risk
  CountingTool* send;   ///< irreversible, low risk
  test::TemporaryFolder folder;
  std::unique_ptr<BlockingPool> pool;
  std::unique_ptr<net::io_context> io;
  std::unique_ptr<FlakyStore> store;
  std::unique_ptr<Planner> planner;

 private:
  void start();
  void stop();
  int next_command_ = 1;
  std::vector<std::string> submitted_{};
};

}  // namespace lyceum::planner
