#include "model/architectures/forward_pass.hpp"

#include <algorithm>

#include "kernels/matmul.hpp"

namespace lyceum::model {

ForwardPass::ForwardPass(const ModelConfig& config, const ModelWeights& weights,
                         std::span<const double> rope_frequencies, const PassTools& tools,
                         std::span<const SequenceChunk> batch)
    : config_(config),
      weights_(weights),
      rope_frequencies_(rope_frequencies),
      operations_(tools.operations),
      workspace_(tools.workspace),
      batch_(batch) {
  for (const SequenceChunk& chunk : batch_) {
    for (std::size_t i = 0; i < chunk.tokens.size(); ++i)
      rows_.push_back(
          {.chunk = &chunk,
           .token = chunk.tokens[i],
           .position = chunk.state->length() + i,
           .wants_logits = chunk.wants_all_logits || i + chunk.num_logits >= chunk.tokens.size()});
  }
  hidden_ = workspace_.hidden.of(rows_.size() * config_.num_hidden);
}

std::vector<float> ForwardPass::run() {
  for (const SequenceChunk& chunk : batch_) chunk.state->reserve(chunk.tokens.size());
  prepare_taps();
  compute_turns();
  embed();
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    attend(layer);
    add_change();
    feed_forward(layer);
    add_change();
    tap_hidden(layer);
  }
  for (const SequenceChunk& chunk : batch_) chunk.state->advance(chunk.tokens.size());
  return logits();
}

void ForwardPass::embed() {
  const std::size_t width = config_.num_hidden;
  operations_.for_each(rows_.size(), [&](std::size_t row) {
    kernels::reference::widen_row(weights_.embedding, static_cast<std::size_t>(rows_[row].token),
                                  hidden_.subspan(row * width, width));
  });
}

std::span<const float> ForwardPass::normalized(Weight weight) {
  const auto y = workspace_.normalized.of(hidden_.size());
  operations_.rms_norm(hidden_, weight, config_.norm_epsilon, y);
  return y;
}

void ForwardPass::project(std::span<const float> x, const kernels::WeightMatrix& weight, std::span<float> y) {
  const kernels::Product product{weight, y};
  operations_.matmul(x.size() / weight.num_inputs, x, {&product, 1});
}

void ForwardPass::add_bias(std::span<float> y, Weight bias) const {
  if (bias.empty()) return;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += bias[i % bias.size()];
}

void ForwardPass::add_change() {
  const std::size_t width = config_.num_hidden;
  const auto change = workspace_.change.of(hidden_.size());
  operations_.for_each(rows_.size(), [&](std::size_t row) {
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) hidden_[i] += change[i];
  });
}

std::vector<float> ForwardPass::logits() {
  const std::size_t width = config_.num_hidden;
  std::size_t num_rows = 0;
  const auto wanted = workspace_.normalized.of(hidden_.size());
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (!rows_[row].wants_logits) continue;
    std::ranges::copy(hidden_.subspan(row * width, width), wanted.subspan(num_rows * width).begin());
    ++num_rows;
  }
  std::vector<float> logits(num_rows * config_.vocabulary_size);
  if (num_rows == 0) return logits;
  const auto used = wanted.first(num_rows * width);
  operations_.rms_norm(used, weights_.output_norm, config_.norm_epsilon, used);
  project(used, weights_.output, logits);
  return logits;
}

}  // namespace lyceum::model
