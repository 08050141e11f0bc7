#include <algorithm>

#include "base/check.hpp"
#include "kernels/training/cross_entropy.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

using kernels::training::kGemmTile;

namespace {

/// Columns of the vocabulary that one item of work takes.
constexpr std::size_t kHeadColumns = 512;

std::size_t padded(std::size_t n) {
  return (n + kGemmTile - 1) / kGemmTile * kGemmTile;
}

}  // namespace

void Decoder::compute_logits(std::size_t num_rows) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t vocabulary = shape_.vocabulary_size;
  workers_.run((vocabulary + kHeadColumns - 1) / kHeadColumns, [&](std::size_t item, std::size_t) {
    const std::size_t first = item * kHeadColumns;
    gemm_.multiply({num_rows, std::min(kHeadColumns, vocabulary - first), hidden}, head_rows_.data(), hidden,
                   embedding_.forward.data() + first * hidden, head_logits_.data() + first,
                   vocabulary + kStridePadding, false);
  });
}

PredictionReport Decoder::predict(const TokenBatch& batch, std::span<float> gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t stride = shape_.vocabulary_size + kStridePadding;
  PredictionReport report;
  double total_weight = 0.0;
  for (const Prediction& prediction : batch.predictions)
    total_weight += static_cast<double>(prediction.weight);
  std::vector<kernels::training::RowLoss> losses(batch.predictions.size());
  for (std::size_t first = 0; first < batch.predictions.size(); first += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, batch.predictions.size() - first);
    const std::size_t num_rows = padded(count);
    std::fill_n(head_rows_.begin(), num_rows * hidden, Bf16{0});
    for (std::size_t i = 0; i < count; ++i)
      std::copy_n(states_.data() + batch.predictions[first + i].row * hidden, hidden,
                  head_rows_.data() + i * hidden);
    compute_logits(num_rows);
    std::fill_n(head_gradients_.begin(), num_rows * stride, Bf16{0});
    workers_.run(count, [&](std::size_t i, std::size_t) {
      const Prediction& prediction = batch.predictions[first + i];
      losses[first + i] = kernels::training::cross_entropy_row(
          head_logits_.data() + i * stride, shape_.vocabulary_size, prediction.target,
          static_cast<float>(static_cast<double>(prediction.weight) / total_weight),
          gradients.empty() ? nullptr : head_gradients_.data() + i * stride);
    });
    if (!gradients.empty()) add_head_gradients(batch.predictions, first, count, gradients);
  }
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const Prediction& prediction = batch.predictions[i];
    if (report.kinds.size() <= prediction.kind) report.kinds.resize(prediction.kind + std::size_t{1});
    PredictionReport::Kind& kind = report.kinds[prediction.kind];
    const auto weight = static_cast<double>(prediction.weight);
    kind.loss += weight * static_cast<double>(losses[i].loss);
    kind.weight += weight;
    ++kind.num_predictions;
    kind.num_highest += losses[i].is_highest ? 1 : 0;
    report.loss += weight * static_cast<double>(losses[i].loss) / total_weight;
  }
  return report;
}

void Decoder::add_head_gradients(const std::vector<Prediction>& predictions, std::size_t first,
                                 std::size_t count, std::span<float> gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t vocabulary = shape_.vocabulary_size;
  const std::size_t stride = vocabulary + kStridePadding;
  const std::size_t num_rows = padded(count);
  workers_.run(num_rows / kGemmTile, [&](std::size_t item, std::size_t) {
    const std::size_t row = item * kGemmTile;
    gemm_.multiply({kGemmTile, hidden, vocabulary}, head_gradients_.data() + row * stride, stride,
                   embedding_.backward.data(), head_row_gradients_.data() + row * hidden, hidden, false);
  });
  for (std::size_t i = 0; i < count; ++i) {
    float* const target = state_gradients_.data() + predictions[first + i].row * hidden;
    for (std::size_t j = 0; j < hidden; ++j) target[j] += head_row_gradients_[i * hidden + j];
  }
  kernels::training::pack(head_rows_.data(), hidden, num_rows, hidden, packed_head_rows_.data());
  workers_.run((vocabulary + kHeadColumns - 1) / kHeadColumns, [&](std::size_t item, std::size_t) {
    const std::size_t column = item * kHeadColumns;
    const std::size_t num_columns = std::min(kHeadColumns, vocabulary - column);
    Bf16* const packed = packed_head_gradients_.data() + column * num_rows;
    kernels::training::pack(head_gradients_.data() + column, stride, num_rows, num_columns, packed);
    gemm_.multiply_transposed({num_columns, hidden, num_rows}, packed, packed_head_rows_.data(),
                              gradients.data() + layout_.embedding() + column * hidden, hidden, true);
  });
}

std::vector<float> Decoder::logits() {
  const std::size_t hidden = shape_.num_hidden;
  std::vector<float> all;
  for (std::size_t first = 0; first < num_tokens_; first += kHeadRows) {
    const std::size_t count = std::min(kHeadRows, num_tokens_ - first);
    std::fill_n(head_rows_.begin(), padded(count) * hidden, Bf16{0});
    std::copy_n(states_.data() + first * hidden, count * hidden, head_rows_.data());
    compute_logits(padded(count));
    for (std::size_t i = 0; i < count; ++i) {
      const float* const row = head_logits_.data() + i * (shape_.vocabulary_size + kStridePadding);
      all.insert(all.end(), row, row + shape_.vocabulary_size);
    }
  }
  return all;
}

}  // namespace lyceum::model
