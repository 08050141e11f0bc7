#include "model/speed.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <random>
#include <thread>

#include "kernels/read_bandwidth.hpp"
#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "model/files/model_file.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxThreads = 1024;
constexpr std::size_t kPromptLength = 32;
constexpr std::size_t kNumSteps = 16;

std::vector<std::int32_t> random_tokens(std::size_t count, std::size_t vocabulary) {
  std::minstd_rand random(1);
  std::vector<std::int32_t> tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random() % vocabulary);
  return tokens;
}

/// The median seconds of three rounds of `work`, which returns those of one.
Result<double> median_of_rounds(const auto& work) {
  std::array<double, 3> seconds{};
  for (double& round : seconds) {
    TRY(round, work());
  }
  std::ranges::sort(seconds);
  return seconds[1];
}

Result<double> prefill_seconds(const Transformer& transformer, std::size_t length) {
  const auto tokens = random_tokens(length, transformer.config().vocabulary_size);
  KeyValueState state = transformer.new_sequence();
  const SequenceChunk chunk{.tokens = tokens, .state = &state};
  Result<std::vector<float>> logits = std::vector<float>{};
  const double seconds = kernels::seconds_of([&] { logits = transformer.forward_blocking({&chunk, 1}); });
  TRY_OK(logits);
  return seconds;
}

/// Of one step of `batch` sequences behind a short prompt each, the mean over kNumSteps.
Result<double> step_seconds(const Transformer& transformer, std::size_t batch) {
  const std::size_t prompt = std::min(kPromptLength, transformer.config().context_length / 2);
  const std::size_t num_steps = std::min(kNumSteps, transformer.config().context_length - prompt - 1);
  const auto tokens = random_tokens(batch * (prompt + 1 + num_steps), transformer.config().vocabulary_size);
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
  TRY_OK(step(prompt));
  TRY_OK(step(1));
  Result<void> done = ok();
  const double seconds = kernels::seconds_of([&] {
    for (std::size_t i = 0; i < num_steps && done; ++i) done = step(1);
  });
  TRY_OK(done);
  return seconds / static_cast<double>(num_steps);
}

double bytes_per_token(const Transformer& transformer) {
  double total = 0.0;
  for (const auto& tensor : transformer.file().tensors()) {
    // One row of the embedding is read, unless it is the output as well.
    const bool is_embedding = tensor.name == "token_embd.weight";
    if (is_embedding && transformer.file().find_tensor("output.weight") != nullptr) continue;
    double share = 1.0;
    if (tensor.name.find("_exps.") != tensor.name.npos) {
      const auto& experts = *transformer.config().layers.back().experts;
      share = static_cast<double>(experts.policy.top_k) / static_cast<double>(experts.num_experts);
    }
    total += share * static_cast<double>(tensor.bytes.size());
  }
  return total;
}

/// From the largest tensor where the file keeps it; from memory of our own where that is too small to tell.
double read_bytes_per_second(const GgufFile& file, std::size_t num_threads) {
  constexpr std::size_t kEnough = std::size_t{64} << 20U;
  std::span<const std::byte> largest;
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.bytes.size() > largest.size()) largest = tensor.bytes;
  }
  std::vector<std::byte> own;
  if (largest.size() < kEnough) {
    own.assign(kEnough, std::byte{1});
    largest = own;
  }
  kernels::WorkerPool pool(num_threads);
  return kernels::read_bandwidth(pool, largest) * 1e9;
}

std::uint64_t peak_memory_bytes_blocking() {
  constexpr std::string_view kName = "VmHWM:";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(kName)) continue;
    const std::size_t first = line.find_first_of("0123456789");
    std::uint64_t kibibytes = 0;
    if (first != line.npos) std::from_chars(line.data() + first, line.data() + line.size(), kibibytes);
    return kibibytes * 1024;
  }
  return 0;
}

Result<void> check(const SpeedRequest& request) {
  if (request.prefill_length == 0)
    return Error{Errc::invalid_argument, "a prefill of no tokens cannot be measured"};
  for (const std::size_t count : request.thread_counts) {
    if (count == 0 || count > kMaxThreads)
      return Error{Errc::invalid_argument, "the number of threads is " + std::to_string(count) +
                                               ", it must be 1 to " + std::to_string(kMaxThreads)};
  }
  return ok();
}

Result<SpeedOfThreads> measure_blocking(const std::string& path, std::size_t num_threads,
                                        SpeedResult& result) {
  SpeedOfThreads run{.num_threads = num_threads};
  Result<Transformer> loaded = Error{Errc::io, path};
  Result<double> first_token = 0.0;
  run.ready_seconds = kernels::seconds_of([&] {
    loaded = [&]() -> Result<Transformer> {
      TRY(GgufFile file, open_model_file_blocking(path));
      return Transformer::load_blocking(std::move(file), available_memory_blocking(),
                                        {.num_threads = num_threads});
    }();
    if (loaded) first_token = prefill_seconds(*loaded, 1);
  });
  TRY(const Transformer transformer, std::move(loaded));
  TRY_OK(first_token);
  result.file_bytes = transformer.file().size_bytes();
  result.bytes_per_token = bytes_per_token(transformer);
  result.prefill_length = std::min(result.prefill_length, transformer.config().context_length);
  TRY(const double prefill,
      median_of_rounds([&] { return prefill_seconds(transformer, result.prefill_length); }));
  run.prefill_tokens_per_second = static_cast<double>(result.prefill_length) / prefill;
  TRY(const double alone, median_of_rounds([&] { return step_seconds(transformer, 1); }));
  run.decode_tokens_per_second = 1.0 / alone;
  TRY(const double together, median_of_rounds([&] { return step_seconds(transformer, 8); }));
  run.decode_of_8_tokens_per_second = 8.0 / together;
  result.peak_memory_bytes = std::max(result.peak_memory_bytes, peak_memory_bytes_blocking());
  run.read_bytes_per_second = read_bytes_per_second(transformer.file(), num_threads);
  return run;
}

}  // namespace

Result<SpeedResult> measure_speed_blocking(const std::string& path, const SpeedRequest& request) {
  TRY_OK(check(request));
  auto thread_counts = request.thread_counts;
  if (thread_counts.empty()) {
    thread_counts.push_back(1);
    const std::size_t all = std::thread::hardware_concurrency();
    if (all > 1) thread_counts.push_back(all);
  }
  SpeedResult result{.prefill_length = request.prefill_length};
  for (const std::size_t count : thread_counts) {
    TRY(const SpeedOfThreads run, measure_blocking(path, count, result));
    result.runs.push_back(run);
  }
  return result;
}

}  // namespace lyceum::model
