// Tokens a second of a model file, by prefill and decode, beside the machine's read bandwidth in the same
// run.
//   model_bench FILE THREADS [SHAPE TYPE [LAYERS]]
// With a shape (olmoe, sigma) and a type (q8_0, q4_k_m), FILE is written first when it does not exist.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>

#include <time.h>

#include "bench/read_bandwidth.hpp"
#include "bench/synthetic_model.hpp"
#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"

namespace lyceum {
namespace {

using model::KeyValueState;
using model::SequenceChunk;
using model::Transformer;

std::vector<std::int32_t> random_tokens(std::size_t count, std::size_t vocabulary, unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<std::int32_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random() % vocabulary);
  return tokens;
}

/// Seconds of the clock, and of all processors together.
struct Cost {
  double wall = 1e30;
  double cpu = 1e30;
};

Cost cost_of(const auto& work) {
  const auto cpu_now = [] {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  };
  const double begin = cpu_now();
  const double wall = seconds_of(work);
  return {wall, cpu_now() - begin};
}

Result<Cost> prefill_cost(const Transformer& transformer, std::size_t length) {
  const auto tokens = random_tokens(length, transformer.config().vocabulary_size, 1);
  Cost best;
  for (int round = 0; round < 3; ++round) {
    KeyValueState state = transformer.new_sequence();
    const SequenceChunk chunk{.tokens = tokens, .state = &state};
    Result<std::vector<float>> logits = std::vector<float>{};
    const Cost cost = cost_of([&] { logits = transformer.forward_blocking({&chunk, 1}); });
    TRY_OK(logits);
    best = {std::min(best.wall, cost.wall), std::min(best.cpu, cost.cpu)};
  }
  return best;
}

/// Of one step of `batch` sequences behind a short prompt each, the mean over `num_steps`.
Result<Cost> step_cost(const Transformer& transformer, std::size_t batch, std::size_t num_steps) {
  const auto tokens = random_tokens(batch * (num_steps + 33), transformer.config().vocabulary_size, 2);
  std::vector<KeyValueState> states(batch, transformer.new_sequence());
  std::size_t used = 0;
  const auto step = [&](std::size_t count) -> Result<void> {
    std::vector<SequenceChunk> chunks;
    for (KeyValueState& state : states) {
      chunks.push_back({.tokens = std::span(tokens).subspan(used, count), .state = &state});
      used += count;
    }
    TRY_OK(transformer.forward_blocking(chunks));
    return ok();
  };
  TRY_OK(step(32));
  TRY_OK(step(1));
  Result<void> done = ok();
  const Cost cost = cost_of([&] {
    for (std::size_t i = 0; i < num_steps && done; ++i) done = step(1);
  });
  TRY_OK(done);
  return Cost{cost.wall / static_cast<double>(num_steps), cost.cpu / static_cast<double>(num_steps)};
}

/// Bytes of the weights that a token reads: all but the experts it does not use and the embedding.
double bytes_per_token(const Transformer& transformer) {
  double total = 0.0;
  for (const auto& tensor : transformer.file().tensors()) {
    if (tensor.name == "token_embd.weight") continue;
    double share = 1.0;
    if (tensor.name.find("_exps.") != tensor.name.npos) {
      const auto& experts = *transformer.config().layers.back().experts;
      share = static_cast<double>(experts.policy.top_k) / static_cast<double>(experts.num_experts);
    }
    total += share * static_cast<double>(tensor.bytes.size());
  }
  return total;
}

Result<void> measure(const std::string& path, std::size_t num_threads) {
  TRY(model::GgufFile file, model::GgufFile::open_blocking(path));
  const double file_gb = static_cast<double>(file.size_bytes()) / 1e9;
  Result<Transformer> loaded = Error{Errc::io, ""};
  const double load_seconds = seconds_of([&] {
    loaded = Transformer::load_blocking(std::move(file), model::available_memory_blocking(),
                                        {.num_threads = num_threads});
  });
  TRY(const Transformer transformer, std::move(loaded));
  const auto tensors = transformer.file().tensors();
  const auto largest = std::ranges::max_element(
      tensors, {}, [](const model::GgufTensor& tensor) { return tensor.bytes.size(); });
  kernels::WorkerPool pool(num_threads);
  const double bandwidth = read_bandwidth(pool, largest->bytes);
  std::printf("%s: %.2f GB, %zu threads, loaded in %.2f s, reads %.1f GB/s\n", path.c_str(), file_gb,
              num_threads, load_seconds, bandwidth);
  const double token_gb = bytes_per_token(transformer) / 1e9;
  const auto print = [](const char* name, double tokens, const Cost& cost) {
    std::printf("%-12s %7.1f tokens/s, %7.1f a processor second", name, tokens / cost.wall,
                tokens / cost.cpu);
  };
  for (const std::size_t length : {128U, 512U}) {
    TRY(const Cost cost, prefill_cost(transformer, length));
    print(("prefill " + std::to_string(length)).c_str(), static_cast<double>(length), cost);
    std::printf("\n");
  }
  TRY(const Cost alone, step_cost(transformer, 1, 24));
  print("decode", 1, alone);
  std::printf("; %.3f GB a token, %.1f GB/s, %.0f %% of the bandwidth\n", token_gb, token_gb / alone.wall,
              100 * token_gb / alone.wall / bandwidth);
  TRY(const Cost together, step_cost(transformer, 8, 8));
  print("decode of 8", 8, together);
  std::printf("\n");
  return ok();
}

Result<void> run(std::span<char* const> arguments) {
  if (arguments.size() < 3)
    return Error{Errc::invalid_argument, "usage: model_bench FILE THREADS [SHAPE TYPE [LAYERS]]"};
  const auto number_of = [](std::string_view text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::max(1U, value);
  };
  const std::string path = arguments[1];
  if (arguments.size() >= 5 && !std::filesystem::exists(path)) {
    TRY(SyntheticShape shape, synthetic_shape(arguments[3]));
    if (arguments.size() > 5) shape.num_layers = number_of(arguments[5]);
    TRY_OK(write_synthetic_model_blocking(path, shape, arguments[4]));
  }
  return measure(path, number_of(arguments[2]));
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) {
  const auto done = lyceum::run({argv, static_cast<std::size_t>(argc)});
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
