// Tokens a second of a model on a card, beside what the card does at best in the same run.
//   device_bench FILE [SHAPE TYPE [LAYERS [MEMORY_GIB]]]
// With a shape (olmoe, sigma) and a type (bf16, q8_0, q4_k_m), FILE is written first when it does not exist.
// With MEMORY_GIB the model may take no more of the card; experts that do not fit stay in the host's memory.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <string_view>

#include "bench/card_rates.hpp"
#include "bench/synthetic_model.hpp"
#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"

namespace lyceum {
namespace {

using model::KeyValueState;
using model::SequenceChunk;
using model::Transformer;

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Computes the next `count` tokens of every state.
Result<double> seconds_of_step(const Transformer& transformer, std::span<KeyValueState> states,
                               std::size_t count) {
  static std::minstd_rand random(3);
  std::vector<std::int32_t> tokens(states.size() * count);
  for (auto& token : tokens)
    token = static_cast<std::int32_t>(random() % transformer.config().vocabulary_size);
  std::vector<SequenceChunk> chunks;
  for (std::size_t i = 0; i < states.size(); ++i)
    chunks.push_back({.tokens = std::span(tokens).subspan(i * count, count), .state = &states[i]});
  Result<std::vector<float>> logits = std::vector<float>{};
  const double seconds = seconds_of([&] { logits = transformer.forward_blocking(chunks); });
  TRY_OK(logits);
  return seconds;
}

struct WeightSizes {
  double bytes = 0.0;   ///< That a token reads: all but the experts it does not use and the embedding
  double values = 0.0;  ///< The same
};

WeightSizes weights_of_token(const Transformer& transformer) {
  WeightSizes sizes;
  for (const auto& tensor : transformer.file().tensors()) {
    if (tensor.name == "token_embd.weight") continue;
    double share = 1.0;
    if (tensor.name.find("_exps.") != tensor.name.npos) {
      const auto& experts = *transformer.config().layers.back().experts;
      share = static_cast<double>(experts.policy.top_k) / static_cast<double>(experts.num_experts);
    }
    sizes.bytes += share * static_cast<double>(tensor.bytes.size());
    sizes.values += share * static_cast<double>(tensor.num_values());
  }
  return sizes;
}

Result<void> measure_prefill(const Transformer& transformer, std::size_t length, const CardRates& rates) {
  double best = 1e30;
  for (int round = 0; round < 4; ++round) {
    std::vector<KeyValueState> states{transformer.new_sequence()};
    TRY(const double seconds, seconds_of_step(transformer, states, length));
    best = std::min(best, seconds);
  }
  // The output is computed for one token.
  const double output = static_cast<double>(transformer.config().num_hidden) *
                        static_cast<double>(transformer.config().vocabulary_size);
  const double flops = 2.0 * (weights_of_token(transformer).values - output) * static_cast<double>(length);
  std::printf("prefill %zu: %.0f tokens/s, %.1f TFLOP/s in weights, %.0f %% of the matrix rate\n", length,
              static_cast<double>(length) / best, flops / best * 1e-12,
              100.0 * flops / best * 1e-12 / rates.bf16_tflops_per_s);
  return ok();
}

Result<void> measure_decode(const Transformer& transformer, std::size_t batch, const CardRates& rates) {
  constexpr std::size_t kSteps = 50;
  std::vector<KeyValueState> states(batch, transformer.new_sequence());
  TRY_OK(seconds_of_step(transformer, states, 32));
  TRY_OK(seconds_of_step(transformer, states, 1));
  double total = 0.0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    TRY(const double seconds, seconds_of_step(transformer, states, 1));
    total += seconds / kSteps;
  }
  std::printf("decode of %zu: %.1f tokens/s", batch, static_cast<double>(batch) / total);
  if (batch == 1) {
    const double gb = weights_of_token(transformer).bytes * 1e-9;
    std::printf(", %.3f GB a token, %.0f %% of the read rate", gb, 100.0 * gb / total / rates.reads_gb_per_s);
  }
  std::printf("\n");
  return ok();
}

void print_fetches(const Transformer& transformer) {
  const auto fetches = transformer.expert_fetches_blocking();
  if (!fetches) return;
  std::printf(
      "experts outside: %llu of %llu fit, %.0f %% of uses found there, %llu fetched early, "
      "%.1f GB came over, %.0f %% of the host's copy pinned\n",
      static_cast<unsigned long long>(fetches->num_slots),
      static_cast<unsigned long long>(fetches->num_experts),
      100.0 * static_cast<double>(fetches->num_hits) / static_cast<double>(fetches->num_uses),
      static_cast<unsigned long long>(fetches->num_prefetched),
      static_cast<double>(fetches->fetched_bytes) * 1e-9,
      100.0 * static_cast<double>(fetches->pinned_bytes) /
          static_cast<double>(fetches->num_experts * fetches->slot_bytes));
}

Result<void> run(std::span<char* const> arguments) {
  if (arguments.size() < 2)
    return Error{Errc::invalid_argument, "usage: device_bench FILE [SHAPE TYPE [LAYERS [MEMORY_GIB]]]"};
  const std::string path = arguments[1];
  if (arguments.size() >= 4 && !std::filesystem::exists(path)) {
    TRY(SyntheticShape shape, synthetic_shape(arguments[2]));
    if (arguments.size() > 4) {
      const std::string_view layers = arguments[4];
      std::from_chars(layers.begin(), layers.end(), shape.num_layers);
    }
    TRY_OK(write_synthetic_model_blocking(path, shape, arguments[3]));
  }
  model::DeviceBudget budget{.context_bytes = std::uint64_t{2} << 30U};
  if (arguments.size() > 5) budget.memory_bytes = std::strtoull(arguments[5], nullptr, 10) << 30U;
  const CardRates rates = measure_card_rates();
  TRY(model::GgufFile file, model::GgufFile::open_blocking(path));
  Result<Transformer> loaded = Error{Errc::io, ""};
  const double load_seconds = seconds_of([&] {
    loaded = Transformer::load_blocking(
        std::move(file), model::available_memory_blocking(),
        {.device = {.kind = kernels::DeviceChoice::Kind::cuda}, .device_budget = budget});
  });
  TRY(const Transformer transformer, std::move(loaded));
  std::printf("%s: %s; reads %.0f GB/s, bf16 %.0f TFLOP/s; loaded in %.1f s\n",
              transformer.device_name()->c_str(), path.c_str(), rates.reads_gb_per_s, rates.bf16_tflops_per_s,
              load_seconds);
  for (const std::size_t length : {128U, 512U, 2048U}) TRY_OK(measure_prefill(transformer, length, rates));
  for (const std::size_t batch : {1U, 8U, 32U}) TRY_OK(measure_decode(transformer, batch, rates));
  print_fetches(transformer);
  return ok();
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) {
  const auto done = lyceum::run({argv, static_cast<std::size_t>(argc)});
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
