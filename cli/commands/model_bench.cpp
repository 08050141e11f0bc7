#include "cli/commands/model_bench.hpp"

#include <cstdio>

#include "cli/commands/command_context.hpp"
#include "cli/commands/model_inspect.hpp"

namespace lyceum::cli {
namespace {

/// Of the bandwidth that decoding one sequence uses.
double bandwidth_percent(const model::SpeedResult& result, const model::SpeedOfThreads& run) {
  return 100.0 * result.bytes_per_token * run.decode_tokens_per_second / run.read_bytes_per_second;
}

double memory_over_file(const model::SpeedResult& result) {
  return static_cast<double>(result.peak_memory_bytes) / static_cast<double>(result.file_bytes);
}

Json json_of(const std::string& file, const model::SpeedResult& result) {
  Json runs = Json::array();
  for (const model::SpeedOfThreads& run : result.runs) {
    runs.push_back({{"threads", run.num_threads},
                    {"ready_seconds", run.ready_seconds},
                    {"prefill_tokens_per_second", run.prefill_tokens_per_second},
                    {"decode_tokens_per_second", run.decode_tokens_per_second},
                    {"decode_of_8_tokens_per_second", run.decode_of_8_tokens_per_second},
                    {"read_bytes_per_second", run.read_bytes_per_second},
                    {"decode_bandwidth_percent", bandwidth_percent(result, run)}});
  }
  return {{"file", file},
          {"file_bytes", result.file_bytes},
          {"bytes_per_token", result.bytes_per_token},
          {"prefill_tokens", result.prefill_length},
          {"runs", runs},
          {"peak_memory_bytes", result.peak_memory_bytes},
          {"peak_memory_over_file", memory_over_file(result)}};
}

std::string text_of(const char* format, auto... values) {
  char text[128] = {};
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

void print_for_people(const std::string& file, const model::SpeedResult& result) {
  print_line("file", file + " (" + bytes_text(result.file_bytes) + ")");
  print_line("a token reads", bytes_text(static_cast<std::uint64_t>(result.bytes_per_token)));
  for (const model::SpeedOfThreads& run : result.runs) {
    print_line(text_of("%zu threads", run.num_threads).c_str(),
               text_of("ready in %.2f s, memory reads %.1f GB/s", run.ready_seconds,
                       run.read_bytes_per_second / 1e9));
    print_line(
        "", text_of("prefill of %zu   %8.1f tokens/s", result.prefill_length, run.prefill_tokens_per_second));
    print_line("", text_of("decode           %8.1f tokens/s, %.0f %% of the bandwidth",
                           run.decode_tokens_per_second, bandwidth_percent(result, run)));
    print_line("", text_of("decode of 8      %8.1f tokens/s", run.decode_of_8_tokens_per_second));
  }
  print_line("peak memory", bytes_text(result.peak_memory_bytes) +
                                text_of(", %.2f times the file", memory_over_file(result)));
}

}  // namespace

int bench_model(const ModelBenchOptions& options, bool is_json) {
  const auto result = model::measure_speed_blocking(options.file, options.request);
  if (!result) return report(result.error());
  if (is_json) {
    print_json(json_of(options.file, *result));
  } else {
    print_for_people(options.file, *result);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
