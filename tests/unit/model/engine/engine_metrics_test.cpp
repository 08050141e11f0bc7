#include "model/engine/engine_metrics.hpp"

#include <gmock/gmock.h>

namespace lyceum::model {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EngineMetrics, SayHowOftenExpertsWereFoundOnADeviceThatDoesNotHoldAll) {
  Metrics metrics;
  EngineMetrics engine(metrics);
  EngineStatus status{
      .num_expert_slots = 8, .expert_uses = 10, .expert_hits = 7, .expert_fetched_bytes = 3000};
  engine.report(status, true);
  status.expert_uses = 15;
  status.expert_hits = 11;
  status.expert_fetched_bytes = 4000;
  engine.report(status, true);

  const std::string text = metrics.scrape();
  EXPECT_THAT(text, HasSubstr("lyceum_engine_expert_slots 8"));
  EXPECT_THAT(text, HasSubstr("lyceum_engine_expert_uses_total{found=\"on_device\"} 11"));
  EXPECT_THAT(text, HasSubstr("lyceum_engine_expert_uses_total{found=\"outside\"} 4"));
  EXPECT_THAT(text, HasSubstr("lyceum_engine_expert_fetched_bytes_total 4000"));
}

TEST(EngineMetrics, SayNothingOfFetchesWhereAllExpertsAreThere) {
  Metrics metrics;
  EngineMetrics engine(metrics);
  engine.report(EngineStatus{.num_running = 1}, true);

  EXPECT_THAT(metrics.scrape(), Not(HasSubstr("lyceum_engine_expert_uses_total")));
}

}  // namespace
}  // namespace lyceum::model
