#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::memory {

struct ChildLimits {
  std::chrono::seconds time{60};  ///< Wall clock; the same for the processor.
  std::size_t memory_bytes = 2UL << 30U;
  std::size_t output_bytes = 256UL << 20U;
};

/// Runs a program, found on PATH, with no input, an almost empty environment and hard limits, and returns
/// what it wrote to its output. For parsers of foreign bytes that must not run in this process. Errors:
/// unavailable (no such program), unsupported (it failed), too_large, deadline_exceeded, io.
Result<std::string> run_child(const std::vector<std::string>& arguments, const ChildLimits& limits);

}  // namespace lyceum::memory
