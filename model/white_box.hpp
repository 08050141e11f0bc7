#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/language_model.hpp"

/// What only a model in this process can show and do: where a text's words come from, what the model was
/// unsure of, which experts it used, and how its choice of experts can be steered.
namespace lyceum::model {

/// How far texts carry a claim, measured by hiding each and scoring the claim again. Natural logarithms, as
/// the mean of the claim's tokens: a score falls when the source that carries the claim is hidden, and rises
/// when one that contradicts it is.
struct SupportRequest {
  Prompt prompt{};
  std::vector<std::string> sources{};  ///< 1..kMaxSources
  std::string claim{};
};

struct Support {
  double with_all = 0;
  double without_any = 0;                ///< From the model's own memory: high means that it needs no source.
  std::vector<double> without_source{};  ///< With that one hidden.
  Usage usage{};

  /// > 0: the source carries the claim; < 0: it speaks against it.
  double gain_of(std::size_t source) const { return with_all - without_source[source]; }
};

/// Which experts a text may use. Empty: the model's own choice.
struct ExpertControls {
  std::uint32_t experts_per_layer = 0;  ///< Of every layer that has experts; 0: the model's own.
  /// Layer -> expert -> what is added to its score when experts are chosen; below -1000 it is banned.
  std::map<std::uint32_t, std::map<std::uint32_t, double>> bias{};
};

struct ExplainRequest {
  Prompt prompt{};
  std::vector<std::string> sources{};  ///< Shown to the model; each gets its share of the attention.
  std::uint32_t tokens_max = 256;
  double temperature = 0;
  std::uint64_t seed = 0;
  std::uint32_t num_top = 5;  ///< Alternatives a token.
  ExpertControls controls{};
  /// > 0: what the sources say wins over what the model remembers, the more the further both are apart.
  double contrast = 0;
};

/// A text that the model wrote before, to be seen again: it is computed once more, to the same bits.
struct TraceRequest {
  TokenTrace trace{};  ///< 1..kMaxTracedTokens tokens, after a prompt
  /// Texts of the prompt; each gets its share of the attention, one that does not stand in it gets none.
  std::vector<std::string> sources{};
  std::uint32_t num_top = 5;  ///< Alternatives a token, at most kMaxTracedAlternatives
};

inline constexpr std::size_t kMaxTracedTokens = 4096;
inline constexpr std::size_t kMaxTracedAlternatives = 20;

struct RankedText {
  std::string bytes{};
  double logprob = 0;
};

struct ExplainedToken {
  RankedText token{};
  std::string text{};   ///< The characters that it completes: joined, those of all tokens are the text.
  double entropy = 0;   ///< Of the model's distribution, in nats.
  double conflict = 0;  ///< With contrast: Jensen-Shannon divergence with and without the sources, 0..1.
  std::vector<RankedText> top{};
  std::vector<double> attention{};  ///< The share that falls on each source; a hint, no measure.
  std::vector<std::vector<std::int32_t>> experts{};  ///< Of each layer; empty for dense ones.
};

struct Explained {
  std::vector<ExplainedToken> tokens{};
  ExpertUse expert_use{};
  Usage usage{};
};

/// Threads and cancellation as LanguageModel.
class WhiteBox {
 public:
  WhiteBox() = default;
  WhiteBox(const WhiteBox&) = delete;
  WhiteBox& operator=(const WhiteBox&) = delete;
  virtual ~WhiteBox() = default;

  /// invalid_argument for no sources or an empty claim, too_large when they do not fit the context.
  virtual Task<Result<Support>> measure_support(SupportRequest request) = 0;
  /// Writes, and says of every token what went into it. invalid_argument for experts that the model lacks.
  virtual Task<Result<Explained>> explain(ExplainRequest request) = 0;
  /// The same of a text that was written before. invalid_argument for tokens or experts that the model lacks,
  /// too_large when the text does not fit the context.
  virtual Task<Result<Explained>> explain_trace(TraceRequest request) = 0;
  /// Most experts a token and layer; 0: it has none.
  virtual std::uint32_t experts_max() const = 0;
};

}  // namespace lyceum::model
