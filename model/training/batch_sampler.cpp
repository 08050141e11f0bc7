#include "model/training/batch_sampler.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

/// A stable number for a name.
std::uint64_t number_of(const std::string& name) {
  std::uint64_t hash = 0xCBF29CE484222325U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
  return hash;
}

bool learns_anything(std::span<const std::uint8_t> weights) {
  return std::ranges::any_of(weights.subspan(1), [](std::uint8_t weight) { return weight != 0; });
}

}  // namespace

void append_document(const TrainingDocument& document, float weight, TokenBatch& batch) {
  const std::size_t first = batch.tokens.size();
  const auto learned = document.weights.subspan(1);
  const auto num_learned =
      static_cast<float>(learned.size()) - static_cast<float>(std::ranges::count(learned, 0));
  for (std::size_t i = 0; i < document.tokens.size(); ++i) {
    if (i > 0 && document.weights[i] != 0) {
      batch.predictions.push_back({.row = batch.tokens.size() - 1,
                                   .target = document.tokens[i],
                                   .kind = document.kind,
                                   .weight = weight > 0.0F ? weight / num_learned : 1.0F});
    }
    if (i == 0 || document.weights[i] != kAside) batch.tokens.push_back(document.tokens[i]);
  }
  batch.documents.push_back({first, batch.tokens.size() - first});
}

Result<BatchSampler> BatchSampler::create(const TrainingDataFile& file, const std::vector<std::string>& kinds,
                                          TrainConfig config) {
  BatchSampler sampler(file, std::move(config));
  for (const std::string& kind : kinds) {
    float weight = 0.0F;
    for (const auto& [name, value] : sampler.config_.document_weights) {
      if (covers(name, kind)) weight = static_cast<float>(value);
    }
    sampler.document_weights_.push_back(weight);
  }
  TRY_OK(sampler.take_pieces(kinds));
  for (auto& [name, part] : sampler.parts_) sampler.shuffle(name, part);
  return sampler;
}

Result<void> BatchSampler::take_pieces(const std::vector<std::string>& kinds) {
  for (const TrainPhase& phase : config_.phases) {
    for (const auto& [name, share] : phase.mixture) {
      if (share > 0.0) parts_[name];
    }
  }
  std::vector<std::vector<Part*>> parts_of_kind(kinds.size());
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    for (auto& [name, part] : parts_) {
      if (covers(name, kinds[kind])) parts_of_kind[kind].push_back(&part);
    }
  }
  const std::size_t longest = config_.shape.context_length;
  for (std::size_t index = 0; index < file_->num_documents(); ++index) {
    const TrainingDocument document = file_->document(index);
    if (document.kind >= kinds.size())
      return Error{Errc::invalid_argument, "kind " + std::to_string(document.kind) + " has no name"};
    for (std::size_t first = 0; first + 1 < document.tokens.size(); first += longest) {
      const std::size_t length = std::min(longest, document.tokens.size() - first);
      if (length < 2 || !learns_anything(document.weights.subspan(first, length))) continue;
      for (Part* const part : parts_of_kind[document.kind])
        part->pieces.push_back({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(first),
                                static_cast<std::uint32_t>(length)});
    }
  }
  for (const auto& [name, part] : parts_) {
    if (part.pieces.empty())
      return Error{Errc::invalid_argument, "the mixture names " + name + ", of which the data have nothing"};
  }
  return ok();
}

void BatchSampler::shuffle(const std::string& name, Part& part) const {
  part.order.resize(part.pieces.size());
  std::iota(part.order.begin(), part.order.end(), 0U);
  SeededNumbers numbers(config_.seed, {number_of(name), part.pass});
  for (std::size_t i = part.order.size(); i > 1; --i)
    std::swap(part.order[i - 1], part.order[numbers.below(i)]);
}

std::string BatchSampler::lagging_part(const TrainPhase& phase) const {
  std::string lagging;
  double least = 0.0;
  for (const auto& [name, share] : phase.mixture) {
    if (share <= 0.0) continue;
    const double drawn = static_cast<double>(parts_.at(name).num_drawn) / share;
    if (lagging.empty() || drawn < least) {
      lagging = name;
      least = drawn;
    }
  }
  return lagging;
}

void BatchSampler::enter_phase(std::uint64_t num_tokens) {
  std::size_t phase = 0;
  std::uint64_t end = config_.phases[0].num_tokens;
  while (phase + 1 < config_.phases.size() && num_tokens >= end) end += config_.phases[++phase].num_tokens;
  if (phase == phase_) return;
  phase_ = phase;
  for (auto& [name, part] : parts_) part.num_drawn = 0;
}

TokenBatch BatchSampler::next(std::uint64_t num_tokens) {
  enter_phase(num_tokens);
  TokenBatch batch;
  for (;;) {
    const std::string name = lagging_part(config_.phases[phase_]);
    Part& part = parts_.at(name);
    if (part.next == part.order.size()) {
      ++part.pass;
      part.next = 0;
      shuffle(name, part);
    }
    const Piece& piece = part.pieces[part.order[part.next]];
    if (batch.tokens.size() + piece.length > config_.batch_tokens) return batch;
    ++part.next;
    part.num_drawn += piece.length;
    append(piece, batch);
  }
}

void BatchSampler::append(const Piece& piece, TokenBatch& batch) const {
  TrainingDocument document = file_->document(piece.document);
  document.tokens = document.tokens.subspan(piece.first, piece.length);
  document.weights = document.weights.subspan(piece.first, piece.length);
  append_document(document, document_weights_[document.kind], batch);
}

Json BatchSampler::position() const {
  Json parts = Json::object();
  for (const auto& [name, part] : parts_)
    parts[name] = {{"pass", part.pass}, {"next", part.next}, {"drawn", part.num_drawn}};
  return {{"phase", phase_}, {"mixture", config_.phases[phase_].mixture}, {"parts", std::move(parts)}};
}

Result<void> BatchSampler::restore(const Json& position) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  FieldReader fields(position, "position");
  phase_ = static_cast<std::size_t>(fields.integer("phase", 0, 0, kMax));
  const Json& parts = fields.object("parts");
  const Json& mixture = fields.object("mixture");
  TRY_OK(fields.finish());
  // A run may go on with other phases; what was drawn for another mixture is then no debt.
  phase_ = std::min(phase_, config_.phases.size() - 1);
  const bool is_same = mixture == Json(config_.phases[phase_].mixture);
  for (auto& [name, part] : parts_) {
    if (!parts.contains(name)) continue;  // A mixture may name more than the run began with.
    FieldReader values(parts[name], "position.parts." + name);
    part.pass = static_cast<std::uint64_t>(values.required_integer("pass", 0, kMax));
    // Beyond the end where a run goes on with fewer data than it began with: a new pass begins.
    part.next = std::min(static_cast<std::uint64_t>(values.required_integer("next", 0, kMax)),
                         std::uint64_t{part.pieces.size()});
    const std::int64_t drawn = values.required_integer("drawn", 0, kMax);
    part.num_drawn = is_same ? static_cast<std::uint64_t>(drawn) : 0;
    TRY_OK(values.finish());
    shuffle(name, part);
  }
  return ok();
}

}  // namespace lyceum::model
