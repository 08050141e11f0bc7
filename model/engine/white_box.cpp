#include "model/engine/white_box.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

#include "model/engine/engine_calls.hpp"
#include "model/engine/expert_use.hpp"
#include "model/engine/writing.hpp"
#include "model/tokenizer/utf8_stream.hpp"

namespace lyceum::model {
namespace {

constexpr double kBan = -1000;

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void add_characters(std::vector<ExplainedToken>& tokens) {
  Utf8Stream characters;
  for (ExplainedToken& token : tokens) token.text = characters.push(token.token.bytes);
  if (!tokens.empty()) tokens.back().text += characters.finish();
}

/// Which of a text's tokens each layer's experts computed.
ExpertUse use_of(const std::vector<ExplainedToken>& tokens, const ModelConfig& config) {
  ExpertUseCounter counter;
  for (const ExplainedToken& token : tokens) counter.add(token.experts);
  return counter.use(config);
}

}  // namespace

/// All sources, none, and all but each; one source's none is all but that one.
Result<std::vector<ScoreRequest>> EngineWhiteBox::masked_requests(const SupportRequest& request) const {
  TRY(const std::vector<TokenId> claim, parts_.tokenizer.encode(request.claim));
  std::vector<std::vector<std::string>> variants{request.sources,
                                                 std::vector<std::string>(request.sources.size())};
  for (std::size_t hidden = 0; hidden < request.sources.size() && request.sources.size() > 1; ++hidden) {
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
  // All sources first and alone: the others then take what they begin with from the prefix cache.
  std::vector<ScoreRequest> masked(std::make_move_iterator(requests.begin() + 1),
                                   std::make_move_iterator(requests.end()));
  requests.resize(1);
  CO_TRY(const auto whole, co_await score(parts_.engine, std::move(requests), Priority::normal));
  CO_TRY(const auto without, co_await score(parts_.engine, std::move(masked), Priority::normal));
  const auto of = [](const Scores& scores) { return mean(scores.continuations[0].logprobs); };
  support.with_all = of(whole[0]);
  support.without_any = of(without[0]);
  for (std::size_t source = 0; source < request.sources.size(); ++source)
    support.without_source.push_back(of(without[request.sources.size() > 1 ? source + 1 : 0]));
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

/// Where the sources stand in a prompt, by the bytes of its tokens; special ones, which may mark words of a
/// source, have none.
std::vector<PositionRange> EngineWhiteBox::positions_of(const std::vector<std::string>& sources,
                                                        std::span<const TokenId> prompt) const {
  std::string text;
  std::vector<std::size_t> begins;
  for (const TokenId token : prompt) {
    begins.push_back(text.size());
    text += parts_.tokenizer.bytes_of(token, false);
  }
  std::vector<PositionRange> ranges;
  std::size_t from = 0;
  for (const std::string& source : sources) {
    std::size_t begin = source.empty() ? std::string::npos : text.find(source, from);
    // Sources may stand in another order than they are asked for.
    if (begin == std::string::npos && !source.empty()) begin = text.find(source);
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
  const auto read = [&](const GeneratedToken& token) -> Task<bool> {
    if (token.is_end) co_return true;
    explained.tokens.push_back(explained_of(token.sampled, token.shown, token.contrast));
    co_return true;
  };
  CO_TRY(const GenerationEnd end,
         co_await generate(parts_.engine, std::move(generation), Priority::interactive, read));
  explained.usage = {.tokens_in = end.prompt_tokens, .tokens_out = end.generated_tokens};
  finish(explained);
  co_return explained;
}

ExplainedToken EngineWhiteBox::explained_of(const SampledToken& sampled, TokenView shown,
                                            double conflict) const {
  ExplainedToken token{.token = ranked(sampled.token, sampled.logprob),
                       .entropy = sampled.entropy,
                       .conflict = conflict,
                       .attention = std::move(shown.attention),
                       .experts = std::move(shown.experts)};
  for (const RankedToken& other : sampled.top) token.top.push_back(ranked(other.token, other.logprob));
  return token;
}

void EngineWhiteBox::finish(Explained& explained) const {
  add_characters(explained.tokens);
  explained.expert_use = use_of(explained.tokens, parts_.engine.transformer().config());
}

RankedText EngineWhiteBox::ranked(TokenId token, double logprob) const {
  return {.bytes = std::string(parts_.tokenizer.bytes_of(token, true)), .logprob = logprob};
}

std::uint32_t EngineWhiteBox::experts_max() const {
  std::size_t most = 0;
  for (const LayerConfig& layer : parts_.engine.transformer().config().layers) {
    if (!layer.experts) continue;
    const auto& policy = layer.experts->policy;
    const std::size_t usable = layer.experts->num_experts / policy.num_groups * policy.num_groups_used;
    most = most == 0 ? usable : std::min(most, usable);
  }
  return static_cast<std::uint32_t>(most);
}

Result<TraceJobRequest> EngineWhiteBox::job_for(const TraceRequest& request) const {
  const auto& [prompt, tokens, experts, contrast] = request.trace;
  if (prompt.empty() || tokens.empty() || tokens.size() > kMaxTracedTokens)
    return Error{Errc::invalid_argument, "trace: expected a prompt and 1 to " +
                                             std::to_string(kMaxTracedTokens) + " tokens, not " +
                                             std::to_string(tokens.size())};
  if (request.num_top > kMaxTracedAlternatives)
    return Error{Errc::invalid_argument,
                 "num_top: at most " + std::to_string(kMaxTracedAlternatives) + " alternatives are shown"};
  const std::size_t vocabulary = parts_.engine.transformer().config().vocabulary_size;
  for (const TokenId token : tokens) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary)
      return Error{Errc::invalid_argument, "trace.tokens: the model has no token " + std::to_string(token)};
  }
  if (!(contrast.strength >= 0 && contrast.strength <= kMaxContrast) ||
      (contrast.strength > 0 && contrast.prompt.empty()))
    return Error{Errc::invalid_argument,
                 "trace.contrast: expected a strength of 0 to 4, and a prompt for it"};
  const std::size_t longest = std::max(prompt.size(), contrast.prompt.size());
  TRY_OK(room_after(parts_.engine, longest + tokens.size() - 1, 1));
  TraceJobRequest job{.prompt = prompt, .tokens = tokens, .num_top = request.num_top};
  if (contrast.strength > 0)
    job.contrast = Contrast{.prompt_without = contrast.prompt, .strength = contrast.strength};
  for (const ExpertChange& change : experts) {
    if (change.experts > experts_max())
      return Error{Errc::invalid_argument, "trace.experts: the model uses at most " +
                                               std::to_string(experts_max()) + " experts, not " +
                                               std::to_string(change.experts)};
    const RoutingControls routing = routing_with(parts_.engine, change.experts);
    if (change.token == 0) {
      job.controls = routing;
    } else {
      job.changes[change.token] = routing;
    }
  }
  job.attention_spans = positions_of(request.sources, prompt);
  return job;
}

Task<Result<Explained>> EngineWhiteBox::explain_trace(TraceRequest request) {
  const auto make = [&] { return job_for(request); };
  CO_TRY(TraceJobRequest job, co_await run_blocking(parts_.pool, make));
  CO_TRY(std::vector<TracedToken> traced,
         co_await trace(parts_.engine, std::move(job), Priority::interactive));
  Explained explained{.usage = {.tokens_in = request.trace.prompt.size() + request.trace.tokens.size()}};
  for (TracedToken& token : traced)
    explained.tokens.push_back(explained_of(token.described, std::move(token.shown), token.contrast));
  finish(explained);
  co_return explained;
}

}  // namespace lyceum::model
