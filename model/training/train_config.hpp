#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/training/contrastive.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

/// A stretch of the training with one mixture.
struct TrainPhase {
  std::uint64_t num_tokens = 0;
  /// Share of the tokens by kind. "language" also stands for every kind "language.*"; a kind that no name
  /// covers is left out.
  std::map<std::string, double> mixture{};
};

struct LearningRate {
  double peak = 1e-3;
  double final_share = 0.1;  ///< Of the peak, at the end
  std::uint64_t warmup_tokens = 0;
  bool is_cosine = false;    ///< Else constant until the decay, then linear
  double decay_share = 0.2;  ///< Of all tokens, at the end

  /// After `num_tokens` of `total`.
  double at(std::uint64_t num_tokens, std::uint64_t total) const;
};

/// How many experts a token uses: drawn for each layer and step (Matryoshka, arXiv:2509.26520).
struct ExpertSchedule {
  std::size_t min = 1;
  std::size_t max = 4;
  std::vector<std::size_t> fixed{};  ///< By layer, instead of drawing
  /// The lowest `num_dense_layers` use `num_dense_experts` until `dense_until` of all tokens (progressive
  /// sparsification, as of Sigma-MoE-Tiny).
  std::size_t num_dense_layers = 0;
  std::size_t num_dense_experts = 4;
  double dense_until = 0.9;

  /// By layer, for a step after `done` (0..1) of all tokens.
  std::vector<std::size_t> draw(std::uint64_t seed, std::uint64_t step, double done,
                                std::size_t num_layers) const;
  std::size_t highest() const;
};

struct TrainConfig {
  DecoderShape shape{};
  std::string data{};  ///< Folder with train.lytd, validation.lytd, summary.json and maybe train.lytp
  std::string run{};   ///< Folder of checkpoints and metrics
  std::string
      vectors{};  ///< A file of `lyceum train vectors` that the embedding begins with; empty: at random
  std::uint64_t seed = 1;
  std::size_t num_threads = 0;  ///< 0: one a processor
  std::size_t batch_tokens = 8192;
  std::vector<TrainPhase> phases{};
  LearningRate learning_rate{};
  ExpertSchedule experts{};
  RouterLossWeights router_loss{};
  ContrastiveConfig contrastive{};
  /// What a document's predictions weigh together, by kind (named as in a mixture). For kinds that no name
  /// covers each prediction weighs 1, so that documents with short answers would hardly count.
  std::map<std::string, double> document_weights{};
  double weight_decay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double clip = 1.0;
  std::uint64_t checkpoint_seconds = 300;
  std::size_t num_checkpoints = 3;
  std::uint64_t validation_steps = 500;
  std::size_t validation_documents = 64;  ///< Of each kind
  std::vector<std::size_t> validation_experts{1, 2, 4};

  std::uint64_t num_tokens() const;
};

/// invalid_argument naming the field that is missing, unknown or out of its limits.
Result<TrainConfig> read_train_config(const Json& json);
/// not_found, io, malformed; then as read_train_config.
Result<TrainConfig> read_train_config_blocking(const std::string& path);

Json to_json(const DecoderShape& shape);
Result<DecoderShape> read_decoder_shape(const Json& json);

/// True when a name of a mixture covers a kind.
bool covers(const std::string& name, const std::string& kind);

}  // namespace lyceum::model
