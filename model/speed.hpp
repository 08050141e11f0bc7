#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

struct SpeedRequest {
  std::vector<std::size_t> thread_counts{};  ///< Empty: one, and one a processor
  std::size_t prefill_length = 512;          ///< At most the model's context
};

/// Medians of three rounds each.
struct SpeedOfThreads {
  std::size_t num_threads = 0;
  /// From nothing to the first token's logits: with a warm cache the time to be ready.
  double ready_seconds = 0.0;
  double prefill_tokens_per_second = 0.0;
  double decode_tokens_per_second = 0.0;
  double decode_of_8_tokens_per_second = 0.0;  ///< Eight sequences together
  /// What these threads read at most from the weights, in the same run.
  double read_bytes_per_second = 0.0;
};

struct SpeedResult {
  std::uint64_t file_bytes = 0;
  double bytes_per_token = 0.0;  ///< Of weights that a token reads: of the experts only its own
  std::size_t prefill_length = 0;
  std::vector<SpeedOfThreads> runs{};
  std::uint64_t peak_memory_bytes = 0;  ///< Of the process, with the mapped file; 0 where unknown
};

/// Loads a model file and computes random tokens on the processor with each number of threads. not_found,
/// malformed or unsupported for the file; invalid_argument for no threads or too many, or an empty prefill.
Result<SpeedResult> measure_speed_blocking(const std::string& path, const SpeedRequest& request);

}  // namespace lyceum::model
