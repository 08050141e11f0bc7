#include <algorithm>

#include "kernels/training/normalization.hpp"
#include "kernels/training/vectors.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

using kernels::training::kGemmTile;
using kernels::training::RouterExtents;
using kernels::training::RouterState;
using kernels::training::TokenRange;

namespace {

constexpr std::size_t kSlotBlock = 128;
/// Slots whose operands are packed at a time for an expert's gradient.
constexpr std::size_t kGradientDepth = 1024;
/// Parts of an expert's gradient that are computed apart: gate and up, down.
constexpr std::size_t kGradientParts = 2;

}  // namespace

RouterExtents Decoder::router_extents(std::size_t k) const {
  return {num_tokens_, shape_.num_hidden, shape_.num_experts, k, max_experts_};
}

RouterState Decoder::router_state(Layer& layer) {
  return {layer.probabilities.data(), layer.router_log_sums.data(), layer.choices.data(),
          layer.choice_weights.data()};
}

void Decoder::experts_forward(Layer& layer, std::size_t k) {
  const std::size_t hidden = shape_.num_hidden;
  const std::span norm(weights(layer.offsets.feed_forward_norm), hidden);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    std::copy_n(residual_.data() + first * hidden, count * hidden,
                layer.experts_input.data() + first * hidden);
    kernels::training::rms_norm_forward(residual_.data() + first * hidden, norm, shape_.norm_epsilon, count,
                                        layer.experts_normed.data() + first * hidden,
                                        layer.experts_inverse_rms.data() + first);
    kernels::training::route_forward(router_extents(k), {first, std::min(first + count, num_tokens_)},
                                     layer.experts_normed.data(), weights(layer.offsets.router),
                                     router_state(layer));
  });
  assign_slots(layer, k);
  const std::vector<SlotBlock> blocks = slot_blocks(layer);
  workers_.run(blocks.size(), [&](std::size_t item, std::size_t worker) {
    compute_slots(layer, blocks[item], scratch_[worker]);
  });
  mix_slots(layer, k);
}

void Decoder::assign_slots(Layer& layer, std::size_t k) {
  std::vector<std::size_t> counts(shape_.num_experts);
  for (std::size_t token = 0; token < num_tokens_; ++token) {
    for (std::size_t rank = 0; rank < k; ++rank)
      ++counts[static_cast<std::size_t>(layer.choices[token * max_experts_ + rank])];
  }
  const auto num_choices = static_cast<float>(num_tokens_ * k);
  layer.first_slot[0] = 0;
  for (std::size_t expert = 0; expert < shape_.num_experts; ++expert) {
    layer.choice_shares[expert] = static_cast<float>(counts[expert]) / num_choices;
    layer.first_slot[expert + 1] =
        layer.first_slot[expert] + (counts[expert] + kGemmTile - 1) / kGemmTile * kGemmTile;
  }
  std::fill_n(layer.token_of_slot.begin(), layer.first_slot.back(), -1);
  std::vector<std::size_t> next(layer.first_slot.begin(), layer.first_slot.end() - 1);
  for (std::size_t token = 0; token < num_tokens_; ++token) {
    for (std::size_t rank = 0; rank < k; ++rank) {
      const std::size_t choice = token * max_experts_ + rank;
      const std::size_t slot = next[static_cast<std::size_t>(layer.choices[choice])]++;
      layer.slot_of_choice[choice] = slot;
      layer.token_of_slot[slot] = static_cast<std::int32_t>(token);
    }
  }
}

std::vector<Decoder::SlotBlock> Decoder::slot_blocks(const Layer& layer) const {
  std::vector<SlotBlock> blocks;
  for (std::size_t expert = 0; expert < shape_.num_experts; ++expert) {
    const std::size_t end = layer.first_slot[expert + 1];
    for (std::size_t first = layer.first_slot[expert]; first < end; first += kSlotBlock)
      blocks.push_back({expert, first, std::min(kSlotBlock, end - first)});
  }
  return blocks;
}

void Decoder::compute_slots(Layer& layer, const SlotBlock& block, Scratch& scratch) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t inner = shape_.num_inner;
  Bf16* const inputs = layer.slot_inputs.data() + block.first * hidden;
  for (std::size_t i = 0; i < block.count; ++i) {
    const std::int32_t token = layer.token_of_slot[block.first + i];
    if (token < 0) {
      std::fill_n(inputs + i * hidden, hidden, Bf16{0});
    } else {
      std::copy_n(layer.experts_normed.data() + static_cast<std::size_t>(token) * hidden, hidden,
                  inputs + i * hidden);
    }
  }
  gemm_.multiply({block.count, 2 * inner, hidden}, inputs, hidden, layer.gate_up[block.expert].forward.data(),
                 scratch.products.data(), 2 * inner, false);
  kernels::training::swiglu_forward({block.count, inner, 2 * inner, inner}, scratch.products.data(),
                                    2 * inner, layer.slot_gate_up.data() + block.first * 2 * inner,
                                    scratch.inner.data());
  gemm_.multiply({block.count, hidden, inner}, scratch.inner.data(), inner,
                 layer.down[block.expert].forward.data(), scratch.products.data(), hidden, false);
  kernels::training::round_to_bf16(scratch.products.data(), block.count * hidden,
                                   layer.slot_outputs.data() + block.first * hidden);
}

void Decoder::mix_slots(const Layer& layer, std::size_t k) {
  const std::size_t hidden = shape_.num_hidden;
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    for (std::size_t token = first; token < std::min(first + count, num_tokens_); ++token) {
      for (std::size_t rank = 0; rank < k; ++rank) {
        const std::size_t choice = token * max_experts_ + rank;
        kernels::training::add_scaled(layer.choice_weights[choice],
                                      layer.slot_outputs.data() + layer.slot_of_choice[choice] * hidden,
                                      hidden, residual_.data() + token * hidden);
      }
    }
  });
}

void Decoder::experts_backward(Layer& layer, std::size_t k, const RouterLossWeights& router_loss,
                               std::span<float> gradients) {
  spread_slot_gradients(layer, k, router_loss);
  const std::vector<SlotBlock> blocks = slot_blocks(layer);
  workers_.run(blocks.size(), [&](std::size_t item, std::size_t worker) {
    compute_slot_gradients(layer, blocks[item], scratch_[worker]);
  });
  workers_.run(shape_.num_experts * kGradientParts, [&](std::size_t item, std::size_t worker) {
    add_expert_gradient(layer, item / kGradientParts, item % kGradientParts, scratch_[worker], gradients);
  });
  gather_slot_gradients(layer, k, gradients);
  workers_.run(shape_.num_experts, [&](std::size_t expert, std::size_t) {
    kernels::training::route_backward_weight(
        router_extents(k), expert, router_logit_gradients_.data(), layer.experts_normed.data(),
        gradients.data() + layer.offsets.router + expert * shape_.num_hidden);
  });
}

void Decoder::spread_slot_gradients(Layer& layer, std::size_t k, const RouterLossWeights& router_loss) {
  const std::size_t hidden = shape_.num_hidden;
  const auto num_layers = static_cast<float>(layers_.size());
  const kernels::training::RouterLoss loss{router_loss.balance / num_layers, router_loss.z / num_layers,
                                           layer.choice_shares};
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t) {
    const TokenRange range{first, std::min(first + count, num_tokens_)};
    for (std::size_t token = range.first; token < range.last; ++token) {
      for (std::size_t rank = 0; rank < k; ++rank) {
        const std::size_t choice = token * max_experts_ + rank;
        const std::size_t slot = layer.slot_of_choice[choice] * hidden;
        choice_weight_gradients_[choice] = kernels::training::scale_and_dot(
            layer.choice_weights[choice], residual_gradient_.data() + token * hidden,
            layer.slot_outputs.data() + slot, hidden, slot_output_gradients_.data() + slot);
      }
    }
    kernels::training::route_backward(router_extents(k), range, router_state(layer), loss,
                                      choice_weight_gradients_.data(), router_logit_gradients_.data());
  });
  for (std::size_t slot = 0; slot < layer.first_slot.back(); ++slot) {
    if (layer.token_of_slot[slot] < 0)
      std::fill_n(slot_output_gradients_.data() + slot * hidden, hidden, Bf16{0});
  }
}

void Decoder::compute_slot_gradients(Layer& layer, const SlotBlock& block, Scratch& scratch) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t inner = shape_.num_inner;
  gemm_.multiply({block.count, inner, hidden}, slot_output_gradients_.data() + block.first * hidden, hidden,
                 layer.down[block.expert].backward.data(), scratch.products.data(), inner, false);
  Bf16* const gate_up_gradients = slot_gate_up_gradients_.data() + block.first * 2 * inner;
  kernels::training::swiglu_backward(
      {block.count, inner, 2 * inner, inner}, layer.slot_gate_up.data() + block.first * 2 * inner,
      scratch.products.data(), inner, gate_up_gradients, slot_inner_.data() + block.first * inner);
  gemm_.multiply({block.count, hidden, 2 * inner}, gate_up_gradients, 2 * inner,
                 layer.gate_up[block.expert].backward.data(),
                 slot_input_gradients_.data() + block.first * hidden, hidden, false);
}

void Decoder::add_expert_gradient(const Layer& layer, std::size_t expert, std::size_t part, Scratch& scratch,
                                  std::span<float> gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t inner = shape_.num_inner;
  const bool is_down = part == 1;
  const std::size_t rows = is_down ? hidden : 2 * inner;
  const std::size_t columns = is_down ? inner : hidden;
  const Bf16* const dy = is_down ? slot_output_gradients_.data() : slot_gate_up_gradients_.data();
  const Bf16* const x = is_down ? slot_inner_.data() : layer.slot_inputs.data();
  const std::size_t offset = (is_down ? layer.offsets.down : layer.offsets.gate_up) + expert * rows * columns;
  const std::size_t end = layer.first_slot[expert + 1];
  for (std::size_t first = layer.first_slot[expert]; first < end; first += kGradientDepth) {
    const std::size_t depth = std::min(kGradientDepth, end - first);
    kernels::training::pack(dy + first * rows, rows, depth, rows, scratch.packed_rows.data());
    kernels::training::pack(x + first * columns, columns, depth, columns, scratch.packed_columns.data());
    gemm_.multiply_transposed({rows, columns, depth}, scratch.packed_rows.data(),
                              scratch.packed_columns.data(), gradients.data() + offset, columns, true);
  }
}

void Decoder::gather_slot_gradients(Layer& layer, std::size_t k, std::span<float> gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::span norm(weights(layer.offsets.feed_forward_norm), hidden);
  partials_.assign(num_row_blocks() * hidden, 0.0F);
  for_row_blocks([&](std::size_t first, std::size_t count, std::size_t worker) {
    const TokenRange range{first, std::min(first + count, num_tokens_)};
    float* const input_gradients = scratch_[worker].products.data();
    std::fill_n(input_gradients, count * hidden, 0.0F);
    for (std::size_t token = range.first; token < range.last; ++token) {
      for (std::size_t rank = 0; rank < k; ++rank) {
        const std::size_t slot = layer.slot_of_choice[token * max_experts_ + rank];
        const float* const gradient = slot_input_gradients_.data() + slot * hidden;
        float* const out = input_gradients + (token - first) * hidden;
        for (std::size_t i = 0; i < hidden; ++i) out[i] += gradient[i];
      }
    }
    kernels::training::route_backward_input(router_extents(k), {0, range.last - first},
                                            router_logit_gradients_.data() + first * shape_.num_experts,
                                            weights(layer.offsets.router), input_gradients);
    kernels::training::rms_norm_backward(layer.experts_input.data() + first * hidden, norm,
                                         layer.experts_inverse_rms.data() + first, input_gradients, count,
                                         residual_gradient_.data() + first * hidden,
                                         partials_.data() + row_block(first) * hidden);
  });
  add_partials(num_row_blocks(), hidden, gradients.data() + layer.offsets.feed_forward_norm);
}

}  // namespace lyceum::model
