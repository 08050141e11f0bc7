#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/training/batch_sampler.hpp"
#include "model/training/checkpoint.hpp"
#include "model/training/data_file.hpp"
#include "model/training/decoder.hpp"
#include "model/training/train_config.hpp"

namespace lyceum::model {

/// Borrowed; what a trainer learns from.
struct TrainData {
  const TrainingDataFile* documents = nullptr;
  const ContrastiveDataFile* groups = nullptr;  ///< May be missing where no step takes groups
  std::vector<std::string> kinds{};             ///< Names of the documents' kinds
};

/// What one step did.
struct StepReport {
  std::uint64_t step = 0;        ///< From 1
  std::uint64_t num_tokens = 0;  ///< Of all steps
  std::size_t batch_tokens = 0;
  double learning_rate = 0.0;
  double gradient_norm = 0.0;  ///< Before clipping
  std::vector<std::size_t> experts_per_layer{};
  PredictionReport predictions{};
  RoutingReport routing{};
  ContrastiveReport contrastive{};  ///< Of a step that took groups instead of documents
};

/// A decoder on its way through the configured phases. The same configuration, data, path and seed give the
/// same bits, for any number of threads and whether or not the run was stopped between steps and resumed.
/// One thread at a time.
class Trainer {
 public:
  /// invalid_argument when the data's vocabulary is not the model's, a phase names what the data have
  /// nothing of, or groups are wanted and missing; those of reading the vectors that it begins with.
  static Result<std::unique_ptr<Trainer>> create(const TrainConfig& config, const TrainData& data,
                                                 kernels::training::GemmPath path);

  const TrainConfig& config() const { return config_; }

  const kernels::training::Gemm& gemm() const { return decoder_.gemm(); }

  std::uint64_t step() const { return step_; }

  std::uint64_t num_tokens() const { return num_tokens_; }

  bool is_done() const { return num_tokens_ >= config_.num_tokens(); }

  const std::vector<float>& parameters() const { return parameters_; }

  /// One batch: forward, backward, update.
  StepReport run_step();

  /// Loss over whole documents when every layer uses k experts; no weight changes.
  PredictionReport evaluate(const TrainingDataFile& data, const std::vector<std::size_t>& documents,
                            std::size_t k);

  Checkpoint checkpoint() const;
  /// invalid_argument when the checkpoint has another shape.
  Result<void> restore(Checkpoint checkpoint);

 private:
  Trainer(const TrainConfig& config, const TrainData& data, BatchSampler sampler,
          std::vector<float> parameters, kernels::training::GemmPath path);
  std::size_t learn_documents(const PassOptions& options, StepReport& report);
  std::size_t learn_groups(const PassOptions& options, StepReport& report);
  void update(double learning_rate, double gradient_norm);
  double gradient_norm();

  TrainConfig config_;
  kernels::WorkerPool workers_;
  Decoder decoder_;
  BatchSampler sampler_;
  std::optional<ContrastiveSampler> groups_{};
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::vector<float> first_moments_;
  std::vector<float> second_moments_;
  std::uint64_t step_ = 0;
  std::uint64_t num_tokens_ = 0;
};

}  // namespace lyceum::model
