#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/async/task.hpp"
#include "model/engine/engine.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/scoring.hpp"
#include "model/engine/tracing.hpp"

/// The engine's jobs as tasks: they resume on their caller's executor, and cancelling one ends its jobs.
namespace lyceum::model {

/// The engine as one caller uses it: with a choice of experts for whatever it asks.
class EngineUse {
 public:
  /// Borrows the engine. `experts`: a token and layer; 0: the model's own number.
  EngineUse(Engine& engine, std::uint32_t experts = 0) : engine_(&engine), experts_(experts) {}

  operator Engine&() const { return *engine_; }

  const Transformer& transformer() const { return engine_->transformer(); }

  std::uint32_t experts() const { return experts_; }

 private:
  Engine* engine_;
  std::uint32_t experts_;
};

/// Routing with so many experts in every layer that has some.
RoutingControls routing_with(const Engine& engine, std::uint32_t experts);

/// One result a request, in order. The first error ends all. Requests without controls get those of `use`,
/// here and below.
Task<Result<std::vector<Scores>>> score(EngineUse use, std::vector<ScoreRequest> requests, Priority priority);

Task<Result<std::vector<std::vector<float>>>> embed(Engine& engine, std::vector<std::vector<TokenId>> texts,
                                                    Priority priority);

Task<Result<std::vector<TracedToken>>> trace(Engine& engine, TraceJobRequest request, Priority priority);

/// Gets each token; false ends the generation. While it is suspended, the generation waits, a few tokens
/// ahead. `taps` of the token are not there any more, `shown` is.
using TokenReader = std::function<Task<bool>(const GeneratedToken&)>;

/// Changes the experts of a generation under way.
struct Steering {
  /// Asked after each token: other experts from now on, or nothing.
  std::function<std::optional<std::uint32_t>()> wanted{};
  /// From which token on they are in force; before that token is read.
  std::function<void(ExpertChange)> on_change{};
};

/// cancelled when the reader ended it.
Task<Result<GenerationEnd>> generate(EngineUse use, GenerationRequest request, Priority priority,
                                     TokenReader reader, Steering steering = {});

}  // namespace lyceum::model
