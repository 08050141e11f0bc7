// What the model is, can do, and does right now.
#include "model/chat_model.hpp"
#include "model/engine_status.hpp"
#include "model/white_box.hpp"
#include "web/native/routes.hpp"

namespace lyceum::web {
namespace {

Json capabilities_json(const model::Capabilities& can) {
  return {{"follows_instructions", can.follows_instructions},
          {"exact_choice", can.exact_choice},
          {"bound_quotes", can.bound_quotes},
          {"embeds", can.embeds},
          {"deterministic", can.deterministic},
          {"resumes_at_token", can.resumes_at_token},
          {"shows_tokens", can.shows_tokens}};
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
          {"expert_slots", status.num_expert_slots},
          {"expert_uses", status.expert_uses},
          {"expert_hits", status.expert_hits},
          {"expert_fetched_bytes", status.expert_fetched_bytes},
          {"expert_tokens", status.expert_tokens}};
}

Json engine_json(model::LanguageModel& model) {
  const model::EngineMonitor* const monitor = model.engine_monitor();
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
          {"experts_max", model.white_box() == nullptr ? 0 : model.white_box()->experts_max()},
          {"context_length", facts.context_length},
          {"vocabulary", facts.vocab_size},
          {"weight_bytes", facts.weight_bytes},
          {"page_bytes", facts.page_bytes},
          {"tokens_per_page", facts.tokens_per_page},
          {"instruction_set", facts.instruction_set},
          {"live", live_json(monitor->status())}};
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
                         {"engine", engine_json(services.model)}});
}

}  // namespace lyceum::web
