#include "model/engine/white_box.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "model/engine/engine_calls.hpp"
#include "model/engine/writing.hpp"

namespace lyceum::model {
namespace {

constexpr double kBan = -1000;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The part of the first's experts that the second has too, over all layers.
double overlap(const ExplainedToken& token, const ExplainedToken& before) {
  std::size_t num_shared = 0;
  std::size_t num_experts = 0;
  for (std::size_t layer = 0; layer < token.experts.size(); ++layer) {
    const auto& others = before.experts[layer];
    num_experts += token.experts[layer].size();
    num_shared +=
        static_cast<std::size_t>(std::ranges::count_if(token.experts[layer], [&](std::int32_t expert) {
          return std::ranges::find(others, expert) != others.end();
        }));
  }
  return num_experts == 0 ? 0 : static_cast<double>(num_shared) / static_cast<double>(num_experts);
}

void sum_up(Explained& explained, const ModelConfig& config) {
  for (const LayerConfig& layer : config.layers)
    explained.expert_use.emplace_back(layer.experts ? layer.experts->num_experts : 0);
  double consistency = 0;
  for (std::size_t i = 0; i < explained.tokens.size(); ++i) {
    const auto& experts = explained.tokens[i].experts;
    for (std::size_t layer = 0; layer < experts.size(); ++layer) {
      for (const std::int32_t expert : experts[layer])
        ++explained.expert_use[layer][static_cast<std::size_t>(expert)];
    }
    if (i > 0) consistency += overlap(explained.tokens[i], explained.tokens[i - 1]);
  }
  if (explained.tokens.size() > 1)
    explained.routing_consistency = consistency / static_cast<double>(explained.tokens.size() - 1);
}

}  // namespace

/// All sources, none, and all but each; what they have in common comes from the prefix cache.
Result<std::vector<ScoreRequest>> EngineWhiteBox::masked_requests(const SupportRequest& request) const {
  TRY(const std::vector<TokenId> claim, parts_.tokenizer.encode(request.claim));
  std::vector<std::vector<std::string>> variants{request.sources,
                                                 std::vector<std::string>(request.sources.size())};
  for (std::size_t hidden = 0; hidden < request.sources.size(); ++hidden) {
    variants.push_back(request.sources);
    variants.back()[hidden].clear();
  }
  std::vector<ScoreRequest> requests;
  for (const auto& sources : variants) {
    TRY(std::vector<TokenId> prefix, speaker_.prompt_over(request.prompt, sources));
    TRY_OK(room_after(parts_.engine, prefix.size() + claim.size(), 1));
    requests.push_back({.prefix = std::move(prefix), .continuations = {claim}});
  }
  return requests;
}

Task<Result<Support>> EngineWhiteBox::measure_support(SupportRequest request) {
  CO_TRY_OK(validate(QuoteRequest{.prompt = request.prompt, .sources = request.sources}));
  if (request.claim.empty()) co_return Error{Errc::invalid_argument, "claim: must not be empty"};
  const auto make = [&] { return masked_requests(request); };
  CO_TRY(auto requests, co_await run_blocking(parts_.pool, make));
  Support support;
  for (const ScoreRequest& scored : requests)
    support.usage.tokens_in += scored.prefix.size() + scored.continuations[0].size();
  CO_TRY(const auto scores, co_await score(parts_.engine, std::move(requests), Priority::normal));
  const auto of = [&](std::size_t variant) { return mean(scores[variant].continuations[0].logprobs); };
  support.with_all = of(0);
  support.without_any = of(1);
  for (std::size_t source = 0; source < request.sources.size(); ++source)
    support.without_source.push_back(of(source + 2));
  co_return support;
}

Result<RoutingControls> EngineWhiteBox::routing_for(const ExpertControls& controls) const {
  const ModelConfig& config = parts_.engine.transformer().config();
  RoutingControls routing;
  if (controls.experts_per_layer > 0)
    routing.experts_per_layer.assign(config.layers.size(), controls.experts_per_layer);
  if (controls.bias.empty()) return routing;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    const std::size_t num_experts =
        config.layers[layer].experts ? config.layers[layer].experts->num_experts : 0;
    std::vector<float> bias(num_experts);
    const auto asked = controls.bias.find(static_cast<std::uint32_t>(layer));
    if (asked != controls.bias.end()) {
      for (const auto& [expert, value] : asked->second) {
        if (expert >= num_experts)
          return Error{Errc::invalid_argument, "layer " + std::to_string(layer) + " has " +
                                                   std::to_string(num_experts) + " experts, none is number " +
                                                   std::to_string(expert)};
        bias[expert] = value < kBan ? -std::numeric_limits<float>::infinity() : static_cast<float>(value);
      }
    }
    routing.expert_bias.insert(routing.expert_bias.end(), bias.begin(), bias.end());
  }
  if (controls.bias.rbegin()->first >= config.layers.size())
    return Error{Errc::invalid_argument, "the model has " + std::to_string(config.layers.size()) +
                                             " layers, none is number " +
                                             std::to_string(controls.bias.rbegin()->first)};
  return routing;
}

/// Where the sources stand in a prompt, by the bytes of its tokens.
std::vector<PositionRange> EngineWhiteBox::positions_of(const std::vector<std::string>& sources,
                                                        std::span<const TokenId> prompt) const {
  std::string text;
  std::vector<std::size_t> begins;
  for (const TokenId token : prompt) {
    begins.push_back(text.size());
    text += parts_.tokenizer.bytes_of(token, true);
  }
  std::vector<PositionRange> ranges;
  std::size_t from = 0;
  for (const std::string& source : sources) {
    const std::size_t begin = source.empty() ? std::string::npos : text.find(source, from);
    if (begin == std::string::npos) {
      ranges.emplace_back();
      continue;
    }
    from = begin + source.size();
    const auto position_of = [&](std::size_t byte) {
      return static_cast<std::size_t>(std::ranges::upper_bound(begins, byte) - begins.begin()) - 1;
    };
    ranges.push_back({.begin = position_of(begin), .end = position_of(from - 1) + 1});
  }
  return ranges;
}

Result<GenerationRequest> EngineWhiteBox::generation_for(const ExplainRequest& request) const {
  GenerationRequest generation;
  TRY(generation.controls, routing_for(request.controls));
  TRY(generation.start.prompt, speaker_.prompt_over(request.prompt, request.sources));
  TRY(generation.start.tokens_max,
      room_after(parts_.engine, generation.start.prompt.size(), request.tokens_max));
  generation.start.sampling = {.temperature = request.temperature,
                               .seed = request.seed,
                               .wants_logprobs = true,
                               .top_logprobs = request.num_top};
  generation.end_tokens = end_tokens_of(parts_);
  generation.taps.wants_routes = true;
  generation.taps.attention_spans = positions_of(request.sources, generation.start.prompt);
  if (request.contrast > 0) {
    const std::vector<std::string> hidden(request.sources.size());
    TRY(std::vector<TokenId> without, speaker_.prompt_over(request.prompt, hidden));
    generation.contrast = Contrast{.prompt_without = std::move(without), .strength = request.contrast};
  }
  return generation;
}

Task<Result<Explained>> EngineWhiteBox::explain(ExplainRequest request) {
  CO_TRY_OK(validate(WriteRequest{
      .prompt = request.prompt, .tokens_max = request.tokens_max, .temperature = request.temperature}));
  const auto make = [&] { return generation_for(request); };
  CO_TRY(GenerationRequest generation, co_await run_blocking(parts_.pool, make));
  Explained explained;
  const auto ranked = [&](TokenId token, double logprob) {
    return RankedText{.bytes = std::string(parts_.tokenizer.bytes_of(token, true)), .logprob = logprob};
  };
  const auto read = [&](const GeneratedToken& token) -> Task<bool> {
    if (token.is_end) co_return true;
    ExplainedToken& shown = explained.tokens.emplace_back();
    shown.token = ranked(token.sampled.token, token.sampled.logprob);
    shown.entropy = token.sampled.entropy;
    shown.conflict = token.contrast;
    for (const RankedToken& other : token.sampled.top)
      shown.top.push_back(ranked(other.token, other.logprob));
    shown.attention = token.shown.attention;
    shown.experts = token.shown.experts;
    co_return true;
  };
  CO_TRY(const GenerationEnd end,
         co_await generate(parts_.engine, std::move(generation), Priority::interactive, read));
  explained.usage = {.tokens_in = end.prompt_tokens, .tokens_out = end.generated_tokens};
  sum_up(explained, parts_.engine.transformer().config());
  co_return explained;
}

}  // namespace lyceum::model
