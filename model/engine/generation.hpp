#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/decoding/sampler.hpp"
#include "model/decoding/token_constraint.hpp"
#include "model/engine/expert_use.hpp"
#include "model/engine/job.hpp"

namespace lyceum::model {

/// All that a generation needs to go on elsewhere, after a restart, to the same tokens: the generator's
/// counter is the number of generated tokens. A constraint is made anew and led through `generated`.
struct GenerationCheckpoint {
  std::vector<TokenId> prompt{};
  std::vector<TokenId> generated{};
  SamplerParameters sampling{};
  std::size_t tokens_max = 0;  ///< Of the whole answer.

  Json to_json() const;
  /// malformed, naming the field.
  static Result<GenerationCheckpoint> from_json(const Json& json);
};

/// Contrast of two contexts (Shi et al. 2023, arXiv:2305.14739; the weight after Wang et al. 2024,
/// arXiv:2409.07394): logits = (1 + a) with - a without, a = the Jensen-Shannon divergence of both in bits
/// times `strength`. What the context says wins where the model's own memory disagrees.
struct Contrast {
  std::vector<TokenId> prompt_without{};
  double strength = 1;
};

struct GenerationRequest {
  GenerationCheckpoint start{};
  std::vector<TokenId> end_tokens{};  ///< Any of them ends it.
  /// At the beginning of the answer; cloned on the engine's thread, so that requests may share it. Null:
  /// none.
  std::shared_ptr<const TokenConstraint> constraint{};
  RoutingControls controls{};
  /// Of the tokens that were generated before: from the one with this number, at least 1, on.
  std::map<std::size_t, RoutingControls> changes{};
  std::optional<Contrast> contrast{};
  bool uses_cache = true;
  bool guesses_from_prompt = true;  ///< Drafts from what stands in the context; changes no token.
  ChunkTaps taps{};                 ///< What each token is to show.
};

/// What a token shows of the pass that gave its logits, where the request's taps ask for it.
struct TokenView {
  std::vector<double> attention{};                   ///< On each of the taps' spans
  std::vector<std::vector<std::int32_t>> experts{};  ///< Of each layer
};

TokenView view_of(const ChunkTaps& taps, std::size_t row, bool wants_experts);

/// Puts the routing of an answer after a prompt of `num_prompt` tokens in force.
void set_changes(Sequence& sequence, std::size_t num_prompt, const RoutingControls& controls,
                 const std::map<std::size_t, RoutingControls>& changes);

/// One token of an answer.
struct GeneratedToken {
  SampledToken sampled{};
  std::size_t position = 0;  ///< In the answer.
  bool is_end = false;       ///< An end token: no part of the text.
  double contrast = 0;       ///< Divergence of the two contexts, in bits.
  TokenView shown{};
  const ChunkTaps* taps = nullptr;  ///< Of the pass that gave its logits; valid during the call.
  std::size_t tap_row = 0;          ///< Its row there.
};

enum class GenerationFlow : std::uint8_t {
  go_on,
  hold,  ///< Pause until the engine is told to resume.
  stop,
};

enum class GenerationStop : std::uint8_t { end_token, complete, tokens_max, client };

struct GenerationEnd {
  GenerationStop reason = GenerationStop::end_token;
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;
  std::size_t generated_tokens = 0;  ///< By this job; without the end token.
  std::size_t computed_tokens = 0;   ///< Through the model, drafts and repetitions included.
  /// Of a constrained answer that was cut off: the fewest bytes that make it whole.
  std::string completion{};
  ExpertUseCounter experts{};  ///< Of the tokens of this job, where the engine counts experts.
};

struct GenerationEvents {
  std::function<GenerationFlow(const GeneratedToken&)> on_token{};
  std::function<void(Result<GenerationEnd>)> on_end{};
};

/// Writes token by token. Taps come without drafts: a job that shows what it does makes none.
class GenerationJob final : public Job {
 public:
  /// Errors: invalid_argument for sampling parameters or a tokens_max of 0; the message says which. Generated
  /// tokens that the constraint does not allow end the job with the same.
  static Result<std::unique_ptr<GenerationJob>> make(GenerationRequest request, GenerationEvents events,
                                                     std::size_t vocab_size);

  void on_chunk(Sequence& sequence, const ChunkResult& result) override;
  void fail(Error error) override;
  std::size_t tokens_max() const override;

  /// Between two steps: see Engine::visit.
  GenerationCheckpoint checkpoint() const;
  /// For the tokens that are not computed yet. From which token of the answer on: at least 1, so that no part
  /// of a prompt is computed one way and the rest another.
  std::size_t set_controls(const RoutingControls& controls);

 private:
  GenerationJob(GenerationRequest request, GenerationEvents events, Sampler sampler);

  std::span<const TokenId> generated() const;
  bool prepare_constraint();
  /// From a row of a chunk.
  void sample_row(const ChunkResult& result, std::size_t row, std::size_t tap_row);
  void sample_from(std::span<const float> logits, std::size_t tap_row);
  void take_sampled(Result<SampledToken> sampled, std::size_t tap_row);
  void contrast_from(Sequence& sequence, const ChunkResult& result);
  void take(TokenId token, bool is_end);
  void draft();
  void end(GenerationStop reason);

  GenerationRequest request_;
  GenerationEvents events_;
  Sampler sampler_;
  std::unique_ptr<TokenConstraint> constraint_{};
  std::size_t num_prompt_;
  std::size_t num_resumed_;
  std::size_t computed_tokens_ = 0;
  ExpertUseCounter experts_{};
  double divergence_ = 0;
  std::size_t contrast_tap_row_ = 0;  ///< Of the sequence with the context.
  std::vector<float> logits_with_{};
  std::vector<float> logits_without_{};
};

}  // namespace lyceum::model
