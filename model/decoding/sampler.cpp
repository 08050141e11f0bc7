#include "model/decoding/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/splitmix64.hpp"
#include "kernels/elementary.hpp"

namespace lyceum::model {
namespace {

struct Candidate {
  double logit = 0;
  TokenId token = 0;
  double weight = 0;  ///< In proportion to its probability; the likeliest has 1
};

/// Likeliest first; the lower id first among equals, so that the order is total.
bool is_likelier(const Candidate& a, const Candidate& b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

Error out_of_range(const std::string& name, const std::string& range) {
  return {Errc::invalid_argument, name + " must be " + range};
}

Error no_numbers() {
  return {Errc::malformed, "logits hold NaN or infinity, or no finite number for an allowed token"};
}

/// What penalties and biases do to the logits of a few tokens.
class Adjustments {
 public:
  Adjustments(const SamplerParameters& parameters, std::span<const TokenId> history)
      : parameters_(parameters) {
    const bool is_penalized = parameters.repetition_penalty != 1 || parameters.presence_penalty != 0 ||
                              parameters.frequency_penalty != 0;
    if (is_penalized) {
      for (const TokenId token : history) ++counts_[token];
    }
    for (const auto& [token, bias] : parameters.logit_bias) biases_[token] += bias;
  }

  double apply(TokenId token, double logit) const {
    if (!counts_.empty()) {
      if (const auto found = counts_.find(token); found != counts_.end()) {
        logit = logit > 0 ? logit / parameters_.repetition_penalty : logit * parameters_.repetition_penalty;
        logit -= parameters_.presence_penalty + parameters_.frequency_penalty * found->second;
      }
    }
    if (!biases_.empty()) {
      if (const auto found = biases_.find(token); found != biases_.end()) logit += found->second;
    }
    return logit;
  }

 private:
  const SamplerParameters& parameters_;
  std::unordered_map<TokenId, double> counts_{};
  std::unordered_map<TokenId, double> biases_{};
};

/// Calls visit(token) for what the mask allows, in the order of the ids.
template <class Visit>
void for_each_allowed(const TokenMask* mask, std::size_t vocab_size, Visit visit) {
  if (mask != nullptr) {
    mask->for_each(visit);
    return;
  }
  for (std::size_t i = 0; i < vocab_size; ++i) visit(static_cast<TokenId>(i));
}

/// Calls visit(candidate) for the allowed tokens with finite logits, in the order of their ids. False when a
/// logit is NaN or +infinity.
template <class Visit>
bool for_each_candidate(std::span<const float> logits, const TokenMask* mask, const Adjustments& adjustments,
                        Visit visit) {
  bool is_sound = true;
  for_each_allowed(mask, logits.size(), [&](TokenId token) {
    const float logit = logits[static_cast<std::size_t>(token)];
    if (std::isfinite(logit)) {
      visit(Candidate{.logit = adjustments.apply(token, logit), .token = token});
    } else {
      is_sound = is_sound && logit == -std::numeric_limits<float>::infinity();
    }
  });
  return is_sound;
}

/// Empty when a logit is not sound.
std::vector<Candidate> candidates_of(std::span<const float> logits, const TokenMask* mask,
                                     const Adjustments& adjustments) {
  std::vector<Candidate> candidates;
  candidates.reserve(mask != nullptr ? mask->count() : logits.size());
  const bool is_sound = for_each_candidate(
      logits, mask, adjustments, [&](const Candidate& candidate) { candidates.push_back(candidate); });
  if (!is_sound) candidates.clear();
  return candidates;
}

/// As candidates_of, but only the likeliest.
std::optional<TokenId> greedy_token(std::span<const float> logits, const TokenMask* mask,
                                    const Adjustments& adjustments) {
  std::optional<Candidate> best;
  const bool is_sound = for_each_candidate(logits, mask, adjustments, [&](const Candidate& candidate) {
    if (!best || candidate.logit > best->logit) best = candidate;
  });
  return is_sound && best ? std::optional(best->token) : std::nullopt;
}

/// Keeps the `count` likeliest, likeliest first, so that sums over them are the same wherever they come from.
void keep_top(std::vector<Candidate>& candidates, std::size_t count) {
  if (count == 0) return;
  if (count < candidates.size()) {
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(candidates.begin(), end, candidates.end(), is_likelier);
    candidates.erase(end, candidates.end());
  }
  std::sort(candidates.begin(), candidates.end(), is_likelier);
}

/// Keeps the fewest likeliest that reach `top_p` of the sum. Sorts a growing part of them, as few are needed.
void keep_nucleus(std::vector<Candidate>& candidates, double top_p) {
  if (top_p >= 1) return;
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  double reached = 0;
  std::size_t sorted = 0;
  for (std::size_t part = 256; sorted < candidates.size(); part *= 4) {
    const std::size_t end = std::min(sorted + part, candidates.size());
    std::partial_sort(candidates.begin() + static_cast<std::ptrdiff_t>(sorted),
                      candidates.begin() + static_cast<std::ptrdiff_t>(end), candidates.end(), is_likelier);
    for (; sorted < end; ++sorted) {
      reached += candidates[sorted].weight;
      if (reached >= top_p * total) {
        candidates.resize(sorted + 1);
        return;
      }
    }
  }
}

void truncate(std::vector<Candidate>& candidates, const SamplerParameters& parameters) {
  keep_top(candidates, parameters.top_k);
  const double max = std::min_element(candidates.begin(), candidates.end(), is_likelier)->logit;
  for (Candidate& candidate : candidates) {
    const double scaled = (candidate.logit - max) / parameters.temperature;
    candidate.weight = kernels::exp_f32(static_cast<float>(scaled));
  }
  // Which tokens have any weight must not depend on where a sum was rounded.
  std::erase_if(candidates, [](const Candidate& candidate) { return candidate.weight <= 0; });
  keep_nucleus(candidates, parameters.top_p);
  std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.weight < parameters.min_p; });
}

/// The token under `uniform` of the summed weight, walking in the order of the ids.
TokenId draw(std::vector<Candidate>& candidates, double uniform) {
  const auto by_token = [](const Candidate& a, const Candidate& b) { return a.token < b.token; };
  if (!std::is_sorted(candidates.begin(), candidates.end(), by_token)) {
    std::sort(candidates.begin(), candidates.end(), by_token);
  }
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  const double target = uniform * total;
  double reached = 0;
  for (const Candidate& candidate : candidates) {
    reached += candidate.weight;
    if (reached > target) return candidate.token;
  }
  return candidates.back().token;
}

/// The `count` likeliest of all, likeliest first.
std::vector<Candidate> likeliest(std::span<const float> logits, std::size_t count) {
  std::vector<Candidate> top;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Candidate candidate{.logit = logits[i], .token = static_cast<TokenId>(i)};
    if (!std::isfinite(candidate.logit)) continue;
    if (top.size() == count) {
      if (count == 0 || !is_likelier(candidate, top.back())) continue;
      top.pop_back();
    }
    top.insert(std::upper_bound(top.begin(), top.end(), candidate, is_likelier), candidate);
  }
  return top;
}

Result<void> check_ranges(const SamplerParameters& parameters) {
  const auto is_within = [](double value, double min, double max) { return value >= min && value <= max; };
  if (!is_within(parameters.temperature, 0, 100)) return out_of_range("temperature", "0 to 100");
  if (!(parameters.top_p > 0 && parameters.top_p <= 1)) return out_of_range("top_p", "above 0, at most 1");
  if (!is_within(parameters.min_p, 0, 1)) return out_of_range("min_p", "0 to 1");
  if (!is_within(parameters.repetition_penalty, 0.01, 100))
    return out_of_range("repetition_penalty", "0.01 to 100");
  if (!is_within(parameters.presence_penalty, -100, 100))
    return out_of_range("presence_penalty", "-100 to 100");
  if (!is_within(parameters.frequency_penalty, -100, 100))
    return out_of_range("frequency_penalty", "-100 to 100");
  if (parameters.top_logprobs > kMaxRankedTokens)
    return out_of_range("top_logprobs", "at most " + std::to_string(kMaxRankedTokens));
  if (parameters.logit_bias.size() > kMaxBiasedTokens)
    return out_of_range("logit_bias", "at most " + std::to_string(kMaxBiasedTokens) + " tokens");
  return ok();
}

}  // namespace

double uniform_at(std::uint64_t seed, std::uint64_t position) {
  // The number at `position` of the generator with a mixed seed, without those before it.
  return SplitMix64(splitmix64_mix(seed) + position * kSplitMix64Step).uniform();
}

Sampler::Sampler(SamplerParameters parameters, std::size_t vocab_size)
    : parameters_(std::move(parameters)), vocab_size_(vocab_size) {}

Result<Sampler> Sampler::make(SamplerParameters parameters, std::size_t vocab_size) {
  TRY_OK(check_ranges(parameters));
  for (const auto& [token, bias] : parameters.logit_bias) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocab_size) {
      return Error{Errc::invalid_argument, "logit_bias: token " + std::to_string(token) + " is not below " +
                                               std::to_string(vocab_size)};
    }
    if (!(std::abs(bias) <= 1000)) return out_of_range("logit_bias", "-1000 to 1000");
  }
  return Sampler(std::move(parameters), vocab_size);
}

Result<SampledToken> Sampler::sample(std::span<const float> logits, std::span<const TokenId> history,
                                     const TokenMask* mask, std::uint64_t position) const {
  LYCEUM_CHECK(logits.size() == vocab_size_);
  LYCEUM_CHECK(mask == nullptr || mask->vocab_size() == vocab_size_);
  if (mask != nullptr && mask->empty()) {
    return Error{Errc::precondition, "the constraint allows no token of this vocabulary here"};
  }
  const Adjustments adjustments(parameters_, history);
  TokenId token = 0;
  if (parameters_.temperature <= 0) {
    const auto best = greedy_token(logits, mask, adjustments);
    if (!best) return no_numbers();
    token = *best;
  } else {
    auto candidates = candidates_of(logits, mask, adjustments);
    if (candidates.empty()) return no_numbers();
    truncate(candidates, parameters_);
    token = draw(candidates, uniform_at(parameters_.seed, position));
  }
  if (!parameters_.wants_logprobs && parameters_.top_logprobs == 0) return SampledToken{.token = token};
  return describe_distribution(logits, token, parameters_.top_logprobs);
}

std::size_t Sampler::highest_needed() const {
  const bool is_adjusted = parameters_.repetition_penalty != 1 || parameters_.presence_penalty != 0 ||
                           parameters_.frequency_penalty != 0 || !parameters_.logit_bias.empty();
  if (is_adjusted || parameters_.wants_logprobs || parameters_.top_logprobs > 0) return 0;
  return parameters_.temperature <= 0 ? 1 : parameters_.top_k;
}

Result<SampledToken> Sampler::sample_highest(std::span<const float> logits, std::span<const TokenId> tokens,
                                             std::uint64_t position) const {
  LYCEUM_CHECK(highest_needed() > 0 && logits.size() == tokens.size());
  LYCEUM_CHECK(logits.size() >= std::min(highest_needed(), vocab_size_));
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<float>::infinity()) return no_numbers();
    if (std::isfinite(logits[i])) candidates.push_back({.logit = logits[i], .token = tokens[i]});
  }
  if (candidates.empty()) return no_numbers();
  if (parameters_.temperature <= 0) return SampledToken{.token = candidates.front().token};
  truncate(candidates, parameters_);
  return SampledToken{.token = draw(candidates, uniform_at(parameters_.seed, position))};
}

Result<SampledToken> describe_distribution(std::span<const float> logits, TokenId token,
                                           std::size_t num_top) {
  LYCEUM_CHECK(token >= 0 && static_cast<std::size_t>(token) < logits.size());
  double max = -std::numeric_limits<double>::infinity();
  for (const float logit : logits) {
    if (std::isnan(logit) || logit == std::numeric_limits<float>::infinity()) return no_numbers();
    max = std::max<double>(max, logit);
  }
  if (!std::isfinite(max)) return no_numbers();
  double sum = 0;
  double weighted = 0;
  for (const float logit : logits) {
    const double weight = kernels::exp_f32(static_cast<float>(logit - max));
    sum += weight;
    if (weight > 0) weighted += weight * (logit - max);
  }
  const double log_sum = std::log(sum);
  SampledToken described{.token = token,
                         .logprob = logits[static_cast<std::size_t>(token)] - max - log_sum,
                         .entropy = std::max(0.0, log_sum - weighted / sum)};
  for (const Candidate& candidate : likeliest(logits, num_top))
    described.top.push_back({.token = candidate.token, .logprob = candidate.logit - max - log_sum});
  return described;
}

}  // namespace lyceum::model
