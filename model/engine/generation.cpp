#include "model/engine/generation.hpp"

#include <algorithm>

#include "model/engine/contrast.hpp"
#include "model/engine/prompt_lookup.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxDrafts = 4;

Result<std::vector<TokenId>> read_tokens(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array())
    return Error{Errc::malformed, std::string("checkpoint.") + name + ": expected a list of tokens"};
  std::vector<TokenId> tokens;
  for (const Json& token : *found) {
    if (!token.is_number_integer())
      return Error{Errc::malformed, std::string("checkpoint.") + name + ": expected integers"};
    tokens.push_back(token.get<TokenId>());
  }
  return tokens;
}

Json to_json(const SamplerParameters& sampling) {
  Json biases = Json::array();
  for (const auto& [token, bias] : sampling.logit_bias) biases.push_back({token, bias});
  return {{"temperature", sampling.temperature},
          {"top_k", sampling.top_k},
          {"top_p", sampling.top_p},
          {"min_p", sampling.min_p},
          {"repetition_penalty", sampling.repetition_penalty},
          {"presence_penalty", sampling.presence_penalty},
          {"frequency_penalty", sampling.frequency_penalty},
          {"logit_bias", std::move(biases)},
          {"seed", sampling.seed},
          {"wants_logprobs", sampling.wants_logprobs},
          {"top_logprobs", sampling.top_logprobs}};
}

SamplerParameters sampling_from(const Json& json) {
  SamplerParameters sampling;
  json.at("temperature").get_to(sampling.temperature);
  json.at("top_k").get_to(sampling.top_k);
  json.at("top_p").get_to(sampling.top_p);
  json.at("min_p").get_to(sampling.min_p);
  json.at("repetition_penalty").get_to(sampling.repetition_penalty);
  json.at("presence_penalty").get_to(sampling.presence_penalty);
  json.at("frequency_penalty").get_to(sampling.frequency_penalty);
  for (const Json& bias : json.at("logit_bias"))
    sampling.logit_bias.emplace_back(bias.at(0).get<TokenId>(), bias.at(1).get<double>());
  json.at("seed").get_to(sampling.seed);
  json.at("wants_logprobs").get_to(sampling.wants_logprobs);
  json.at("top_logprobs").get_to(sampling.top_logprobs);
  return sampling;
}

}  // namespace

TokenView view_of(const ChunkTaps& taps, std::size_t row, bool wants_experts) {
  TokenView shown;
  const std::size_t num_spans = taps.attention_spans.size();
  const auto mass = std::span(taps.attention_mass).subspan(row * num_spans, num_spans);
  shown.attention.assign(mass.begin(), mass.end());
  if (wants_experts) shown.experts = experts_of(taps.routes, row);
  return shown;
}

void set_changes(Sequence& sequence, std::size_t num_prompt, const RoutingControls& controls,
                 const std::map<std::size_t, RoutingControls>& changes) {
  if (controls != RoutingControls{}) sequence.controls[0] = controls;
  // Token n follows from the pass over the one before it.
  for (const auto& [token, change] : changes) sequence.controls[num_prompt + token - 1] = change;
}

Json GenerationCheckpoint::to_json() const {
  return {{"prompt", prompt},
          {"generated", generated},
          {"sampling", model::to_json(sampling)},
          {"tokens_max", tokens_max}};
}

Result<GenerationCheckpoint> GenerationCheckpoint::from_json(const Json& json) {
  if (!json.is_object()) return Error{Errc::malformed, "checkpoint: expected an object"};
  GenerationCheckpoint checkpoint;
  TRY(checkpoint.prompt, read_tokens(json, "prompt"));
  TRY(checkpoint.generated, read_tokens(json, "generated"));
  try {
    checkpoint.sampling = sampling_from(json.at("sampling"));
    json.at("tokens_max").get_to(checkpoint.tokens_max);
  } catch (const Json::exception& failure) {
    return Error{Errc::malformed, std::string("checkpoint: ") + failure.what()};
  }
  return checkpoint;
}

Result<std::unique_ptr<GenerationJob>> GenerationJob::make(GenerationRequest request, GenerationEvents events,
                                                           std::size_t vocab_size) {
  const GenerationCheckpoint& start = request.start;
  TRY(Sampler sampler, Sampler::make(start.sampling, vocab_size));
  if (start.tokens_max <= start.generated.size())
    return Error{Errc::invalid_argument, "tokens_max: " + std::to_string(start.tokens_max) +
                                             " leaves nothing to write after " +
                                             std::to_string(start.generated.size()) + " tokens"};
  return std::unique_ptr<GenerationJob>(
      new GenerationJob(std::move(request), std::move(events), std::move(sampler)));
}

GenerationJob::GenerationJob(GenerationRequest request, GenerationEvents events, Sampler sampler)
    : request_(std::move(request)),
      events_(std::move(events)),
      sampler_(std::move(sampler)),
      num_prompt_(request_.start.prompt.size()),
      num_resumed_(request_.start.generated.size()) {
  const auto add = [&](std::vector<TokenId> prompt) {
    prompt.insert(prompt.end(), request_.start.generated.begin(), request_.start.generated.end());
    Sequence& sequence = add_sequence(std::move(prompt));
    sequence.logits_from = sequence.tokens.empty() ? 0 : sequence.tokens.size() - 1;
    sequence.uses_cache = request_.uses_cache;
    set_changes(sequence, sequence.tokens.size() - request_.start.generated.size(), request_.controls,
                request_.changes);
    return &sequence;
  };
  add(request_.start.prompt)->taps = request_.taps;
  if (request_.contrast) add(request_.contrast->prompt_without);
  const std::size_t highest = sampler_.highest_needed();
  if (!request_.contrast && request_.constraint == nullptr && highest <= kHighestLogitsMax)
    sequences_.front()->num_highest = highest;
  const ChunkTaps& taps = request_.taps;
  if (request_.contrast || taps.wants_routes || !taps.hidden_layers.empty() || !taps.attention_spans.empty())
    request_.guesses_from_prompt = false;
}

std::size_t GenerationJob::tokens_max() const {
  std::size_t prompt = num_prompt_;
  if (request_.contrast) prompt = std::max(prompt, request_.contrast->prompt_without.size());
  return prompt + request_.start.tokens_max;
}

std::span<const TokenId> GenerationJob::generated() const {
  return std::span(sequences_.front()->tokens).subspan(num_prompt_);
}

GenerationCheckpoint GenerationJob::checkpoint() const {
  GenerationCheckpoint now = request_.start;
  now.generated.assign(generated().begin(), generated().end());
  return now;
}

std::size_t GenerationJob::set_controls(const RoutingControls& controls) {
  const std::size_t token = std::max<std::size_t>(generated().size(), 1);
  for (const auto& sequence : sequences_)
    sequence->controls[sequence->tokens.size() - generated().size() + token - 1] = controls;
  return token;
}

/// Makes this job's own on the first call, and leads it to where the answer stands.
bool GenerationJob::prepare_constraint() {
  if (request_.constraint == nullptr || constraint_ != nullptr) return true;
  constraint_ = request_.constraint->clone();
  for (const TokenId token : request_.start.generated) {
    if (constraint_->accept(token)) continue;
    fail({Errc::invalid_argument, "the tokens generated before do not fit the constraint"});
    return false;
  }
  return true;
}

void GenerationJob::on_chunk(Sequence& sequence, const ChunkResult& result) {
  computed_tokens_ += result.num_tokens;
  if (result.num_rows == 0 || result.first + result.num_tokens < sequence.tokens.size()) return;
  if (!prepare_constraint()) return;
  if (request_.contrast) {
    contrast_from(sequence, result);
    return;
  }
  const std::vector<TokenId> drafts = std::move(sequence.drafts);
  sequence.drafts.clear();
  const std::size_t known = sequence.tokens.size() - result.first;
  const std::size_t num_drafts = result.num_tokens - known;
  for (std::size_t draft = 0; draft <= num_drafts; ++draft) {
    sample_row(result, result.num_rows - 1 - num_drafts + draft, known - 1 + draft);
    if (has_ended_ || wants_hold_) return;
    if (draft < num_drafts && sequence.tokens.back() != drafts[draft]) break;
  }
  draft();
}

void GenerationJob::draft() {
  const std::size_t left = request_.start.tokens_max - generated().size();
  if (!request_.guesses_from_prompt || left < 2) return;
  Sequence& sequence = *sequences_.front();
  sequence.drafts = look_up_continuation(sequence.tokens, std::min(kMaxDrafts, left - 1));
}

void GenerationJob::contrast_from(Sequence& sequence, const ChunkResult& result) {
  const bool is_with = &sequence == sequences_.front().get();
  if (is_with) contrast_tap_row_ = result.num_tokens - 1;
  auto& target = is_with ? logits_with_ : logits_without_;
  target.assign(result.last_row().begin(), result.last_row().end());
  if (logits_with_.empty() || logits_without_.empty()) return;
  divergence_ = jensen_shannon_divergence(logits_with_, logits_without_);
  const auto logits = contrasted(logits_with_, logits_without_, divergence_ * request_.contrast->strength);
  logits_with_.clear();
  logits_without_.clear();
  sample_from(logits, contrast_tap_row_);
}

void GenerationJob::sample_row(const ChunkResult& result, std::size_t row, std::size_t tap_row) {
  if (result.highest == nullptr) {
    sample_from(result.row(row), tap_row);
    return;
  }
  const std::size_t count = result.highest->logits.size() / result.num_rows;
  const auto logits = std::span(result.highest->logits).subspan(row * count, count);
  const auto tokens = std::span(result.highest->tokens).subspan(row * count, count);
  take_sampled(sampler_.sample_highest(logits, tokens, generated().size()), tap_row);
}

void GenerationJob::sample_from(std::span<const float> logits, std::size_t tap_row) {
  const TokenMask* mask = constraint_ ? &constraint_->allowed() : nullptr;
  take_sampled(sampler_.sample(logits, generated(), mask, generated().size()), tap_row);
}

void GenerationJob::take_sampled(Result<SampledToken> sampled, std::size_t tap_row) {
  const std::size_t position = generated().size();
  if (!sampled) {
    fail(std::move(sampled).error());
    return;
  }
  GeneratedToken token{.sampled = *std::move(sampled), .position = position, .contrast = divergence_};
  token.is_end = std::ranges::find(request_.end_tokens, token.sampled.token) != request_.end_tokens.end();
  token.taps = &sequences_.front()->taps;
  token.tap_row = tap_row;
  token.shown = view_of(sequences_.front()->taps, tap_row, request_.taps.wants_routes);
  if (!sequences_.front()->taps.routes.empty() && !token.is_end)
    experts_.add(experts_of(sequences_.front()->taps.routes, tap_row));
  const GenerationFlow flow = events_.on_token ? events_.on_token(token) : GenerationFlow::go_on;
  take(token.sampled.token, token.is_end);
  if (has_ended_) return;
  if (flow == GenerationFlow::stop) end(GenerationStop::client);
  if (flow == GenerationFlow::hold) wants_hold_ = true;
}

void GenerationJob::take(TokenId token, bool is_end) {
  if (constraint_) constraint_->accept(token);
  if (is_end) {
    end(GenerationStop::end_token);
    return;
  }
  for (const auto& sequence : sequences_) {
    sequence->tokens.push_back(token);
    sequence->logits_from = sequence->tokens.size() - 1;
  }
  if (constraint_ && (constraint_->has_ended() || constraint_->must_end())) {
    end(GenerationStop::complete);
  } else if (generated().size() >= request_.start.tokens_max) {
    end(GenerationStop::tokens_max);
  }
}

void GenerationJob::end(GenerationStop reason) {
  if (has_ended_) return;
  has_ended_ = true;
  if (!events_.on_end) return;
  const bool is_cut_off = reason == GenerationStop::tokens_max && constraint_ != nullptr;
  events_.on_end(GenerationEnd{.reason = reason,
                               .prompt_tokens = num_prompt_,
                               .cached_tokens = sequences_.front()->num_cached,
                               .generated_tokens = generated().size() - num_resumed_,
                               .computed_tokens = computed_tokens_,
                               .completion = is_cut_off ? constraint_->shortest_completion() : "",
                               .experts = std::move(experts_)});
}

void GenerationJob::fail(Error error) {
  if (has_ended_) return;
  has_ended_ = true;
  if (events_.on_end) events_.on_end(std::move(error));
}

}  // namespace lyceum::model
