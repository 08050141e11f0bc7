#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "model/engine/job.hpp"

namespace lyceum::model {

/// What follows one prefix, each by itself: the prefix is computed once and forked.
struct ScoreRequest {
  std::vector<TokenId> prefix{};
  std::vector<std::vector<TokenId>> continuations{};
  bool wants_logprobs = true;
  std::vector<TokenId> read{};  ///< Tokens whose logits after each continuation are wanted.
  /// After how many of its tokens `read` is read, rising; empty: after the last. For one continuation only.
  std::vector<std::size_t> read_after{};
  RoutingControls controls{};
};

struct ContinuationScore {
  std::vector<double> logprobs{};    ///< Of each of its tokens after those before.
  std::vector<float> read_logits{};  ///< Of `read`, for each place of `read_after` in turn.
};

struct Scores {
  std::vector<ContinuationScore> continuations{};
  std::size_t cached_tokens = 0;
  std::size_t computed_tokens = 0;
};

class ScoreJob final : public Job {
 public:
  using OnEnd = std::function<void(Result<Scores>)>;

  /// The request has at least one continuation; an empty one reads after the prefix.
  ScoreJob(ScoreRequest request, OnEnd on_end);

  void on_chunk(Sequence& sequence, const ChunkResult& result) override;
  void advance() override;
  void fail(Error error) override;
  std::size_t tokens_max() const override;

 private:
  void fork();
  void read_row(std::size_t continuation, std::size_t position, std::span<const float> row);
  std::size_t needed_tokens(const std::vector<TokenId>& continuation) const;

  ScoreRequest request_;
  OnEnd on_end_;
  Scores scores_{};
  std::unordered_map<const Sequence*, std::size_t> continuation_of_{};
  bool has_prefix_ = false;
  bool has_forked_ = false;
};

}  // namespace lyceum::model
