#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/job.hpp"

namespace lyceum::model {

/// A text that was generated before, with what changed its routing on the way.
struct TraceJobRequest {
  std::vector<TokenId> prompt{};
  std::vector<TokenId> tokens{};  ///< Not empty
  RoutingControls controls{};
  std::map<std::size_t, RoutingControls> changes{};  ///< As GenerationRequest::changes
  std::optional<Contrast> contrast{};
  std::vector<PositionRange> attention_spans{};
  std::size_t num_top = 0;
};

struct TracedToken {
  SampledToken described{};
  TokenView shown{};
  double contrast = 0;  ///< As GeneratedToken::contrast
};

/// Computes a text once more, as many tokens at once as it likes, and describes each: a pass gives the same
/// bits in any chunks.
class TraceJob final : public Job {
 public:
  using OnEnd = std::function<void(Result<std::vector<TracedToken>>)>;

  TraceJob(TraceJobRequest request, OnEnd on_end);

  void on_chunk(Sequence& sequence, const ChunkResult& result) override;
  void advance() override;
  void fail(Error error) override;
  std::size_t tokens_max() const override;

 private:
  /// The logits that a token follows from, until all of them are there.
  struct Row {
    std::vector<float> with{};
    std::vector<float> without{};
    TokenView shown{};
  };

  std::size_t prompt_size(const Sequence& sequence) const;
  void show(Sequence& sequence) const;
  void grow(Sequence& sequence) const;
  void describe(Row row);

  TraceJobRequest request_;
  OnEnd on_end_;
  std::map<std::size_t, Row> rows_{};  ///< By token
  std::vector<TracedToken> traced_{};
};

}  // namespace lyceum::model
