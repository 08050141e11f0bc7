#include "tests/unit/model/training/reference_decoder.hpp"

namespace lyceum::model {

namespace reference = kernels::training::reference;

using Values = ReferenceDecoder::Values;

Values ReferenceDecoder::columns(const Values& rows, const BatchDocument& document,
                                 std::size_t column) const {
  const std::size_t wide = shape_.query_key_value_size();
  Values result;
  for (std::size_t row = 0; row < document.length; ++row) {
    const auto values = part(rows, (document.first + row) * wide + column, shape_.head_dim);
    result.insert(result.end(), values.begin(), values.end());
  }
  return result;
}

ReferenceDecoder::Head ReferenceDecoder::head(const Values& parameters, const LayerValues& layer,
                                              const BatchDocument& document, std::size_t column,
                                              std::size_t norm) const {
  Head head{columns(layer.projected, document, column), {}};
  head.turned.resize(head.raw.size());
  reference::rms_norm<double>(head.raw, part(parameters, norm, shape_.head_dim), shape_.norm_epsilon,
                              head.turned);
  reference::rope<double>(shape_.head_dim, shape_.rope_base, 1.0, head.turned);
  return head;
}

void ReferenceDecoder::attend(const Values& parameters, std::size_t index, const TokenBatch& batch,
                              bool is_causal, Values& x) {
  const LayerOffsets& offsets = layout_.layer(index);
  LayerValues& layer = layers_[index];
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t dim = shape_.head_dim;
  const std::size_t rows = x.size() / hidden;
  const std::size_t wide = shape_.query_key_value_size();
  const std::size_t per_group = shape_.num_heads / shape_.num_kv_heads;
  layer.input = x;
  layer.attention_normed.resize(x.size());
  layer.projected.resize(rows * wide);
  layer.mixed.assign(rows * shape_.query_size(), 0.0);
  reference::rms_norm<double>(x, part(parameters, offsets.attention_norm, hidden), shape_.norm_epsilon,
                              layer.attention_normed);
  reference::matmul<double>(hidden, wide, layer.attention_normed,
                            part(parameters, offsets.query_key_value, wide * hidden), layer.projected);
  for (const BatchDocument& document : batch.documents) {
    for (std::size_t number = 0; number < shape_.num_heads; ++number) {
      const std::size_t key = (shape_.num_heads + number / per_group) * dim;
      const Head query_head = head(parameters, layer, document, number * dim, offsets.query_norm);
      const Head key_head = head(parameters, layer, document, key, offsets.key_norm);
      const Values values = columns(layer.projected, document, key + shape_.num_kv_heads * dim);
      Values out(values.size());
      reference::attention<double>(dim, is_causal, 1.0 / std::sqrt(static_cast<double>(dim)),
                                   query_head.turned, key_head.turned, values, out);
      for (std::size_t i = 0; i < out.size(); ++i)
        layer.mixed[(document.first + i / dim) * shape_.query_size() + number * dim + i % dim] = out[i];
    }
  }
  Values change(x.size());
  reference::matmul<double>(shape_.query_size(), hidden, layer.mixed,
                            part(parameters, offsets.attention_output, hidden * shape_.query_size()), change);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += change[i];
}

void ReferenceDecoder::back_through_head(const Head& head, const Values& dturned, const Values& parameters,
                                         const BatchDocument& document, std::size_t column, std::size_t norm,
                                         Values& dprojected, Values& gradients) const {
  Values back = dturned;
  Values draw(head.raw.size());
  reference::rope<double>(shape_.head_dim, shape_.rope_base, -1.0, back);
  reference::rms_norm_backward<double>(head.raw, part(parameters, norm, shape_.head_dim), shape_.norm_epsilon,
                                       back, draw, std::span(gradients).subspan(norm, shape_.head_dim));
  for (std::size_t i = 0; i < draw.size(); ++i)
    dprojected[(document.first + i / shape_.head_dim) * shape_.query_key_value_size() + column +
               i % shape_.head_dim] += draw[i];
}

void ReferenceDecoder::attend_backward(const Values& parameters, std::size_t index, const TokenBatch& batch,
                                       bool is_causal, Values& dx, Values& gradients) {
  const LayerOffsets& offsets = layout_.layer(index);
  const LayerValues& layer = layers_[index];
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t dim = shape_.head_dim;
  const std::size_t wide = shape_.query_key_value_size();
  const std::size_t query_size = shape_.query_size();
  const std::size_t per_group = shape_.num_heads / shape_.num_kv_heads;
  Values dmixed(layer.mixed.size());
  reference::matmul_backward<double>(
      query_size, hidden, layer.mixed, part(parameters, offsets.attention_output, hidden * query_size), dx,
      dmixed, std::span(gradients).subspan(offsets.attention_output, hidden * query_size));
  Values dprojected(layer.projected.size());
  for (const BatchDocument& document : batch.documents) {
    for (std::size_t number = 0; number < shape_.num_heads; ++number) {
      const std::size_t key = (shape_.num_heads + number / per_group) * dim;
      const std::size_t value = key + shape_.num_kv_heads * dim;
      const Head query_head = head(parameters, layer, document, number * dim, offsets.query_norm);
      const Head key_head = head(parameters, layer, document, key, offsets.key_norm);
      const Values values = columns(layer.projected, document, value);
      Values dout;
      for (std::size_t i = 0; i < values.size(); ++i)
        dout.push_back(dmixed[(document.first + i / dim) * query_size + number * dim + i % dim]);
      Values dquery(values.size());
      Values dkey(values.size());
      Values dvalue(values.size());
      reference::attention_backward<double>(dim, is_causal, 1.0 / std::sqrt(static_cast<double>(dim)),
                                            query_head.turned, key_head.turned, values, dout,
                                            {dquery, dkey, dvalue});
      back_through_head(query_head, dquery, parameters, document, number * dim, offsets.query_norm,
                        dprojected, gradients);
      back_through_head(key_head, dkey, parameters, document, key, offsets.key_norm, dprojected, gradients);
      for (std::size_t i = 0; i < dvalue.size(); ++i)
        dprojected[(document.first + i / dim) * wide + value + i % dim] += dvalue[i];
    }
  }
  Values dnormed(dx.size());
  reference::matmul_backward<double>(
      hidden, wide, layer.attention_normed, part(parameters, offsets.query_key_value, wide * hidden),
      dprojected, dnormed, std::span(gradients).subspan(offsets.query_key_value, wide * hidden));
  reference::rms_norm_backward<double>(layer.input, part(parameters, offsets.attention_norm, hidden),
                                       shape_.norm_epsilon, dnormed, dx,
                                       std::span(gradients).subspan(offsets.attention_norm, hidden));
}

ReferenceDecoder::Expert ReferenceDecoder::expert(const Values& parameters, std::size_t index,
                                                  std::size_t number, std::span<const double> x) const {
  const LayerOffsets& offsets = layout_.layer(index);
  const std::size_t inner = shape_.num_inner;
  const std::size_t size = inner * shape_.num_hidden;
  Expert expert{Values(inner), Values(inner), Values(inner), Values(shape_.num_hidden)};
  reference::matmul<double>(shape_.num_hidden, inner, x,
                            part(parameters, offsets.gate_up + number * 2 * size, size), expert.gate);
  reference::matmul<double>(shape_.num_hidden, inner, x,
                            part(parameters, offsets.gate_up + number * 2 * size + size, size), expert.up);
  reference::swiglu<double>(expert.gate, expert.up, expert.inner);
  reference::matmul<double>(inner, shape_.num_hidden, expert.inner,
                            part(parameters, offsets.down + number * size, size), expert.out);
  return expert;
}

double ReferenceDecoder::mix(const Values& parameters, std::size_t index, std::size_t k,
                             const RouterLossWeights& router_loss, Values& x) {
  const LayerOffsets& offsets = layout_.layer(index);
  LayerValues& layer = layers_[index];
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t num_experts = shape_.num_experts;
  const std::size_t rows = x.size() / hidden;
  layer.experts_input = x;
  layer.experts_normed.resize(x.size());
  layer.logits.resize(rows * num_experts);
  layer.routes.clear();
  layer.choice_shares.assign(num_experts, 0.0);
  reference::rms_norm<double>(x, part(parameters, offsets.feed_forward_norm, hidden), shape_.norm_epsilon,
                              layer.experts_normed);
  reference::matmul<double>(hidden, num_experts, layer.experts_normed,
                            part(parameters, offsets.router, num_experts * hidden), layer.logits);
  Values mass(num_experts);
  double loss = 0.0;
  const auto num_layers = static_cast<double>(shape_.num_layers);
  const auto num_rows = static_cast<double>(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto& route = layer.routes.emplace_back(
        reference::route<double>(part(layer.logits, row * num_experts, num_experts), k));
    for (std::size_t i = 0; i < num_experts; ++i) mass[i] += route.probabilities[i] / num_rows;
    loss += static_cast<double>(router_loss.z) * route.log_sum * route.log_sum / num_rows / num_layers;
    for (std::size_t rank = 0; rank < k; ++rank) {
      layer.choice_shares[route.experts[rank]] += 1.0 / (num_rows * static_cast<double>(k));
      const Expert result =
          expert(parameters, index, route.experts[rank], part(layer.experts_normed, row * hidden, hidden));
      for (std::size_t i = 0; i < hidden; ++i) x[row * hidden + i] += route.weights[rank] * result.out[i];
    }
  }
  for (std::size_t i = 0; i < num_experts; ++i)
    loss += static_cast<double>(router_loss.balance) * static_cast<double>(num_experts) * mass[i] *
            layer.choice_shares[i] / num_layers;
  return loss;
}

void ReferenceDecoder::mix_backward(const Values& parameters, std::size_t index,
                                    const RouterLossWeights& router_loss, Values& dx, Values& gradients) {
  const LayerOffsets& offsets = layout_.layer(index);
  const LayerValues& layer = layers_[index];
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t inner = shape_.num_inner;
  const std::size_t size = inner * hidden;
  const std::size_t num_experts = shape_.num_experts;
  const std::size_t rows = dx.size() / hidden;
  const double per_row = 1.0 / (static_cast<double>(rows) * static_cast<double>(shape_.num_layers));
  Values balance = layer.choice_shares;
  for (double& share : balance)
    share *= static_cast<double>(router_loss.balance) * static_cast<double>(num_experts) * per_row;
  Values dnormed(dx.size());
  Values dlogits(layer.logits.size());
  for (std::size_t row = 0; row < rows; ++row) {
    const auto& route = layer.routes[row];
    const auto x = part(layer.experts_normed, row * hidden, hidden);
    const auto dout = part(dx, row * hidden, hidden);
    const auto dinput = std::span(dnormed).subspan(row * hidden, hidden);
    Values dweights(route.experts.size());
    for (std::size_t rank = 0; rank < route.experts.size(); ++rank) {
      const std::size_t number = route.experts[rank];
      const Expert result = expert(parameters, index, number, x);
      Values scaled(hidden);
      for (std::size_t i = 0; i < hidden; ++i) {
        dweights[rank] += dout[i] * result.out[i];
        scaled[i] = route.weights[rank] * dout[i];
      }
      Values dinner(inner);
      Values dgate(inner);
      Values dup(inner);
      const std::size_t gate = offsets.gate_up + number * 2 * size;
      const std::size_t down = offsets.down + number * size;
      const std::span all(gradients);
      reference::matmul_backward<double>(inner, hidden, result.inner, part(parameters, down, size), scaled,
                                         dinner, all.subspan(down, size));
      reference::swiglu_backward<double>(result.gate, result.up, dinner, dgate, dup);
      reference::matmul_backward<double>(hidden, inner, x, part(parameters, gate, size), dgate, dinput,
                                         all.subspan(gate, size));
      reference::matmul_backward<double>(hidden, inner, x, part(parameters, gate + size, size), dup, dinput,
                                         all.subspan(gate + size, size));
    }
    reference::route_backward<double>(route, dweights, balance, static_cast<double>(router_loss.z) * per_row,
                                      std::span(dlogits).subspan(row * num_experts, num_experts));
  }
  reference::matmul_backward<double>(hidden, num_experts, layer.experts_normed,
                                     part(parameters, offsets.router, num_experts * hidden), dlogits, dnormed,
                                     std::span(gradients).subspan(offsets.router, num_experts * hidden));
  reference::rms_norm_backward<double>(
      layer.experts_input, part(parameters, offsets.feed_forward_norm, hidden), shape_.norm_epsilon, dnormed,
      dx, std::span(gradients).subspan(offsets.feed_forward_norm, hidden));
}

double ReferenceDecoder::loss(const Values& parameters, const TokenBatch& batch, const PassOptions& options,
                              const RouterLossWeights& router_loss, Values* gradients) {
  const std::size_t hidden = shape_.num_hidden;
  const std::size_t vocabulary = shape_.vocabulary_size;
  const auto table = part(parameters, layout_.embedding(), vocabulary * hidden);
  layers_.assign(shape_.num_layers, {});
  residual_.clear();
  for (const std::uint16_t token : batch.tokens) {
    const auto row = table.subspan(token * hidden, hidden);
    residual_.insert(residual_.end(), row.begin(), row.end());
  }
  double loss = 0.0;
  for (std::size_t index = 0; index < shape_.num_layers; ++index) {
    attend(parameters, index, batch, options.is_causal, residual_);
    loss += mix(parameters, index, options.experts_per_layer[index], router_loss, residual_);
  }
  const auto norm = part(parameters, layout_.output_norm(), hidden);
  states_.resize(residual_.size());
  reference::rms_norm<double>(residual_, norm, shape_.norm_epsilon, states_);
  double total_weight = 0.0;
  for (const Prediction& prediction : batch.predictions)
    total_weight += static_cast<double>(prediction.weight);
  Values dstates(states_.size());
  for (const Prediction& prediction : batch.predictions) {
    const auto state = part(states_, prediction.row * hidden, hidden);
    const double weight = static_cast<double>(prediction.weight) / total_weight;
    Values logits(vocabulary);
    reference::matmul<double>(hidden, vocabulary, state, table, logits);
    loss += weight * reference::cross_entropy<double>(logits, prediction.target);
    if (gradients == nullptr) continue;
    Values dlogits(vocabulary);
    reference::cross_entropy_backward<double>(logits, prediction.target, weight, dlogits);
    reference::matmul_backward<double>(
        hidden, vocabulary, state, table, dlogits,
        std::span(dstates).subspan(prediction.row * hidden, hidden),
        std::span(*gradients).subspan(layout_.embedding(), vocabulary * hidden));
  }
  if (gradients == nullptr) return loss;
  Values dx(residual_.size());
  reference::rms_norm_backward<double>(residual_, norm, shape_.norm_epsilon, dstates, dx,
                                       std::span(*gradients).subspan(layout_.output_norm(), hidden));
  for (std::size_t index = shape_.num_layers; index-- > 0;) {
    mix_backward(parameters, index, router_loss, dx, *gradients);
    attend_backward(parameters, index, batch, options.is_causal, dx, *gradients);
  }
  for (std::size_t row = 0; row < batch.tokens.size(); ++row) {
    for (std::size_t i = 0; i < hidden; ++i)
      (*gradients)[layout_.embedding() + batch.tokens[row] * hidden + i] += dx[row * hidden + i];
  }
  return loss;
}

}  // namespace lyceum::model
