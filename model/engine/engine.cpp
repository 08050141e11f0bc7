#include "model/engine/engine.hpp"

#include <algorithm>
#include <tuple>

#include "kernels/attention.hpp"

namespace lyceum::model {
namespace {

using kernels::kAttentionPage;

Error shutting_down() {
  return {Errc::shutting_down, "the engine is stopping"};
}

}  // namespace

Engine::Engine(const Transformer& transformer, EngineOptions options)
    : transformer_(transformer),
      options_(options),
      pool_(std::make_shared<KeyValuePool>(transformer.config(), options.num_pages,
                                           transformer.page_memory())) {
  counters_.num_pages = options.num_pages;
  for (const LayerConfig& layer : transformer.config().layers)
    counters_.expert_tokens.emplace_back(layer.experts ? layer.experts->num_experts : 0);
  status_ = counters_;
}

Engine::~Engine() {
  shut_down();
  take_commands();
  for (const auto& entry : entries_) entry->job->fail(shutting_down());
}

Result<void> Engine::check(Job& job) const {
  const ModelConfig& config = transformer_.config();
  for (const auto& sequence : job.sequences()) {
    if (sequence->tokens.empty()) return Error{Errc::invalid_argument, "the prompt has no tokens"};
    for (const TokenId token : sequence->tokens) {
      if (token >= 0 && static_cast<std::size_t>(token) < config.vocabulary_size) continue;
      return Error{Errc::invalid_argument, "token " + std::to_string(token) +
                                               " is not in the vocabulary of " +
                                               std::to_string(config.vocabulary_size)};
    }
  }
  if (job.tokens_max() > config.context_length)
    return Error{Errc::too_large, "the request needs " + std::to_string(job.tokens_max()) +
                                      " tokens with its answer, the model's context has " +
                                      std::to_string(config.context_length)};
  // One more for the copy of a page that a fork shares with its origin.
  const std::size_t pages = job.tokens_max() / kAttentionPage + 2;
  if (pages > options_.num_pages)
    return Error{Errc::too_large, "the request needs " + std::to_string(pages) +
                                      " pages of keys and values, there are " +
                                      std::to_string(options_.num_pages)};
  return ok();
}

Result<JobId> Engine::submit(std::unique_ptr<Job> job, Priority priority) {
  TRY_OK(check(*job));
  JobId id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_down_) return shutting_down();
    if (num_jobs_ >= options_.queue_max)
      return Error{Errc::overloaded,
                   "the engine has " + std::to_string(num_jobs_) + " requests, its limit: try again later"};
    ++num_jobs_;
    id = ++last_id_;
    commands_.push_back({.kind = Command::Kind::submit,
                         .id = id,
                         .entry = {.id = id, .priority = priority, .job = std::move(job)}});
  }
  wake_.notify_one();
  return id;
}

void Engine::send(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake_.notify_one();
}

void Engine::cancel(JobId id) {
  send({.kind = Command::Kind::cancel, .id = id});
}

void Engine::pause(JobId id) {
  send({.kind = Command::Kind::pause, .id = id});
}

void Engine::resume(JobId id) {
  send({.kind = Command::Kind::resume, .id = id});
}

void Engine::visit(JobId id, std::function<void(Job&)> work) {
  send({.kind = Command::Kind::visit, .id = id, .work = std::move(work)});
}

void Engine::shut_down() {
  {
    const std::lock_guard lock(mutex_);
    is_down_ = true;
  }
  wake_.notify_one();
}

bool Engine::wait() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return is_down_ || !commands_.empty(); });
  return !is_down_;
}

bool Engine::comes_before(const Entry& a, const Entry& b) {
  return std::tie(a.is_paused, a.priority, a.id) < std::tie(b.is_paused, b.priority, b.id);
}

void Engine::sort_entries() {
  std::ranges::sort(entries_, [](const auto& a, const auto& b) { return comes_before(*a, *b); });
}

void Engine::obey(Command& command) {
  if (command.kind == Command::Kind::submit) {
    for (const auto& sequence : command.entry.job->sequences())
      sequence->taps.wants_routes |= options_.counts_experts;
    entries_.push_back(std::make_unique<Entry>(std::move(command.entry)));
    return;
  }
  const auto found = std::ranges::find(entries_, command.id, [](const auto& entry) { return entry->id; });
  if (found == entries_.end()) return;
  Entry& entry = **found;
  switch (command.kind) {
    case Command::Kind::cancel:
      entry.job->fail({Errc::cancelled, "the request was cancelled"});
      break;
    case Command::Kind::pause:
      entry.is_paused = true;
      break;
    case Command::Kind::resume:
      entry.is_paused = false;
      break;
    case Command::Kind::visit:
      command.work(*entry.job);
      break;
    case Command::Kind::submit:
      break;
  }
}

void Engine::take_commands() {
  std::deque<Command> commands;
  bool is_down = false;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
    is_down = is_down_;
  }
  for (Command& command : commands) obey(command);
  if (is_down) {
    for (const auto& entry : entries_) entry->job->fail(shutting_down());
  }
  sort_entries();
}

EngineStatus Engine::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace lyceum::model
