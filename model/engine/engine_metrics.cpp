#include "model/engine/engine_metrics.hpp"

namespace lyceum::model {
namespace {

constexpr std::chrono::milliseconds kInterval{250};

double difference(std::uint64_t now, std::uint64_t before) {
  return static_cast<double>(now - before);
}

}  // namespace

void EngineMetrics::report(const EngineStatus& status, bool is_idle) {
  const auto now = MonotonicClock::now();
  if (!is_idle && now < next_) return;
  next_ = now + kInterval;
  const auto requests = [&](const char* state, std::uint64_t count) {
    metrics_.set("lyceum_engine_requests", "Requests in the model engine, by state",
                 static_cast<double>(count), {{"state", state}});
  };
  requests("waiting", status.num_waiting);
  requests("running", status.num_running);
  requests("paused", status.num_paused);
  metrics_.set("lyceum_engine_batch_tokens", "Tokens of the last step",
               static_cast<double>(status.batch_tokens));
  const auto pages = [&](const char* use, std::uint64_t count) {
    metrics_.set("lyceum_engine_pages", "Pages of keys and values, by use", static_cast<double>(count),
                 {{"use", use}});
  };
  pages("requests", status.num_pages_used);
  pages("cached", status.num_pages_cached);
  pages("free", status.num_pages - status.num_pages_used - status.num_pages_cached);
  const auto tokens = [&](const char* kind, std::uint64_t count, std::uint64_t before, double per_s) {
    metrics_.add("lyceum_engine_tokens_total", "Tokens by what was done for them", difference(count, before),
                 {{"kind", kind}});
    metrics_.set("lyceum_engine_tokens_per_second", "Tokens per second of work, over the last seconds", per_s,
                 {{"kind", kind}});
  };
  tokens("prefill", status.prefill_tokens, last_.prefill_tokens, status.prefill_tokens_per_s);
  tokens("decode", status.decode_tokens, last_.decode_tokens, status.decode_tokens_per_s);
  metrics_.add("lyceum_engine_tokens_total", "Tokens by what was done for them",
               difference(status.cached_tokens, last_.cached_tokens), {{"kind", "cached"}});
  if (status.num_expert_slots > 0) report_fetches(status);
  for (std::size_t layer = 0; layer < status.expert_tokens.size(); ++layer) {
    const auto& experts = status.expert_tokens[layer];
    for (std::size_t expert = 0; expert < experts.size(); ++expert) {
      const std::uint64_t before = last_.expert_tokens.empty() ? 0 : last_.expert_tokens[layer][expert];
      if (experts[expert] == before) continue;
      metrics_.add("lyceum_engine_expert_tokens_total", "Tokens that an expert computed",
                   difference(experts[expert], before),
                   {{"layer", std::to_string(layer)}, {"expert", std::to_string(expert)}});
    }
  }
  last_ = status;
}

void EngineMetrics::report_fetches(const EngineStatus& status) {
  metrics_.set("lyceum_engine_expert_slots", "Experts that the device holds",
               static_cast<double>(status.num_expert_slots));
  const auto uses = [&](const char* found, double count) {
    metrics_.add("lyceum_engine_expert_uses_total", "Experts used by a step and layer, by where they were",
                 count, {{"found", found}});
  };
  const double hits = difference(status.expert_hits, last_.expert_hits);
  uses("on_device", hits);
  uses("outside", difference(status.expert_uses, last_.expert_uses) - hits);
  metrics_.add("lyceum_engine_expert_fetched_bytes_total", "Bytes of experts that came to the device",
               difference(status.expert_fetched_bytes, last_.expert_fetched_bytes));
}

}  // namespace lyceum::model
