#include "model/architectures/device_pass.hpp"

namespace lyceum::model {

DevicePass::DevicePass(const ModelConfig& config, const DeviceWeights& weights, const kernels::Device& device,
                       const DevicePlan& plan, const DeviceWorkspace& workspace)
    : config_(config),
      weights_(weights),
      device_(device),
      table_(device.table()),
      context_(device.context()),
      plan_(plan),
      workspace_(workspace) {}

Result<void> DevicePass::run() {
  prepare_taps();
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

void DevicePass::project(const kernels::DeviceRows& x, const DeviceMatrix& weight, const float* bias,
                         float* y) const {
  const kernels::DeviceProduct product{
      weight, bias, x, y, plan_.num_rows, weight.num_inputs, weight.num_outputs};
  table_.multiply(context_, &product);
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
  const kernels::DeviceProduct product{weights_.output,
                                       nullptr,
                                       workspace_.last,
                                       workspace_.logits,
                                       plan_.num_logits,
                                       weights_.output.num_inputs,
                                       weights_.output.num_outputs};
  table_.multiply(context_, &product);
}

}  // namespace lyceum::model
