#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/async/blocking_pool.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "model/language_model.hpp"

namespace lyceum::model {

struct EngineModelOptions {
  std::string path{};                                     ///< A GGUF file or a Hugging Face folder.
  std::uint64_t key_value_bytes = 1024U * 1024U * 1024U;  ///< For the contexts of all requests together.
  std::uint64_t free_bytes =
      0;                       ///< Memory for the model and its contexts; 0: what is free where it computes.
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:N" or "auto": a card where there is one.
  /// Of the card, for weights, contexts and what a step needs; 0: all that is free. A model that does not fit
  /// leaves its experts in this machine's memory.
  std::uint64_t device_memory_bytes = 0;
  std::uint32_t step_tokens_max = 512;  ///< Computed at once; more is faster prefill, slower reaction.
};

/// Loads a model file and runs it in this process: on a thread of its own, all requests in one batch. Has
/// every capability. `pool` and `metrics` must outlive it.
///
/// Prompts: a file with `lyceum.verbs.version` = 1 is asked as it was trained (model/verbs), any other by
/// texts in its chat format.
///
/// Errors: not_found, malformed or unsupported for the file (naming what), overloaded when memory is short
/// (saying how much is needed and free), unavailable when the device is not there.
Result<std::unique_ptr<LanguageModel>> make_engine_model_blocking(const EngineModelOptions& options,
                                                                  BlockingPool& pool, Metrics& metrics);

}  // namespace lyceum::model
