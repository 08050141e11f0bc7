#include "model/training/train_config.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/files.hpp"
#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 50U;
constexpr std::size_t kMaxConfigBytes = 1U << 20U;
constexpr std::size_t kMaxPathBytes = 4096;
constexpr std::size_t kMaxPhases = 64;
constexpr std::size_t kMaxKinds = 256;
/// Experts that a token can use while training.
constexpr std::int64_t kMaxExperts = static_cast<std::int64_t>(kernels::training::kMaxTopK);

Result<std::map<std::string, double>> read_weights(const Json& json, const std::string& path) {
  std::map<std::string, double> weights;
  if (json.size() > kMaxKinds) return Error{Errc::too_large, path + " has too many names"};
  for (const auto& [name, value] : json.items()) {
    if (!value.is_number() || value.get<double>() < 0.0)
      return Error{Errc::invalid_argument, path + "." + name + " must be a number of at least 0"};
    weights[name] = value.get<double>();
  }
  return weights;
}

Result<std::vector<TrainPhase>> read_phases(const Json& json) {
  std::vector<TrainPhase> phases;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string path = "phases[" + std::to_string(i) + "]";
    FieldReader fields(json[i], path);
    TrainPhase phase;
    phase.num_tokens = static_cast<std::uint64_t>(fields.required_integer("tokens", 1, kMaxTokens));
    const Json& mixture = fields.object("mixture");
    TRY_OK(fields.finish());
    TRY(phase.mixture, read_weights(mixture, path + ".mixture"));
    const bool is_empty =
        std::ranges::none_of(phase.mixture, [](const auto& part) { return part.second > 0.0; });
    if (is_empty) return Error{Errc::invalid_argument, path + ".mixture names nothing to train on"};
    phases.push_back(std::move(phase));
  }
  if (phases.empty()) return Error{Errc::invalid_argument, "phases must name at least one"};
  return phases;
}

Result<LearningRate> read_learning_rate(const Json& json) {
  FieldReader fields(json, "learning_rate");
  LearningRate rate;
  rate.peak = fields.number("peak", rate.peak, 0.0, 1.0);
  rate.final_share = fields.number("final_share", rate.final_share, 0.0, 1.0);
  rate.warmup_tokens = static_cast<std::uint64_t>(fields.integer("warmup_tokens", 0, 0, kMaxTokens));
  rate.is_cosine = fields.choice("schedule", "constant", {"constant", "cosine"}) == "cosine";
  rate.decay_share = fields.number("decay_share", rate.decay_share, 0.0, 1.0);
  TRY_OK(fields.finish());
  return rate;
}

Result<std::vector<std::size_t>> read_counts(const Json& json, const std::string& path, std::int64_t max) {
  std::vector<std::size_t> counts;
  for (const Json& value : json) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > max)
      return Error{Errc::invalid_argument, path + " must hold numbers of 1.." + std::to_string(max)};
    counts.push_back(value.get<std::size_t>());
  }
  return counts;
}

Result<ExpertSchedule> read_experts(const Json& json, const DecoderShape& shape) {
  const auto most = std::min(kMaxExperts, static_cast<std::int64_t>(shape.num_experts));
  FieldReader fields(json, "experts");
  ExpertSchedule experts;
  experts.max = static_cast<std::size_t>(fields.integer("max", std::min<std::int64_t>(4, most), 1, most));
  experts.min = static_cast<std::size_t>(fields.integer("min", 1, 1, static_cast<std::int64_t>(experts.max)));
  const Json& fixed = fields.array("fixed", shape.num_layers);
  experts.num_dense_layers = static_cast<std::size_t>(
      fields.integer("dense_layers", 0, 0, static_cast<std::int64_t>(shape.num_layers)));
  experts.num_dense_experts = static_cast<std::size_t>(
      fields.integer("dense_experts", static_cast<std::int64_t>(experts.max), 1, most));
  experts.dense_until = fields.number("dense_until", experts.dense_until, 0.0, 1.0);
  TRY_OK(fields.finish());
  TRY(experts.fixed, read_counts(fixed, "experts.fixed", most));
  if (!experts.fixed.empty() && experts.fixed.size() != shape.num_layers)
    return Error{Errc::invalid_argument, "experts.fixed must have a number for each of " +
                                             std::to_string(shape.num_layers) + " layers"};
  return experts;
}

Result<ContrastiveConfig> read_contrastive(const Json& json, const DecoderShape& shape) {
  FieldReader fields(json, "contrastive");
  ContrastiveConfig contrastive;
  contrastive.every = static_cast<std::uint64_t>(fields.integer("every", 0, 0, 1'000'000));
  contrastive.temperature = fields.number("temperature", contrastive.temperature, 1e-3, 10.0);
  contrastive.hardness = fields.number("hardness", contrastive.hardness, 0.0, 100.0);
  contrastive.weight = fields.number("weight", contrastive.weight, 0.0, 1000.0);
  const auto longest = static_cast<std::int64_t>(shape.context_length / 2);
  contrastive.text_tokens = static_cast<std::size_t>(
      fields.integer("text_tokens", std::min<std::int64_t>(256, longest), 1, longest));
  TRY_OK(fields.finish());
  return contrastive;
}

Result<void> read_checkpoints(const Json& json, TrainConfig& config) {
  FieldReader fields(json, "checkpoints");
  config.checkpoint_seconds = static_cast<std::uint64_t>(fields.integer("seconds", 300, 1, 86'400));
  config.num_checkpoints = static_cast<std::size_t>(fields.integer("keep", 3, 1, 1000));
  return fields.finish();
}

Result<void> read_validation(const Json& json, TrainConfig& config) {
  FieldReader fields(json, "validation");
  config.validation_steps = static_cast<std::uint64_t>(fields.integer("steps", 500, 1, 1'000'000'000));
  config.validation_documents = static_cast<std::size_t>(fields.integer("documents", 64, 1, 100'000));
  const bool has_experts = fields.has("experts");
  const Json& experts = fields.array("experts", 16);
  TRY_OK(fields.finish());
  const auto most = static_cast<std::int64_t>(config.shape.num_experts);
  if (has_experts) {
    TRY(config.validation_experts, read_counts(experts, "validation.experts", std::min(kMaxExperts, most)));
  }
  return ok();
}

Result<void> read_losses(FieldReader& fields, TrainConfig& config) {
  config.router_loss.balance = static_cast<float>(fields.number("balance_loss", 0.01, 0.0, 10.0));
  config.router_loss.z = static_cast<float>(fields.number("z_loss", 0.001, 0.0, 10.0));
  config.weight_decay = fields.number("weight_decay", config.weight_decay, 0.0, 1.0);
  config.beta1 = fields.number("beta1", config.beta1, 0.0, 0.9999);
  config.beta2 = fields.number("beta2", config.beta2, 0.0, 0.99999);
  config.clip = fields.number("clip", config.clip, 1e-6, 1e6);
  TRY(config.document_weights, read_weights(fields.object("document_weights"), "document_weights"));
  return ok();
}

}  // namespace

double LearningRate::at(std::uint64_t num_tokens, std::uint64_t total) const {
  const double done = std::min(1.0, static_cast<double>(num_tokens) / static_cast<double>(total));
  const double warm = num_tokens >= warmup_tokens
                          ? 1.0
                          : static_cast<double>(num_tokens + 1) / static_cast<double>(warmup_tokens + 1);
  double share = 1.0;
  if (is_cosine) {
    share = final_share + (1.0 - final_share) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  } else if (done > 1.0 - decay_share) {
    share = 1.0 - (1.0 - final_share) * (done - (1.0 - decay_share)) / decay_share;
  }
  return peak * warm * share;
}

std::vector<std::size_t> ExpertSchedule::draw(std::uint64_t seed, std::uint64_t step, double done,
                                              std::size_t num_layers) const {
  if (!fixed.empty()) return fixed;
  constexpr std::uint64_t kPurpose = 0x6B;
  SeededNumbers numbers(seed, {kPurpose, step});
  std::vector<std::size_t> counts(num_layers);
  for (std::size_t layer = 0; layer < num_layers; ++layer) {
    counts[layer] = min + numbers.below(max - min + 1);
    if (layer < num_dense_layers && done < dense_until) counts[layer] = num_dense_experts;
  }
  return counts;
}

std::size_t ExpertSchedule::highest() const {
  if (!fixed.empty()) return std::ranges::max(fixed);
  return num_dense_layers == 0 ? max : std::max(max, num_dense_experts);
}

std::uint64_t TrainConfig::num_tokens() const {
  std::uint64_t total = 0;
  for (const TrainPhase& phase : phases) total += phase.num_tokens;
  return total;
}

bool covers(const std::string& name, const std::string& kind) {
  return kind == name || kind.starts_with(name + ".");
}

Json to_json(const DecoderShape& shape) {
  return {{"vocabulary_size", shape.vocabulary_size},
          {"context_length", shape.context_length},
          {"hidden", shape.num_hidden},
          {"layers", shape.num_layers},
          {"heads", shape.num_heads},
          {"kv_heads", shape.num_kv_heads},
          {"head_dim", shape.head_dim},
          {"experts", shape.num_experts},
          {"expert_inner", shape.num_inner},
          {"rope_base", shape.rope_base}};
}

Result<DecoderShape> read_decoder_shape(const Json& json) {
  constexpr std::int64_t kMaxExtent = 1 << 20;
  FieldReader fields(json, "model");
  DecoderShape shape;
  const auto extent = [&](const char* name, std::size_t fallback) {
    return static_cast<std::size_t>(fields.integer(name, static_cast<std::int64_t>(fallback), 1, kMaxExtent));
  };
  shape.vocabulary_size = extent("vocabulary_size", shape.vocabulary_size);
  shape.context_length = extent("context_length", shape.context_length);
  shape.num_hidden = extent("hidden", shape.num_hidden);
  shape.num_layers = extent("layers", shape.num_layers);
  shape.num_heads = extent("heads", shape.num_heads);
  shape.num_kv_heads = extent("kv_heads", shape.num_kv_heads);
  shape.head_dim = extent("head_dim", shape.head_dim);
  shape.num_experts = extent("experts", shape.num_experts);
  shape.num_inner = extent("expert_inner", shape.num_inner);
  shape.rope_base = fields.number("rope_base", shape.rope_base, 1.0, 1e9);
  TRY_OK(fields.finish());
  TRY_OK(check(shape));
  return shape;
}

Result<TrainConfig> read_train_config(const Json& json) {
  FieldReader fields(json, "config");
  TrainConfig config;
  TRY(config.shape, read_decoder_shape(fields.object("model")));
  config.data = fields.required_string("data", kMaxPathBytes);
  config.run = fields.required_string("run", kMaxPathBytes);
  config.vectors = fields.string("vectors", "", kMaxPathBytes);
  config.seed = static_cast<std::uint64_t>(fields.integer("seed", 1, 0, kMaxTokens));
  config.num_threads = static_cast<std::size_t>(fields.integer("threads", 0, 0, 1024));
  config.batch_tokens =
      static_cast<std::size_t>(fields.integer("batch_tokens", 8192, 32, std::int64_t{1} << 20U));
  TRY(config.phases, read_phases(fields.array("phases", kMaxPhases)));
  TRY(config.learning_rate, read_learning_rate(fields.object("learning_rate")));
  TRY(config.experts, read_experts(fields.object("experts"), config.shape));
  TRY_OK(read_losses(fields, config));
  TRY(config.contrastive, read_contrastive(fields.object("contrastive"), config.shape));
  TRY_OK(read_checkpoints(fields.object("checkpoints"), config));
  TRY_OK(read_validation(fields.object("validation"), config));
  TRY_OK(fields.finish());
  if (config.batch_tokens < config.shape.context_length)
    return Error{Errc::invalid_argument, "batch_tokens must be at least model.context_length"};
  return config;
}

Result<TrainConfig> read_train_config_blocking(const std::string& path) {
  TRY(const Json json, read_json_file_blocking(path, kMaxConfigBytes));
  auto config = read_train_config(json);
  if (!config) return Error{config.error().code, path + ": " + config.error().message};
  return config;
}

}  // namespace lyceum::model
