#include "model/training/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <thread>

#include "kernels/training/adamw.hpp"
#include "kernels/training/bfloat16.hpp"
#include "model/training/token_vectors.hpp"

namespace lyceum::model {
namespace {

/// Parameters that one item of work updates; their sums of squares are added in order.
constexpr std::size_t kUpdateRun = 1 << 16;

std::size_t threads_of(const TrainConfig& config) {
  if (config.num_threads > 0) return config.num_threads;
  return std::max(1U, std::thread::hardware_concurrency());
}

Result<void> check_vocabulary(std::size_t size, const TrainConfig& config) {
  if (size == config.shape.vocabulary_size) return ok();
  return Error{Errc::invalid_argument, "the data have a vocabulary of " + std::to_string(size) +
                                           ", the model of " + std::to_string(config.shape.vocabulary_size)};
}

/// A run may have begun without groups.
Result<void> restore_groups(const Json& position, std::optional<ContrastiveSampler>& groups) {
  if (!groups || !position.contains("groups")) return ok();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  FieldReader fields(position["groups"], "position.groups");
  const std::int64_t pass = fields.required_integer("pass", 0, kMax);
  const std::int64_t next = fields.required_integer("next", 0, kMax);
  TRY_OK(fields.finish());
  groups->restore(static_cast<std::uint64_t>(pass), static_cast<std::uint64_t>(next));
  return ok();
}

std::size_t most_experts(const TrainConfig& config) {
  return std::max(config.experts.highest(), std::ranges::max(config.validation_experts));
}

}  // namespace

Result<std::unique_ptr<Trainer>> Trainer::create(const TrainConfig& config, const TrainData& data,
                                                 kernels::training::GemmPath path) {
  TRY_OK(check_vocabulary(data.documents->vocabulary_size(), config));
  if (config.contrastive.every > 0) {
    if (data.groups == nullptr || data.groups->num_groups() == 0)
      return Error{Errc::invalid_argument, "contrastive.every is set, but the data have no groups"};
    TRY_OK(check_vocabulary(data.groups->vocabulary_size(), config));
  }
  TRY(BatchSampler sampler, BatchSampler::create(*data.documents, data.kinds, config));
  std::vector<float> parameters = initial_parameters(config.shape, config.seed);
  if (!config.vectors.empty()) {
    TRY(const auto vectors, TokenVectors::of_file_blocking(config.vectors));
    TRY_OK(begin_with_vectors(vectors, config.shape, parameters));
  }
  return std::unique_ptr<Trainer>(new Trainer(config, data, std::move(sampler), std::move(parameters), path));
}

Trainer::Trainer(const TrainConfig& config, const TrainData& data, BatchSampler sampler,
                 std::vector<float> parameters, kernels::training::GemmPath path)
    : config_(config),
      workers_(threads_of(config)),
      decoder_(config.shape, path, workers_, config.batch_tokens, most_experts(config)),
      sampler_(std::move(sampler)),
      parameters_(std::move(parameters)),
      gradients_(parameters_.size()),
      first_moments_(parameters_.size()),
      second_moments_(parameters_.size()) {
  if (config.contrastive.every > 0) groups_.emplace(*data.groups, config.seed);
  decoder_.take_parameters(parameters_);
}

StepReport Trainer::run_step() {
  const auto total = config_.num_tokens();
  const double done = static_cast<double>(num_tokens_) / static_cast<double>(total);
  StepReport report;
  report.learning_rate = config_.learning_rate.at(num_tokens_, total);
  report.experts_per_layer = config_.experts.draw(config_.seed, step_, done, config_.shape.num_layers);
  const PassOptions options{.experts_per_layer = report.experts_per_layer};
  std::ranges::fill(gradients_, 0.0F);
  const bool takes_groups = groups_ && (step_ + 1) % config_.contrastive.every == 0;
  report.batch_tokens = takes_groups ? learn_groups(options, report) : learn_documents(options, report);
  report.gradient_norm = gradient_norm();
  report.step = ++step_;
  report.num_tokens = num_tokens_ += report.batch_tokens;
  update(report.learning_rate, report.gradient_norm);
  return report;
}

std::size_t Trainer::learn_documents(const PassOptions& options, StepReport& report) {
  const TokenBatch batch = sampler_.next(num_tokens_);
  report.routing = decoder_.forward(batch, options);
  report.predictions = decoder_.predict(batch, gradients_);
  decoder_.backward(batch, options, config_.router_loss, gradients_);
  return batch.tokens.size();
}

std::size_t Trainer::learn_groups(const PassOptions& options, StepReport& report) {
  const ContrastiveBatch batch = groups_->next(config_.batch_tokens, config_.contrastive.text_tokens);
  report.routing = decoder_.forward(batch.texts, options);
  std::vector<float> states(batch.texts.tokens.size() * config_.shape.num_hidden);
  std::ranges::transform(std::span(decoder_.states()).first(states.size()), states.begin(),
                         kernels::training::f32_of);
  report.contrastive = contrastive_loss(batch, config_.contrastive, states, config_.shape.num_hidden,
                                        decoder_.state_gradients());
  decoder_.backward(batch.texts, options, config_.router_loss, gradients_);
  return batch.texts.tokens.size();
}

double Trainer::gradient_norm() {
  std::vector<double> sums((gradients_.size() + kUpdateRun - 1) / kUpdateRun);
  workers_.run(sums.size(), [&](std::size_t item, std::size_t) {
    const std::size_t first = item * kUpdateRun;
    sums[item] = kernels::training::sum_of_squares(gradients_.data() + first,
                                                   std::min(kUpdateRun, gradients_.size() - first));
  });
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

void Trainer::update(double learning_rate, double gradient_norm) {
  struct Run {
    std::size_t first;
    std::size_t size;
    bool decays;
  };

  std::vector<Run> runs;
  for (const ParameterTensor& tensor : decoder_.layout().tensors()) {
    for (std::size_t first = 0; first < tensor.size(); first += kUpdateRun)
      runs.push_back({tensor.offset + first, std::min(kUpdateRun, tensor.size() - first), tensor.decays});
  }
  workers_.run(runs.size(), [&](std::size_t item, std::size_t) {
    const auto [first, size, decays] = runs[item];
    kernels::training::adamw(
        {.step = step_,
         .learning_rate = static_cast<float>(learning_rate),
         .beta1 = static_cast<float>(config_.beta1),
         .beta2 = static_cast<float>(config_.beta2),
         .weight_decay = decays ? static_cast<float>(config_.weight_decay) : 0.0F,
         .gradient_scale = static_cast<float>(std::min(1.0, config_.clip / std::max(gradient_norm, 1e-30)))},
        size, gradients_.data() + first, parameters_.data() + first, first_moments_.data() + first,
        second_moments_.data() + first);
  });
  decoder_.take_parameters(parameters_);
}

PredictionReport Trainer::evaluate(const TrainingDataFile& data, const std::vector<std::size_t>& documents,
                                   std::size_t k) {
  const PassOptions options{.experts_per_layer = std::vector(config_.shape.num_layers, k)};
  PredictionReport total;
  TokenBatch batch;
  const auto add_batch = [&] {
    if (batch.predictions.empty()) return;
    decoder_.forward(batch, options);
    const PredictionReport report = decoder_.predict(batch, {});
    total.kinds.resize(std::max(total.kinds.size(), report.kinds.size()));
    for (std::size_t kind = 0; kind < report.kinds.size(); ++kind) {
      total.kinds[kind].loss += report.kinds[kind].loss;
      total.kinds[kind].weight += report.kinds[kind].weight;
      total.kinds[kind].num_predictions += report.kinds[kind].num_predictions;
      total.kinds[kind].num_highest += report.kinds[kind].num_highest;
    }
    batch = {};
  };
  for (const std::size_t index : documents) {
    TrainingDocument document = data.document(index);
    const std::size_t length = std::min(document.tokens.size(), config_.shape.context_length);
    document.tokens = document.tokens.first(length);
    document.weights = document.weights.first(length);
    if (batch.tokens.size() + length > config_.batch_tokens) add_batch();
    append_document(document, 0.0F, batch);
  }
  add_batch();
  double loss = 0.0;
  double weight = 0.0;
  for (const auto& kind : total.kinds) {
    loss += kind.loss;
    weight += kind.weight;
  }
  total.loss = weight > 0.0 ? loss / weight : 0.0;
  return total;
}

Checkpoint Trainer::checkpoint() const {
  Json position = sampler_.position();
  if (groups_) position["groups"] = {{"pass", groups_->pass()}, {"next", groups_->next_group()}};
  return {config_.shape, step_,          num_tokens_,    std::move(position),
          parameters_,   first_moments_, second_moments_};
}

Result<void> Trainer::restore(Checkpoint checkpoint) {
  if (checkpoint.shape != config_.shape)
    return Error{Errc::invalid_argument, "the checkpoint is of a model of another shape"};
  TRY_OK(restore_groups(checkpoint.position, groups_));
  checkpoint.position.erase("groups");
  TRY_OK(sampler_.restore(checkpoint.position));
  step_ = checkpoint.step;
  num_tokens_ = checkpoint.num_tokens;
  parameters_ = std::move(checkpoint.parameters);
  first_moments_ = std::move(checkpoint.first_moments);
  second_moments_ = std::move(checkpoint.second_moments);
  decoder_.take_parameters(parameters_);
  return ok();
}

}  // namespace lyceum::model
