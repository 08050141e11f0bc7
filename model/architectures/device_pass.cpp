#include "model/architectures/device_pass.hpp"

#include <algorithm>

#include "model/architectures/highest_logits.hpp"

namespace lyceum::model {

DevicePass::DevicePass(const ModelConfig& config, const DeviceWeights& weights, const kernels::Device& device,
                       ExpertStore* store, const DevicePlan& plan, const DeviceWorkspace& workspace)
    : config_(config),
      weights_(weights),
      device_(device),
      store_(store),
      table_(device.table()),
      context_(device.context()),
      plan_(plan),
      workspace_(workspace) {}

Result<void> DevicePass::run() {
  if (store_ != nullptr) store_->begin_pass();
  const kernels::DeviceEmbed embed{weights_.embedding, plan_.tokens, plan_.num_rows, workspace_.hidden};
  table_.embed(context_, &embed);
  for (std::size_t layer = 0; layer < config_.layers.size(); ++layer) {
    TRY_OK(attend(layer));
    TRY_OK(feed_forward(layer));
    TRY_OK(tap_hidden(layer));
  }
  compute_logits();
  return ok();
}

void DevicePass::normalize(const float* weight, bool is_narrow_wanted) {
  kernels::DeviceNorm norm{};
  norm.hidden = workspace_.hidden;
  norm.change = pending_change_;
  norm.weight = weight;
  norm.out = workspace_.normalized;
  if (!is_narrow_wanted) norm.out.narrow = nullptr;
  norm.num_rows = plan_.num_rows;
  norm.width = static_cast<std::int32_t>(config_.num_hidden);
  norm.stride = norm.width;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
  pending_change_ = workspace_.change;
}

void DevicePass::project(const kernels::DeviceRows& x, std::initializer_list<Product> products) const {
  kernels::DeviceProducts asked{};
  asked.x = x;
  asked.num_rows = plan_.num_rows;
  for (const auto& [weight, y, bias] : products) {
    asked.x_stride = weight.num_inputs;
    asked.parts[asked.num_parts++] = {weight, bias, y, weight.num_outputs};
  }
  table_.multiply(context_, &asked);
}

void DevicePass::narrow(const float* x, std::int32_t x_stride, std::int32_t width, std::uint16_t* y) const {
  const kernels::DeviceCopyRows copy{x, nullptr, y, plan_.num_rows, width, x_stride, 0};
  table_.copy_rows(context_, &copy);
}

void DevicePass::compute_logits() {
  if (plan_.num_logits == 0) return;
  kernels::DeviceNorm norm{};
  norm.hidden = workspace_.hidden;
  norm.change = pending_change_;
  norm.weight = weights_.output_norm;
  norm.row_of = plan_.logit_rows;
  norm.out = workspace_.last;
  if (!takes_narrow(weights_.output)) norm.out.narrow = nullptr;
  norm.num_rows = plan_.num_logits;
  norm.width = static_cast<std::int32_t>(config_.num_hidden);
  norm.stride = norm.width;
  norm.epsilon = config_.norm_epsilon;
  table_.rms_norm(context_, &norm);
  kernels::DeviceProducts asked{};
  asked.x = workspace_.last;
  asked.num_rows = plan_.num_logits;
  asked.x_stride = weights_.output.num_inputs;
  asked.num_parts = 1;
  asked.parts[0] = {weights_.output, nullptr, workspace_.logits, weights_.output.num_outputs};
  table_.multiply(context_, &asked);
  if (plan_.num_highest == 0) return;
  const kernels::DeviceTop top{
      workspace_.logits, workspace_.highest_keys,     workspace_.highest_tokens, workspace_.highest_logits,
      plan_.num_logits,  weights_.output.num_outputs, plan_.num_highest};
  table_.top(context_, &top);
}

std::vector<float> DevicePass::bring_logits(std::span<const SequenceChunk> batch) {
  const std::size_t width = config_.vocabulary_size;
  std::size_t num_whole = 0;
  for (const SequenceChunk& chunk : batch) num_whole += chunk.highest == nullptr ? num_logit_rows(chunk) : 0;
  std::vector<float> logits(num_whole * width);
  std::size_t row = 0;
  std::size_t filled = 0;
  for (const SequenceChunk& chunk : batch) {
    const std::size_t size = num_logit_rows(chunk) * width;
    if (chunk.highest == nullptr && size > 0) {
      table_.download(context_, logits.data() + filled, workspace_.logits + row * width,
                      size * sizeof(float));
      filled += size;
    }
    row += num_logit_rows(chunk);
  }
  const std::size_t num_highest =
      static_cast<std::size_t>(plan_.num_logits) * static_cast<std::size_t>(plan_.num_highest);
  if (num_highest == 0) return logits;
  highest_tokens_ = brought_back(workspace_.highest_tokens, num_highest);
  highest_logits_ = brought_back(workspace_.highest_logits, num_highest);
  return logits;
}

void DevicePass::hand_out_highest(std::span<const SequenceChunk> batch) const {
  const auto stride = static_cast<std::size_t>(plan_.num_highest);
  std::size_t row = 0;
  for (const SequenceChunk& chunk : batch) {
    const std::size_t end = row + num_logit_rows(chunk);
    if (chunk.highest == nullptr) {
      row = end;
      continue;
    }
    HighestLogits& highest = *chunk.highest;
    const std::size_t count = std::min(highest.count, stride);
    highest.tokens.clear();
    highest.logits.clear();
    for (; row < end; ++row) {
      const auto tokens = std::span(highest_tokens_).subspan(row * stride, count);
      const auto logits = std::span(highest_logits_).subspan(row * stride, count);
      highest.tokens.insert(highest.tokens.end(), tokens.begin(), tokens.end());
      highest.logits.insert(highest.logits.end(), logits.begin(), logits.end());
    }
  }
}

}  // namespace lyceum::model
