#pragma once

#include <functional>
#include <vector>

#include "base/async/task.hpp"
#include "model/engine/engine.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/scoring.hpp"

/// The engine's jobs as tasks: they resume on their caller's executor, and cancelling one ends its jobs.
namespace lyceum::model {

/// One result a request, in order. The first error ends all.
Task<Result<std::vector<Scores>>> score(Engine& engine, std::vector<ScoreRequest> requests,
                                        Priority priority);

Task<Result<std::vector<std::vector<float>>>> embed(Engine& engine, std::vector<std::vector<TokenId>> texts,
                                                    Priority priority);

/// Gets each token; false ends the generation. While it is suspended, the generation waits, a few tokens
/// ahead. `taps` of the token are not there any more, `shown` is.
using TokenReader = std::function<Task<bool>(const GeneratedToken&)>;

/// cancelled when the reader ended it.
Task<Result<GenerationEnd>> generate(Engine& engine, GenerationRequest request, Priority priority,
                                     TokenReader reader);

}  // namespace lyceum::model
