#include "model/architectures/device_plan.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/attention.hpp"
#include "kernels/rope.hpp"

namespace lyceum::model {
namespace {

static_assert(kHighestLogitsMax <= kernels::kDeviceTopMax);

/// The plan's arrays while they are gathered.
struct Gathered {
  std::vector<std::int32_t> tokens{};
  std::vector<std::int32_t> positions{};
  std::vector<std::int32_t> first_page{};
  std::vector<std::int32_t> logit_rows{};
  std::vector<std::int32_t> tiles{};
  std::vector<float> cosines{};
  std::vector<float> sines{};
  std::vector<std::vector<float>> row_bias{};
  std::vector<float*> pages{};
};

bool shows_routes_only(const ChunkTaps& taps) {
  return !taps.wants_router_probabilities && !taps.wants_final_hidden && taps.hidden_layers.empty() &&
         taps.attention_spans.empty();
}

void gather_chunk(const SequenceChunk& chunk, DevicePlan& plan, Gathered& gathered) {
  chunk.state->reserve(chunk.tokens.size());
  const auto first_page = static_cast<std::int32_t>(gathered.pages.size());
  for (const KeyValuePage& page : chunk.state->pages()) gathered.pages.push_back(page.get());
  plan.num_pages_max = std::max(plan.num_pages_max, static_cast<std::int32_t>(chunk.state->pages().size()));
  const auto first_row = static_cast<std::int32_t>(plan.rows.size());
  const auto num_rows = static_cast<std::int32_t>(chunk.tokens.size());
  for (std::int32_t begin = 0; begin < num_rows; begin += kernels::kDeviceQueryTile) {
    gathered.tiles.push_back(first_row + begin);
    gathered.tiles.push_back(std::min(kernels::kDeviceQueryTile, num_rows - begin));
  }
  for (std::size_t i = 0; i < chunk.tokens.size(); ++i) {
    const std::size_t position = chunk.state->length() + i;
    if (chunk.wants_all_logits || i + chunk.num_logits >= chunk.tokens.size())
      gathered.logit_rows.push_back(static_cast<std::int32_t>(plan.rows.size()));
    plan.rows.push_back({&chunk, chunk.tokens[i], position});
    gathered.tokens.push_back(chunk.tokens[i]);
    gathered.positions.push_back(static_cast<std::int32_t>(position));
    gathered.first_page.push_back(first_page);
  }
  plan.is_plain_decode = plan.is_plain_decode && chunk.tokens.size() == 1 &&
                         chunk.experts_per_layer.empty() && chunk.expert_bias.empty() &&
                         (chunk.taps == nullptr || shows_routes_only(*chunk.taps));
  if (chunk.highest != nullptr)
    plan.num_highest = std::max(plan.num_highest, static_cast<std::int32_t>(chunk.highest->count));
}

void gather_turns(std::span<const double> frequencies, double magnitude, const DevicePlan& plan,
                  Gathered& gathered) {
  const std::size_t num_pairs = frequencies.size();
  gathered.cosines.resize(plan.rows.size() * num_pairs);
  gathered.sines.resize(plan.rows.size() * num_pairs);
  for (std::size_t row = 0; row < plan.rows.size(); ++row)
    kernels::rope_factors(frequencies, magnitude, plan.rows[row].position,
                          std::span(gathered.cosines).subspan(row * num_pairs, num_pairs),
                          std::span(gathered.sines).subspan(row * num_pairs, num_pairs));
}

void gather_routes(const ModelConfig& config, DevicePlan& plan, Gathered& gathered) {
  gathered.row_bias.resize(config.layers.size());
  plan.routes.resize(config.layers.size());
  const bool has_bias =
      std::ranges::any_of(plan.rows, [](const DeviceRow& row) { return !row.chunk->expert_bias.empty(); });
  std::size_t begin = 0;
  for (std::size_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].experts) continue;
    const ExpertsConfig& experts = *config.layers[layer].experts;
    std::vector<std::int32_t>& first = plan.routes[layer].first;
    first.push_back(0);
    for (const DeviceRow& row : plan.rows) {
      const auto asked = row.chunk->experts_per_layer;
      first.push_back(first.back() +
                      static_cast<std::int32_t>(asked.empty() ? experts.policy.top_k : asked[layer]));
      if (!has_bias) continue;
      const auto bias = row.chunk->expert_bias;
      for (std::size_t expert = 0; expert < experts.num_experts; ++expert)
        gathered.row_bias[layer].push_back(bias.empty() ? 0.0F : bias[begin + expert]);
    }
    begin += experts.num_experts;
    plan.routes[layer].num_routes = first.back();
    plan.num_routes_max = std::max(plan.num_routes_max, first.back());
    plan.num_experts_max = std::max(plan.num_experts_max, static_cast<std::int32_t>(experts.num_experts));
  }
}

/// Writes arrays into one block of bytes, the same places on the host and on the device.
class PlanWriter {
 public:
  PlanWriter(std::vector<std::byte>& host, std::byte* device) : host_(host.data()), device_(device) {}

  template <class T>
  const T* put(const std::vector<T>& values) {
    T* const to = host_.take<T>(values.size());
    const T* const on_device = device_.take<T>(values.size());
    if (to == nullptr) return nullptr;
    std::memcpy(to, values.data(), values.size() * sizeof(T));
    return on_device;
  }

  std::size_t size_bytes() const { return host_.size_bytes(); }

 private:
  Layout host_;
  Layout device_;
};

void write(const Gathered& gathered, DevicePlan& plan, PlanWriter& writer) {
  plan.tokens = writer.put(gathered.tokens);
  plan.positions = writer.put(gathered.positions);
  plan.first_page = writer.put(gathered.first_page);
  plan.logit_rows = writer.put(gathered.logit_rows);
  plan.tiles = writer.put(gathered.tiles);
  plan.cosines = writer.put(gathered.cosines);
  plan.sines = writer.put(gathered.sines);
  for (std::size_t layer = 0; layer < plan.routes.size(); ++layer) {
    if (!plan.routes[layer].first.empty())
      plan.routes[layer].first_route = writer.put(plan.routes[layer].first);
    if (!gathered.row_bias[layer].empty()) plan.routes[layer].row_bias = writer.put(gathered.row_bias[layer]);
  }
  // Last: their number changes from step to step.
  plan.pages = writer.put(gathered.pages);
}

}  // namespace

Result<DevicePlan> make_device_plan(const ModelConfig& config, std::span<const double> rope_frequencies,
                                    std::span<const SequenceChunk> batch, const kernels::Device& device,
                                    GrowingMemory& memory) {
  DevicePlan plan{.is_plain_decode = true};
  Gathered gathered;
  for (const SequenceChunk& chunk : batch) gather_chunk(chunk, plan, gathered);
  plan.num_rows = static_cast<std::int32_t>(plan.rows.size());
  plan.num_logits = static_cast<std::int32_t>(gathered.logit_rows.size());
  plan.num_tiles = static_cast<std::int32_t>(gathered.tiles.size() / 2);
  plan.num_highest = std::min(plan.num_highest, static_cast<std::int32_t>(config.vocabulary_size));
  gather_turns(rope_frequencies, config.rope.magnitude, plan, gathered);
  gather_routes(config, plan, gathered);

  std::vector<std::byte> host;
  PlanWriter counted(host, nullptr);
  write(gathered, plan, counted);
  host.resize(counted.size_bytes());
  // Twice what is needed: a step later there may be more pages.
  TRY(std::byte* const on_device, memory.of(2 * host.size()));
  PlanWriter writer(host, on_device);
  write(gathered, plan, writer);
  device.table().upload(device.context(), on_device, host.data(), host.size());
  return plan;
}

}  // namespace lyceum::model
