#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/decoding/token_mask.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxRankedTokens = 64;
inline constexpr std::size_t kMaxBiasedTokens = 1024;

/// A number in [0, 1) for position `position` of a generation with this seed: the top 53 bits of the
/// (position + 1)-th output of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) whose state starts at mix(seed),
/// its own finaliser. No state: it does not matter what was drawn before, or in which batch.
double uniform_at(std::uint64_t seed, std::uint64_t position);

/// Each step works on what the one before it left: penalties, bias, mask, temperature, top-k, top-p, min-p.
struct SamplerParameters {
  double temperature = 1;  ///< 0: the highest logit after penalties, bias and mask; lowest id of equal ones
  std::size_t top_k = 0;   ///< The k likeliest; 0: all
  double top_p = 1;        ///< The fewest likeliest tokens that together reach this probability, in (0, 1]
  double min_p = 0;        ///< At least this part of the likeliest token's probability, in [0, 1]
  /// For tokens of the history: a positive logit is divided by it, any other multiplied. 1: none.
  double repetition_penalty = 1;
  double presence_penalty = 0;   ///< Taken from the logit of each token of the history
  double frequency_penalty = 0;  ///< Taken from it once for every time that it is there
  std::vector<std::pair<TokenId, double>> logit_bias{};  ///< Added; at most kMaxBiasedTokens
  std::uint64_t seed = 0;
  bool wants_logprobs = false;   ///< Fills logprob and entropy
  std::size_t top_logprobs = 0;  ///< At most kMaxRankedTokens; more than 0 implies `wants_logprobs`
};

struct RankedToken {
  TokenId token = 0;
  double logprob = 0;
};

/// Log probabilities and entropy (natural logarithm) are those of the model's own distribution, the softmax
/// of the logits as they came: before penalties, bias, mask, temperature and truncation.
struct SampledToken {
  TokenId token = 0;
  double logprob = 0;
  double entropy = 0;
  std::vector<RankedToken> top{};  ///< Likeliest first, lower ids first among equals
};

/// From logits to a token. A pure function of its arguments: the same parameters, logits, history, mask and
/// position give the same token in any batch and on any machine with the same logits. Thread-safe.
class Sampler {
 public:
  /// invalid_argument naming the parameter that is out of range, or a bias for a token outside the
  /// vocabulary.
  static Result<Sampler> make(SamplerParameters parameters, std::size_t vocab_size);

  const SamplerParameters& parameters() const { return parameters_; }

  /// How many of the highest logits decide on the token where there is no mask; 0: all of them.
  std::size_t highest_needed() const;

  /// What `sample` without a mask gives, from that many logits or more: highest first, the lower token first
  /// among equals, and what is no number before all others. Errors: malformed as below.
  Result<SampledToken> sample_highest(std::span<const float> logits, std::span<const TokenId> tokens,
                                      std::uint64_t position) const;

  /// `history`: the tokens that penalties look at, most often the generated ones. `mask` may be null.
  /// `position`: the index of this token in its sequence, counted from any fixed point. Errors: precondition
  /// when the mask allows no token, malformed when logits hold NaN or +infinity or no finite number where the
  /// mask allows. Cost: with a mask or a temperature of 0 and without logprobs, one pass over the allowed.
  Result<SampledToken> sample(std::span<const float> logits, std::span<const TokenId> history,
                              const TokenMask* mask, std::uint64_t position) const;

 private:
  explicit Sampler(SamplerParameters parameters, std::size_t vocab_size);

  SamplerParameters parameters_;
  std::size_t vocab_size_;
};

/// Logprob of `token`, entropy and the `num_top` likeliest of softmax(logits); for scoring without sampling.
/// malformed as above.
Result<SampledToken> describe_distribution(std::span<const float> logits, TokenId token, std::size_t num_top);

}  // namespace lyceum::model
