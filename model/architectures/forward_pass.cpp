#include "model/architectures/forward_pass.hpp"

#include <algorithm>

#include "kernels/matmul.hpp"
#include "kernels/rms_norm.hpp"

namespace lyceum::model {

ForwardPass::ForwardPass(const ModelConfig& config, const ModelWeights& weights,
                         std::span<const double> rope_frequencies, std::span<const SequenceChunk> batch)
    : config_(config), weights_(weights), rope_frequencies_(rope_frequencies), batch_(batch) {
  for (const SequenceChunk& chunk : batch_) {
    for (std::size_t i = 0; i < chunk.tokens.size(); ++i)
      rows_.push_back(
          {.chunk = &chunk,
           .token = chunk.tokens[i],
           .position = chunk.state->length() + i,
           .wants_logits = chunk.wants_all_logits || i + chunk.num_logits >= chunk.tokens.size()});
  }
}

std::vector<float> ForwardPass::run() {
  for (const SequenceChunk& chunk : batch_) chunk.state->reserve(chunk.tokens.size());
  prepare_taps();
  embed();
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    add(attend(layer));
    add(feed_forward(layer));
    tap_hidden(layer);
  }
  for (const SequenceChunk& chunk : batch_) chunk.state->advance(chunk.tokens.size());
  return logits();
}

void ForwardPass::embed() {
  hidden_.reserve(rows_.size() * config_.num_hidden);
  for (const Row& row : rows_) {
    const auto values = weights_.embedding.subspan(static_cast<std::size_t>(row.token) * config_.num_hidden,
                                                   config_.num_hidden);
    hidden_.insert(hidden_.end(), values.begin(), values.end());
  }
}

std::vector<float> ForwardPass::normalized(Weight weight) const {
  std::vector<float> y(hidden_.size());
  kernels::reference::rms_norm(hidden_, weight, config_.norm_epsilon, y);
  return y;
}

std::vector<float> ForwardPass::project(std::span<const float> x, Weight weight, Weight bias) const {
  const std::size_t num_inputs = x.size() / rows_.size();
  const std::size_t num_outputs = weight.size() / num_inputs;
  std::vector<float> y(rows_.size() * num_outputs);
  kernels::reference::matmul({rows_.size(), num_inputs, num_outputs}, x, weight, y);
  if (!bias.empty()) {
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i % num_outputs];
  }
  return y;
}

void ForwardPass::add(std::span<const float> change) {
  for (std::size_t i = 0; i < hidden_.size(); ++i) hidden_[i] += change[i];
}

std::vector<float> ForwardPass::logits() const {
  std::vector<float> wanted;
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!rows_[row].wants_logits) continue;
    const auto values = std::span(hidden_).subspan(row * config_.num_hidden, config_.num_hidden);
    wanted.insert(wanted.end(), values.begin(), values.end());
  }
  if (wanted.empty()) return {};
  kernels::reference::rms_norm(wanted, weights_.output_norm, config_.norm_epsilon, wanted);
  const std::size_t num_rows = wanted.size() / config_.num_hidden;
  std::vector<float> logits(num_rows * config_.vocabulary_size);
  kernels::reference::matmul({num_rows, config_.num_hidden, config_.vocabulary_size}, wanted, weights_.output,
                             logits);
  return logits;
}

}  // namespace lyceum::model
