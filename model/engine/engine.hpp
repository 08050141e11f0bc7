#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.hpp"
#include "model/engine/job.hpp"
#include "model/engine/prefix_cache.hpp"
#include "model/engine/throughput.hpp"
#include "model/engine_status.hpp"

namespace lyceum::model {

using JobId = std::uint64_t;

struct EngineOptions {
  std::size_t num_pages = 1024;       ///< Of keys and values, for all requests and the prefix cache.
  std::size_t step_tokens_max = 512;  ///< In one batch; prefill gets what decode leaves.
  std::size_t jobs_max = 64;          ///< In the batch at once.
  std::size_t queue_max = 4096;
  bool counts_experts = true;
};

/// The batch loop: continuous batching of jobs over one model, with pages for admission. A job's result never
/// depends on the others. One thread calls step() and wait(), any thread the other members.
///
/// Order: interactive jobs first, then by arrival; paused ones last. When pages run out, prefixes that nobody
/// uses go first, then the pages of the last in order; that job waits and computes its tokens again later.
class Engine {
 public:
  /// Borrows the model.
  Engine(const Transformer& transformer, EngineOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();  ///< Ends what is left with shutting_down. step() is not running.

  /// Errors: invalid_argument (no tokens, a token outside the vocabulary), too_large (context or all pages;
  /// both numbers), overloaded (queue_max), shutting_down. The job is then destroyed untold.
  Result<JobId> submit(std::unique_ptr<Job> job, Priority priority);
  /// The job fails with cancelled before its next token. Unknown ids are ignored, here and below.
  void cancel(JobId id);
  /// Before the next token; the pages stay. After `resume` nothing is computed twice.
  void pause(JobId id);
  void resume(JobId id);
  /// Runs `work` with the job on the engine's thread, between two steps, if it is still there.
  void visit(JobId id, std::function<void(Job&)> work);

  /// Takes in what was asked for and computes one batch; false when there was nothing to compute.
  bool step();
  /// Until somebody asks for something; false: the engine has been shut down.
  bool wait();
  /// From now on jobs are refused; those under way end with shutting_down at the next step.
  void shut_down();

  EngineStatus status() const;

  const Transformer& transformer() const { return transformer_; }

  const KeyValuePool& pool() const { return *pool_; }

 private:
  struct Entry {
    JobId id = 0;
    Priority priority = Priority::normal;
    std::unique_ptr<Job> job{};
    bool is_admitted = false;
    bool is_paused = false;
  };

  struct Command {
    enum class Kind : std::uint8_t { submit, cancel, pause, resume, visit };

    Kind kind;
    JobId id;
    Entry entry{};
    std::function<void(Job&)> work{};
  };

  /// A sequence's next tokens in the batch.
  struct Planned {
    Entry* entry;
    Sequence* sequence;
    std::vector<TokenId> tokens{};
    std::size_t num_rows = 0;
    bool is_prefill = false;
    HighestLogits highest{};
  };

  Result<void> check(Job& job) const;
  void send(Command command);
  void take_commands();
  void obey(Command& command);
  void sort_entries();
  static bool comes_before(const Entry& a, const Entry& b);

  // engine_batch.cpp
  void admit();
  void begin(Sequence& sequence);
  enum class Yields : std::uint8_t { all_after, lower_priorities };
  bool make_room(const Entry& entry, std::size_t num_pages, Yields yields);
  static void take_pages(Entry& entry);
  std::vector<Planned> plan();
  void plan_sequence(Entry& entry, std::size_t index, std::size_t& budget, std::vector<Planned>& batch);
  bool reserve(Entry& entry, std::size_t index, std::size_t num_tokens);

  // engine_step.cpp
  void compute(std::vector<Planned>& batch);
  Result<std::vector<float>> forward(std::span<Planned> batch) const;
  void deliver(std::span<Planned> batch, std::span<const float> logits);
  void deliver(Planned& planned, std::span<const float> logits);
  void count_experts(const Planned& planned);
  void share_pages(const Sequence& sequence, std::size_t num_tokens);
  void end_step();
  void publish();

  const Transformer& transformer_;
  const EngineOptions options_;
  std::shared_ptr<KeyValuePool> pool_;
  PrefixCache cache_{};
  std::vector<std::unique_ptr<Entry>> entries_{};  ///< In the order of comes_before.

  mutable std::mutex mutex_{};
  std::condition_variable wake_{};
  std::deque<Command> commands_{};
  std::size_t num_jobs_ = 0;
  JobId last_id_ = 0;
  bool is_down_ = false;
  EngineStatus status_{};    ///< For others to read.
  EngineStatus counters_{};  ///< The engine thread's own.
  Throughput throughput_{};
};

}  // namespace lyceum::model
