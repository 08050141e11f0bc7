#pragma once

#include <memory>
#include <string>

#include <gmock/gmock.h>

#include "base/async/blocking_pool.hpp"
#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json_schema.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "memory/store.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tools/builtin.hpp"

namespace lyceum::tools {

/// The built-in tools over a store in a directory of its own.
class BuiltinToolsTest : public testing::Test {
 protected:
  BuiltinToolsTest() {
    auto opened = memory::open_store({.directory = folder_.path("store")}, clock_, ids_, metrics_);
    LYCEUM_CHECK(opened.has_value());
    store = *std::move(opened);
    add_builtin_tools(registry, *store, http_, pool_, {.body_bytes_max = 4096, .timeout_s = 10});
  }

  /// As the planner does it: validated, then run.
  Result<ToolOutcome> call(const std::string& name, const Json& args, ToolCall tool_call) {
    TRY_OK(registry.validate(name, args));
    TRY(ToolOutcome outcome, test::run_task(registry.find(name)->run(args, std::move(tool_call))));
    const auto conforms = validate_schema(outcome.result, registry.find(name)->spec().result, "result");
    EXPECT_TRUE(conforms) << (conforms ? "" : conforms.error().message);
    return outcome;
  }

  std::string ingest(const std::string& title, const std::string& text, const std::string& collection) {
    auto report = store->documents().ingest_blocking({.collection = collection,
                                                      .source = title + ".md",
                                                      .media_type = "text/markdown",
                                                      .title = title,
                                                      .bytes = text});
    LYCEUM_CHECK(report.has_value() && report->documents.size() == 1);
    return report->documents[0].id;
  }

 private:
  ManualClock clock_{};
  SeededRandom random_{7};
  IdGenerator ids_{clock_, random_};
  Metrics metrics_{};
  BlockingPool pool_{1};
  HttpClient http_{EgressPolicy{.allow_private = true}, ""};
  test::TemporaryFolder folder_{};

 protected:
  std::unique_ptr<memory::Store> store{};
  Registry registry{};
};

}  // namespace lyceum::tools
