#include "model/engine/engine_calls.hpp"

#include <algorithm>
#include <limits>
#include <variant>

#include "base/async/mailbox.hpp"
#include "model/engine/embedding.hpp"

namespace lyceum::model {
namespace {

/// Requests of one call in the engine at once: enough to fill a batch, few enough to leave the queue to
/// others.
constexpr std::size_t kMaxParallel = 16;
/// Tokens that a generation may be ahead of who reads it.
constexpr std::size_t kMaxAhead = 4;

/// Cancels what is left when a call ends early, by an error or by cancellation.
class JobGuard {
 public:
  explicit JobGuard(Engine& engine) : engine_(engine) {}

  JobGuard(const JobGuard&) = delete;
  JobGuard& operator=(const JobGuard&) = delete;

  ~JobGuard() {
    for (const JobId id : ids_) engine_.cancel(id);
  }

  void add(JobId id) { ids_.push_back(id); }

  void clear() { ids_.clear(); }

 private:
  Engine& engine_;
  std::vector<JobId> ids_{};
};

template <class T>
struct Answer {
  std::size_t index = 0;
  Result<T> result{};
};

/// Runs `count` jobs, at most kMaxParallel at once. `make(index, on_end)` gives a job.
template <class T, class Make>
Task<Result<std::vector<T>>> run_jobs(Engine& engine, std::size_t count, Priority priority, Make make) {
  Mailbox<Answer<T>> mailbox(co_await net::this_coro::executor);
  JobGuard guard(engine);
  std::vector<T> results(count);
  std::size_t num_sent = 0;
  std::size_t num_done = 0;
  while (num_done < count) {
    for (; num_sent < count && num_sent - num_done < kMaxParallel; ++num_sent) {
      const auto on_end = [slot = mailbox.slot(), index = num_sent](Result<T> result) {
        slot->put(slot, {.index = index, .result = std::move(result)});
      };
      CO_TRY(const JobId id, engine.submit(make(num_sent, on_end), priority));
      guard.add(id);
    }
    auto answers = co_await mailbox.take();
    for (Answer<T>& answer : answers) {
      CO_TRY(results[answer.index], std::move(answer.result));
      ++num_done;
    }
  }
  guard.clear();
  co_return results;
}

using Message = std::variant<GeneratedToken, ExpertChange, Result<GenerationEnd>>;
using MessageSlot = std::shared_ptr<Mailbox<Message>::Slot>;

GenerationEvents events_into(const MessageSlot& slot, std::size_t ahead) {
  GenerationEvents events;
  events.on_token = [slot, ahead](const GeneratedToken& token) {
    GeneratedToken kept = token;
    kept.taps = nullptr;
    return slot->put(slot, std::move(kept)) >= ahead ? GenerationFlow::hold : GenerationFlow::go_on;
  };
  events.on_end = [slot](Result<GenerationEnd> end) { slot->put(slot, std::move(end)); };
  return events;
}

/// Between two steps of the engine, so that it is certain which tokens see the change.
void steer(Engine& engine, JobId id, std::uint32_t experts, const MessageSlot& slot) {
  engine.visit(id, [slot, experts, routing = routing_with(engine, experts)](Job& job) {
    const std::size_t token = dynamic_cast<GenerationJob&>(job).set_controls(routing);
    slot->put(slot, ExpertChange{.token = token, .experts = experts});
  });
}

}  // namespace

RoutingControls routing_with(const Engine& engine, std::uint32_t experts) {
  RoutingControls routing;
  if (experts > 0) routing.experts_per_layer.assign(engine.transformer().config().layers.size(), experts);
  return routing;
}

Task<Result<std::vector<Scores>>> score(EngineUse use, std::vector<ScoreRequest> requests,
                                        Priority priority) {
  for (ScoreRequest& request : requests) {
    if (request.controls == RoutingControls{}) request.controls = routing_with(use, use.experts());
  }
  const auto make = [&requests](std::size_t index, ScoreJob::OnEnd on_end) {
    return std::make_unique<ScoreJob>(std::move(requests[index]), std::move(on_end));
  };
  co_return co_await run_jobs<Scores>(use, requests.size(), priority, make);
}

Task<Result<std::vector<std::vector<float>>>> embed(Engine& engine, std::vector<std::vector<TokenId>> texts,
                                                    Priority priority) {
  const auto make = [&texts](std::size_t index, EmbeddingJob::OnEnd on_end) {
    return std::make_unique<EmbeddingJob>(std::move(texts[index]), std::move(on_end));
  };
  co_return co_await run_jobs<std::vector<float>>(engine, texts.size(), priority, make);
}

Task<Result<std::vector<TracedToken>>> trace(Engine& engine, TraceJobRequest request, Priority priority) {
  const auto make = [&request](std::size_t, TraceJob::OnEnd on_end) {
    return std::make_unique<TraceJob>(std::move(request), std::move(on_end));
  };
  CO_TRY(auto traced, co_await run_jobs<std::vector<TracedToken>>(engine, 1, priority, make));
  co_return std::move(traced.front());
}

Task<Result<GenerationEnd>> generate(EngineUse use, GenerationRequest request, Priority priority,
                                     TokenReader reader, Steering steering) {
  Engine& engine = use;
  if (request.controls == RoutingControls{}) request.controls = routing_with(engine, use.experts());
  Mailbox<Message> mailbox(co_await net::this_coro::executor);
  const std::size_t ahead = reader ? kMaxAhead : std::numeric_limits<std::size_t>::max();
  CO_TRY(auto job, GenerationJob::make(std::move(request), events_into(mailbox.slot(), ahead),
                                       engine.transformer().config().vocabulary_size));
  JobGuard guard(engine);
  CO_TRY(const JobId id, engine.submit(std::move(job), priority));
  guard.add(id);
  while (true) {
    auto messages = co_await mailbox.take();
    for (Message& message : messages) {
      if (auto* end = std::get_if<Result<GenerationEnd>>(&message)) {
        guard.clear();
        co_return std::move(*end);
      }
      if (const auto* change = std::get_if<ExpertChange>(&message)) {
        steering.on_change(*change);
        continue;
      }
      const auto& token = std::get<GeneratedToken>(message);
      if (reader && !co_await reader(token))
        co_return Error{Errc::cancelled, "the reader stopped the writing"};
      const auto wanted = steering.wanted ? steering.wanted() : std::nullopt;
      if (wanted) steer(engine, id, *wanted, mailbox.slot());
    }
    // At that many the generation has held itself.
    if (messages.size() >= ahead) engine.resume(id);
  }
}

}  // namespace lyceum::model
