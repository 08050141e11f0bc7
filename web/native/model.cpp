// What the model is, can do, and does right now.
#include "model/chat_model.hpp"
#include "model/engine_status.hpp"
#include "web/native/routes.hpp"

namespace lyceum::web {
namespace {

Json capabilities_json(const model::Capabilities& can) {
  return {{"follows_instructions", can.follows_instructions},
          {"exact_choice", can.exact_choice},
          {"bound_quotes", can.bound_quotes},
          {"embeds", can.embeds},
          {"deterministic", can.deterministic},
          {"resumes_at_token", can.resumes_at_token}};
}

Json chat_json(const model::ChatModel* chat) {
  if (chat == nullptr) return nullptr;
  const model::ChatModelInfo& info = chat->chat_info();
  return {{"name", info.name}, {"context_length", info.context_length}, {"calls_tools", info.calls_tools}};
}

Json live_json(const model::EngineStatus& status) {
  return {{"waiting", status.num_waiting},
          {"running", status.num_running},
          {"paused", status.num_paused},
          {"batch_tokens", status.batch_tokens},
          {"pages", status.num_pages},
          {"pages_used", status.num_pages_used},
          {"pages_cached", status.num_pages_cached},
          {"prefill_tokens", status.prefill_tokens},
          {"cached_tokens", status.cached_tokens},
          {"decode_tokens", status.decode_tokens},
          {"prefill_tokens_per_s", status.prefill_tokens_per_s},
          {"decode_tokens_per_s", status.decode_tokens_per_s},
          {"expert_tokens", status.expert_tokens}};
}

Json engine_json(const model::EngineMonitor* monitor) {
  if (monitor == nullptr) return nullptr;
  const model::EngineFacts& facts = monitor->facts();
  return {{"architecture", facts.architecture},
          {"file", facts.file},
          {"weights_type", facts.weights_type},
          {"parameters", facts.num_parameters},
          {"active_parameters", facts.num_active_parameters},
          {"layers", facts.num_layers},
          {"experts", facts.num_experts},
          {"experts_used", facts.num_experts_used},
          {"context_length", facts.context_length},
          {"vocabulary", facts.vocab_size},
          {"weight_bytes", facts.weight_bytes},
          {"page_bytes", facts.page_bytes},
          {"tokens_per_page", facts.tokens_per_page},
          {"instruction_set", facts.instruction_set},
          {"live", live_json(monitor->status())}};
}

void publish_status(Metrics& metrics, const model::EngineStatus& status) {
  const auto set = [&](const char* name, const char* help, double value, const Labels& labels = {}) {
    metrics.set(std::string("lyceum_engine_") + name, help, value, labels);
  };
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  set("requests", "Generations by state", count(status.num_waiting), {{"state", "waiting"}});
  set("requests", "Generations by state", count(status.num_running), {{"state", "running"}});
  set("requests", "Generations by state", count(status.num_paused), {{"state", "paused"}});
  set("batch_tokens", "Tokens of the last step", count(status.batch_tokens));
  set("pages", "Pages of keys and values", count(status.num_pages));
  set("pages_used", "Pages that requests hold", count(status.num_pages_used));
  set("pages_cached", "Pages kept for prefixes to come", count(status.num_pages_cached));
  const char* help = "Tokens since the start, by kind";
  set("tokens", help, count(status.prefill_tokens), {{"kind", "prefill"}});
  set("tokens", help, count(status.cached_tokens), {{"kind", "cached"}});
  set("tokens", help, count(status.decode_tokens), {{"kind", "decode"}});
  set("prefill_tokens_per_second", "Over the last seconds of work", status.prefill_tokens_per_s);
  set("decode_tokens_per_second", "Over the last seconds of work", status.decode_tokens_per_s);
  for (std::size_t layer = 0; layer < status.expert_tokens.size(); ++layer) {
    const auto& experts = status.expert_tokens[layer];
    for (std::size_t expert = 0; expert < experts.size(); ++expert) {
      set("expert_tokens", "Tokens since the start that an expert computed", count(experts[expert]),
          {{"layer", std::to_string(layer)}, {"expert", std::to_string(expert)}});
    }
  }
}

}  // namespace

Task<Result<Answer>> get_model(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const model::ModelInfo& info = services.model.info();
  co_return json_answer({{"provider", info.provider},
                         {"name", info.name},
                         {"summary", info.summary},
                         {"capabilities", capabilities_json(info.capabilities)},
                         {"limits", info.limits},
                         {"chat", chat_json(services.model.chat_model())},
                         {"engine", engine_json(services.model.engine_monitor())}});
}

// The engine's figures are read when somebody asks for them.
Task<Result<Answer>> get_metrics(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const model::EngineMonitor* monitor = services.model.engine_monitor();
  if (monitor != nullptr) publish_status(services.metrics, monitor->status());
  co_return Answer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                   .body = services.metrics.scrape()};
}

}  // namespace lyceum::web
