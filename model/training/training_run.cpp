#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "base/files.hpp"
#include "model/training.hpp"
#include "model/training/trainer.hpp"

namespace lyceum::model {
namespace {

namespace fs = std::filesystem;

using SteadyClock = std::chrono::steady_clock;

constexpr double kMetricsSeconds = 10.0;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

/// The first documents of each kind.
std::vector<std::size_t> first_documents(const TrainingDataFile& data, std::size_t count) {
  std::vector<std::size_t> documents;
  std::vector<std::size_t> taken(256);
  for (std::size_t index = 0; index < data.num_documents(); ++index) {
    if (taken[data.document(index).kind]++ < count) documents.push_back(index);
  }
  return documents;
}

Json losses_by_kind(const PredictionReport& report, const std::vector<std::string>& kinds) {
  Json losses = Json::object();
  for (std::size_t kind = 0; kind < report.kinds.size(); ++kind) {
    const auto& part = report.kinds[kind];
    if (part.num_predictions == 0) continue;
    losses[kinds[kind]] = {
        {"loss", part.loss / part.weight},
        {"first_guess", static_cast<double>(part.num_highest) / static_cast<double>(part.num_predictions)}};
  }
  return losses;
}

/// Multiplications and additions of a step's products, attention's own left out.
double step_operations(const StepReport& report, const DecoderShape& shape) {
  double active = 0.0;
  for (const std::size_t k : report.experts_per_layer)
    active += static_cast<double>(shape.num_active(k) - shape.vocabulary_size * shape.num_hidden);
  active /= static_cast<double>(shape.num_layers);
  double num_predictions = 0.0;
  for (const auto& kind : report.predictions.kinds)
    num_predictions += static_cast<double>(kind.num_predictions);
  const double head = static_cast<double>(shape.vocabulary_size * shape.num_hidden) * num_predictions;
  return 6.0 * (active * static_cast<double>(report.batch_tokens) + head);
}

/// One run: its folder, its metrics and its clock.
class TrainingRun {
 public:
  TrainingRun(const TrainRequest& request, TrainConfig config, std::vector<std::string> kinds)
      : request_(request), config_(std::move(config)), kinds_(std::move(kinds)) {}

  Result<void> run(const TrainData& data, const TrainingDataFile& validation) {
    TRY(trainer_, Trainer::create(config_, data, kernels::training::best_gemm_path()));
    TRY_OK(prepare_folder());
    metrics_.open(fs::path(config_.run) / "metrics.jsonl", std::ios::app);
    if (!metrics_) return Error{Errc::io, config_.run + "/metrics.jsonl cannot be written"};
    validation_ = &validation;
    validation_documents_ = first_documents(validation, config_.validation_documents);
    peak_flops_ = kernels::training::measure_gemm_flops(trainer_->gemm());
    write({{"event", "start"},
           {"step", trainer_->step()},
           {"tokens", trainer_->num_tokens()},
           {"parameters", trainer_->parameters().size()},
           {"path", kernels::training::name_of(trainer_->gemm().path())},
           {"peak_gflops_of_a_thread", peak_flops_ / 1e9}});
    return run_steps();
  }

 private:
  Result<void> prepare_folder() {
    std::error_code failed;
    fs::create_directories(config_.run, failed);
    if (failed) return Error{Errc::io, config_.run + ": " + failed.message()};
    const auto newest = newest_checkpoint_blocking(config_.run);
    if (!newest) return ok();
    if (!request_.resumes)
      return Error{Errc::conflict, config_.run + " already holds a run; resume it or name another folder"};
    TRY(Checkpoint checkpoint, read_checkpoint_blocking(*newest));
    return trainer_->restore(std::move(checkpoint));
  }

  Result<void> run_steps() {
    auto last_checkpoint = SteadyClock::now();
    while (!trainer_->is_done() && !(request_.should_stop && request_.should_stop())) {
      const auto start = SteadyClock::now();
      const StepReport report = trainer_->run_step();
      if (!std::isfinite(report.predictions.loss) || !std::isfinite(report.gradient_norm))
        return Error{Errc::internal, "step " + std::to_string(report.step) + ": the loss is not finite"};
      count(report, seconds_since(start));
      if (report.step % config_.validation_steps == 0) validate();
      if (seconds_since(last_checkpoint) >= static_cast<double>(config_.checkpoint_seconds)) {
        TRY_OK(save());
        last_checkpoint = SteadyClock::now();
      }
    }
    TRY_OK(save());
    if (trainer_->is_done()) validate();
    return ok();
  }

  Result<void> save() {
    TRY_OK(write_checkpoint_blocking(trainer_->checkpoint(), checkpoint_path(config_.run, trainer_->step())));
    prune_checkpoints_blocking(config_.run, config_.num_checkpoints);
    return ok();
  }

  /// Sums steps up to the next line of metrics.
  void count(const StepReport& report, double seconds) {
    seconds_ += seconds;
    tokens_ += report.batch_tokens;
    operations_ += step_operations(report, config_.shape);
    losses_.resize(std::max(losses_.size(), report.predictions.kinds.size()));
    for (std::size_t kind = 0; kind < report.predictions.kinds.size(); ++kind) {
      losses_[kind].loss += report.predictions.kinds[kind].loss;
      losses_[kind].weight += report.predictions.kinds[kind].weight;
      losses_[kind].num_predictions += report.predictions.kinds[kind].num_predictions;
      losses_[kind].num_highest += report.predictions.kinds[kind].num_highest;
    }
    if (report.contrastive.num_groups > 0) {
      ++num_group_steps_;
      group_loss_ += report.contrastive.loss;
      group_first_share_ += report.contrastive.first_share;
    } else {
      last_loss_ = report.predictions.loss;
    }
    if (seconds_ >= kMetricsSeconds) report_interval(report);
  }

  void report_interval(const StepReport& report) {
    PredictionReport sum{.kinds = losses_};
    const double rate = static_cast<double>(tokens_) / seconds_;
    const double flops = operations_ / seconds_;
    const Json by_kind = losses_by_kind(sum, kinds_);
    Json metrics{{"event", "train"},
                 {"step", report.step},
                 {"tokens", report.num_tokens},
                 {"loss", last_loss_},
                 {"by_kind", by_kind},
                 {"learning_rate", report.learning_rate},
                 {"gradient_norm", report.gradient_norm},
                 {"balance", report.routing.balance},
                 {"router_z", report.routing.z},
                 {"expert_shares", report.routing.choice_shares},
                 {"experts", report.experts_per_layer},
                 {"tokens_per_s", rate},
                 {"gflops", flops / 1e9},
                 {"share_of_peak", flops / peak_flops_}};
    if (num_group_steps_ > 0) {
      const auto count = static_cast<double>(num_group_steps_);
      metrics["contrastive"] = {{"loss", group_loss_ / count}, {"first_share", group_first_share_ / count}};
    }
    write(metrics);
    if (request_.show) request_.show(line(report, rate, flops));
    seconds_ = 0.0;
    tokens_ = 0;
    operations_ = 0.0;
    losses_.clear();
    num_group_steps_ = 0;
    group_loss_ = 0.0;
    group_first_share_ = 0.0;
  }

  std::string line(const StepReport& report, double rate, double flops) const {
    std::ostringstream text;
    text << "step " << report.step << "  " << std::fixed << std::setprecision(1)
         << 100.0 * static_cast<double>(report.num_tokens) / static_cast<double>(config_.num_tokens())
         << " %  loss " << std::setprecision(3) << last_loss_ << "  " << std::setprecision(0) << rate
         << " tokens/s  " << flops / 1e9 << " of " << peak_flops_ / 1e9 << " GFLOP/s a thread";
    return text.str();
  }

  void validate() {
    Json by_experts = Json::object();
    for (const std::size_t k : config_.validation_experts) {
      const PredictionReport report = trainer_->evaluate(*validation_, validation_documents_, k);
      by_experts[std::to_string(k)] = losses_by_kind(report, kinds_);
    }
    write({{"event", "validation"},
           {"step", trainer_->step()},
           {"tokens", trainer_->num_tokens()},
           {"by_experts", std::move(by_experts)}});
  }

  void write(const Json& metrics) { metrics_ << dump_json(metrics) << std::endl; }

  const TrainRequest& request_;
  TrainConfig config_;
  std::vector<std::string> kinds_;
  std::unique_ptr<Trainer> trainer_{};
  const TrainingDataFile* validation_ = nullptr;
  std::vector<std::size_t> validation_documents_{};
  std::ofstream metrics_{};
  double peak_flops_ = 0.0;
  double seconds_ = 0.0;
  std::uint64_t tokens_ = 0;
  double operations_ = 0.0;
  std::vector<PredictionReport::Kind> losses_{};
  double last_loss_ = 0.0;
  std::size_t num_group_steps_ = 0;
  double group_loss_ = 0.0;
  double group_first_share_ = 0.0;
};

}  // namespace

Result<void> train_blocking(const TrainRequest& request) {
  TRY(TrainConfig config, read_train_config_blocking(request.config));
  TRY(std::vector<std::string> kinds, read_kinds_blocking(config.data));
  TRY(const TrainingDataFile data,
      TrainingDataFile::open_blocking((fs::path(config.data) / "train.lytd").string()));
  TRY(const TrainingDataFile validation,
      TrainingDataFile::open_blocking((fs::path(config.data) / "validation.lytd").string()));
  std::optional<ContrastiveDataFile> groups;
  if (config.contrastive.every > 0) {
    TRY(groups, ContrastiveDataFile::open_blocking((fs::path(config.data) / "train.lytp").string()));
  }
  const TrainData train_data{&data, groups ? &*groups : nullptr, kinds};
  return TrainingRun(request, std::move(config), std::move(kinds)).run(train_data, validation);
}

}  // namespace lyceum::model
