#pragma once

#include <cstdint>
#include <vector>

#include "model/architectures/model_config.hpp"
#include "model/architectures/taps.hpp"
#include "model/language_model.hpp"

namespace lyceum::model {

/// The experts that computed the token in row `row` of a pass, of each layer.
std::vector<std::vector<std::int32_t>> experts_of(const std::vector<LayerRoutes>& routes, std::size_t row);

/// Counts which experts compute the tokens of a text, one after the other.
class ExpertUseCounter {
 public:
  void add(std::vector<std::vector<std::int32_t>> experts);
  /// With a row for each layer of the model, and a number for each of its experts.
  ExpertUse use(const ModelConfig& config) const;

 private:
  std::vector<std::vector<std::int32_t>> last_{};
  std::vector<std::vector<std::uint64_t>> tokens_{};
  std::uint64_t num_tokens_ = 0;
  double shared_ = 0;  ///< Sum over the tokens but the first.
};

}  // namespace lyceum::model
