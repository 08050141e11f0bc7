#pragma once

#include <cmath>
#include <span>
#include <vector>

#include "kernels/training/reference.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

/// The decoder in double by the reference operations, forward and backward, as slow and plain as can be.
class ReferenceDecoder {
 public:
  using Values = std::vector<double>;

  explicit ReferenceDecoder(const DecoderShape& shape) : shape_(shape), layout_(shape) {}

  /// Cross-entropy plus the routers' losses; with `gradients`, adds their derivatives.
  double loss(const Values& parameters, const TokenBatch& batch, const PassOptions& options,
              const RouterLossWeights& router_loss, Values* gradients);

  /// Normalised states of the last loss().
  const Values& states() const { return states_; }

 private:
  struct LayerValues {
    Values input{};
    Values attention_normed{};
    Values projected{};
    Values mixed{};
    Values experts_input{};
    Values experts_normed{};
    Values logits{};
    std::vector<kernels::training::reference::Route<double>> routes{};
    Values choice_shares{};
  };

  struct Head {
    Values raw{};
    Values turned{};
  };

  struct Expert {
    Values gate{};
    Values up{};
    Values inner{};
    Values out{};
  };

  std::span<const double> part(const Values& values, std::size_t offset, std::size_t size) const {
    return std::span(values).subspan(offset, size);
  }

  Head head(const Values& parameters, const LayerValues& layer, const BatchDocument& document,
            std::size_t column, std::size_t norm) const;
  Values columns(const Values& rows, const BatchDocument& document, std::size_t column) const;
  void attend(const Values& parameters, std::size_t index, const TokenBatch& batch, bool is_causal,
              Values& x);
  void attend_backward(const Values& parameters, std::size_t index, const TokenBatch& batch, bool is_causal,
                       Values& dx, Values& gradients);
  Expert expert(const Values& parameters, std::size_t index, std::size_t number,
                std::span<const double> x) const;
  double mix(const Values& parameters, std::size_t index, std::size_t k, const RouterLossWeights& router_loss,
             Values& x);
  void mix_backward(const Values& parameters, std::size_t index, const RouterLossWeights& router_loss,
                    Values& dx, Values& gradients);
  void back_through_head(const Head& head, const Values& dturned, const Values& parameters,
                         const BatchDocument& document, std::size_t column, std::size_t norm,
                         Values& dprojected, Values& gradients) const;

  DecoderShape shape_;
  ParameterLayout layout_;
  std::vector<LayerValues> layers_{};
  Values residual_{};
  Values states_{};
};

}  // namespace lyceum::model
