#include "planner/run/generation.hpp"

#include <algorithm>

#include "model/engine_status.hpp"
#include "model/white_box.hpp"
#include "planner/run/stored_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kMinSourceBytes = 3;
constexpr std::size_t kMaxSources = 64;

/// All texts in `value`, named by the way to them: "evidence 2 quote".
void add_texts(Json& sources, const Json& value, const std::string& name) {
  if (sources.size() >= kMaxSources) return;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() >= kMinSourceBytes) sources.push_back({{"name", name}, {"text", text}});
  } else if (value.is_object()) {
    for (const auto& [key, field] : value.items())
      add_texts(sources, field, name.empty() ? key : name + " " + key);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      add_texts(sources, value[i], name + " " + std::to_string(i + 1));
  }
}

std::vector<std::int32_t> tokens_from(const Json& data, const char* name) {
  return data.value(name, std::vector<std::int32_t>{});
}

Json to_json(const model::ExplainedToken& token) {
  Json top = Json::array();
  // A part of a character becomes U+FFFD when the JSON is written.
  for (const model::RankedText& other : token.top)
    top.push_back({{"text", other.bytes}, {"logprob", other.logprob}});
  return {{"text", token.text},         {"logprob", token.token.logprob}, {"entropy", token.entropy},
          {"conflict", token.conflict}, {"top", std::move(top)},          {"attention", token.attention},
          {"experts", token.experts}};
}

}  // namespace

std::string identity_of(const model::LanguageModel& model) {
  std::string identity = model.info().provider + " " + model.info().name;
  if (const model::EngineMonitor* monitor = model.engine_monitor()) {
    const model::EngineFacts& facts = monitor->facts();
    identity += " (" + facts.architecture + ", " + facts.weights_type + ", " +
                std::to_string(facts.num_parameters) + " parameters)";
  }
  return identity;
}

GenerationDraft begun_draft(const Json& started) {
  return {.model = started.value("model", ""),
          .trace = {.prompt = tokens_from(started, "prompt"),
                    .contrast = {.prompt = tokens_from(started, "prompt_without"),
                                 .strength = started.value("contrast", 0.0)}}};
}

void grow_draft(GenerationDraft& draft, const Json& checkpoint) {
  draft.text += checkpoint.value("text", "");
  const auto tokens = tokens_from(checkpoint, "tokens");
  draft.trace.tokens.insert(draft.trace.tokens.end(), tokens.begin(), tokens.end());
  for (const Json& change : checkpoint.value("experts", Json::array()))
    draft.trace.experts.push_back({.token = change.value("token", std::uint64_t{0}),
                                   .experts = change.value("experts", std::uint32_t{0})});
}

Json to_json(const std::vector<model::ExpertChange>& changes) {
  Json list = Json::array();
  for (const model::ExpertChange& change : changes)
    list.push_back({{"token", change.token}, {"experts", change.experts}});
  return list;
}

Json sources_of(const model::Prompt& prompt) {
  Json sources = Json::array();
  add_texts(sources, prompt.slots, "");
  return sources;
}

Json to_json(const model::ExpertUse& use) {
  return {{"tokens", use.num_tokens}, {"use", use.tokens}, {"routing_consistency", use.routing_consistency}};
}

void add_expert_use(model::ExpertUse& sum, const Json& result) {
  if (!result.is_object() || !result.contains("experts") || !result["experts"].is_object()) return;
  const Json& experts = result["experts"];
  const auto tokens = experts.value("tokens", std::uint64_t{0});
  const auto use = experts.value("use", std::vector<std::vector<std::uint64_t>>{});
  if (tokens == 0) return;
  sum.tokens.resize(std::max(sum.tokens.size(), use.size()));
  for (std::size_t layer = 0; layer < use.size(); ++layer) {
    auto& counts = sum.tokens[layer];
    counts.resize(std::max(counts.size(), use[layer].size()));
    for (std::size_t expert = 0; expert < use[layer].size(); ++expert) counts[expert] += use[layer][expert];
  }
  const double before = sum.routing_consistency * static_cast<double>(sum.num_tokens);
  const double added = experts.value("routing_consistency", 0.0) * static_cast<double>(tokens);
  sum.num_tokens += tokens;
  sum.routing_consistency = (before + added) / static_cast<double>(sum.num_tokens);
}

Result<StoredGeneration> load_generation_blocking(const memory::EventLog& log, const std::string& run_id,
                                                  std::uint64_t seq) {
  StoredGeneration found;
  Event started;
  const auto is_same = [&](const Event& event) {
    return event.step == started.step && event.attempt == started.attempt && event.pos == started.pos;
  };
  TRY_OK(visit_events_blocking(log, run_id, seq == 0 ? 0 : seq - 1, 0, [&](const Event& event) {
    if (event.seq == seq && event.type == "gen.started") {
      started = event;
      found = {.seq = seq, .step = event.step, .started = event.data, .draft = begun_draft(event.data)};
      return Visit::next;
    }
    if (found.seq == 0) return Visit::stop;
    if (event.step == started.step && event.type.starts_with("step.")) return Visit::stop;
    if (!is_same(event)) return Visit::next;
    if (event.type == "gen.checkpoint") grow_draft(found.draft, event.data);
    return event.type == "gen.started" ? Visit::stop : Visit::next;
  }));
  if (found.seq != 0) return found;
  return Error{Errc::not_found,
               "run " + run_id + " has no text that begins with event " + std::to_string(seq)};
}

Task<Result<Json>> show_generation(model::LanguageModel& model, StoredGeneration generation) {
  model::WhiteBox* const white_box = model.white_box();
  if (white_box == nullptr)
    co_return Error{Errc::unsupported, "the model " + model.info().name + " does not show its tokens"};
  const GenerationDraft& draft = generation.draft;
  if (draft.model != identity_of(model))
    co_return Error{Errc::precondition, "this text was written by " + draft.model +
                                            "; the service has another model now: " + identity_of(model)};
  if (draft.trace.tokens.empty())
    co_return Error{Errc::precondition, "no token of this text is stored yet; ask again later"};
  const Json sources = generation.started.value("sources", Json::array());
  model::TraceRequest request{.trace = draft.trace};
  for (const Json& source : sources) request.sources.push_back(source.value("text", ""));
  CO_TRY(const model::Explained explained, co_await white_box->explain_trace(std::move(request)));
  Json tokens = Json::array();
  for (const model::ExplainedToken& token : explained.tokens) tokens.push_back(to_json(token));
  co_return Json{{"generation", generation.seq},
                 {"step", generation.step},
                 {"task", generation.started.value("task", "")},
                 {"model", draft.model},
                 {"prompt_tokens", draft.trace.prompt.size()},
                 {"contrast", draft.trace.contrast.strength},
                 {"sources", sources},
                 {"text", draft.text},
                 {"tokens", std::move(tokens)},
                 {"experts_set", to_json(draft.trace.experts)},
                 {"experts", to_json(explained.expert_use)}};
}

}  // namespace lyceum::planner
