#pragma once

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "model/engine/job.hpp"

namespace lyceum::model {

/// The mean of a text's final hidden states, as a unit vector.
class EmbeddingJob final : public Job {
 public:
  using OnEnd = std::function<void(Result<std::vector<float>>)>;

  EmbeddingJob(std::vector<TokenId> tokens, OnEnd on_end);

  void on_chunk(Sequence& sequence, const ChunkResult& result) override;
  void fail(Error error) override;

  std::size_t tokens_max() const override { return sequences_.front()->tokens.size(); }

 private:
  OnEnd on_end_;
  std::vector<double> sum_{};
};

}  // namespace lyceum::model
