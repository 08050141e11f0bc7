#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// What a model in the process is and does right now, for people who watch it.
namespace lyceum::model {

/// Does not change while the model is loaded.
struct EngineFacts {
  std::string architecture{};  ///< "qwen3moe"
  std::string file{};          ///< The file's name, without its folder.
  std::string weights_type{};  ///< "Q8_0"; the type with most weights.
  std::uint64_t num_parameters = 0;
  std::uint64_t num_active_parameters = 0;  ///< Those that compute one token.
  std::uint32_t num_layers = 0;
  std::uint32_t num_experts = 0;       ///< A layer; 0: dense.
  std::uint32_t num_experts_used = 0;  ///< A token and layer.
  std::uint32_t context_length = 0;
  std::uint32_t vocab_size = 0;
  std::uint64_t weight_bytes = 0;
  std::uint64_t page_bytes = 0;  ///< Of keys and values in all layers.
  std::uint32_t tokens_per_page = 0;
  std::string instruction_set{};  ///< "avx512-vnni", "cuda"; what computes.
};

/// Of one moment. Counters grow from the start of the service.
struct EngineStatus {
  std::uint64_t num_waiting = 0;   ///< Requests that no batch has taken yet.
  std::uint64_t num_running = 0;   ///< In the batch.
  std::uint64_t num_paused = 0;    ///< Held at a token, pages kept.
  std::uint64_t batch_tokens = 0;  ///< Of the last step: prefill and decode together.
  std::uint64_t num_pages = 0;
  std::uint64_t num_pages_used = 0;    ///< By requests.
  std::uint64_t num_pages_cached = 0;  ///< Kept for prefixes to come, given up when needed.
  std::uint64_t prefill_tokens = 0;    ///< Counter
  std::uint64_t cached_tokens = 0;     ///< Counter: prompt tokens that the prefix cache spared.
  std::uint64_t decode_tokens = 0;     ///< Counter
  double prefill_tokens_per_s = 0;     ///< Over the last few seconds of work.
  double decode_tokens_per_s = 0;
  std::uint64_t num_expert_slots = 0;  ///< Experts that a device holds; 0: all, or there is none.
  std::uint64_t expert_uses = 0;  ///< Counter: experts that a step and layer used, where not all are there.
  std::uint64_t expert_hits = 0;  ///< Counter: of them, those that were there.
  std::uint64_t expert_fetched_bytes = 0;  ///< Counter: that came from this machine's memory.
  /// Counter: [layer][expert], tokens that the expert computed. Empty for a dense model; a dense layer's row
  /// is empty.
  std::vector<std::vector<std::uint64_t>> expert_tokens{};
};

/// Threads: members from any thread; neither waits for the engine.
class EngineMonitor {
 public:
  EngineMonitor() = default;
  EngineMonitor(const EngineMonitor&) = delete;
  EngineMonitor& operator=(const EngineMonitor&) = delete;
  virtual ~EngineMonitor() = default;

  virtual const EngineFacts& facts() const = 0;
  virtual EngineStatus status() const = 0;
};

}  // namespace lyceum::model
