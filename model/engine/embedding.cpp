#include "model/engine/embedding.hpp"

#include <cmath>

namespace lyceum::model {

EmbeddingJob::EmbeddingJob(std::vector<TokenId> tokens, OnEnd on_end) : on_end_(std::move(on_end)) {
  Sequence& sequence = add_sequence(std::move(tokens));
  sequence.taps.wants_final_hidden = true;
  sequence.uses_cache = false;  // The hidden states of every token are needed.
}

// Added up token by token in double, so that the chunks do not matter.
void EmbeddingJob::on_chunk(Sequence& sequence, const ChunkResult& result) {
  const std::vector<float>& hidden = sequence.taps.final_hidden;
  const std::size_t width = hidden.size() / result.num_tokens;
  if (result.first == 0) sum_.assign(width, 0.0);
  for (std::size_t i = 0; i < hidden.size(); ++i) sum_[i % width] += static_cast<double>(hidden[i]);
  if (sequence.pending() > 0) return;
  double square = 0;
  for (const double value : sum_) square += value * value;
  const double scale = square > 0 ? 1 / std::sqrt(square) : 0;
  std::vector<float> vector;
  vector.reserve(width);
  for (const double value : sum_) vector.push_back(static_cast<float>(value * scale));
  has_ended_ = true;
  on_end_(std::move(vector));
}

void EmbeddingJob::fail(Error error) {
  if (has_ended_) return;
  has_ended_ = true;
  on_end_(std::move(error));
}

}  // namespace lyceum::model
