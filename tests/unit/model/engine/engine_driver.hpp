#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/engine/engine.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/scoring.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/architectures/tiny_model.hpp"

namespace lyceum::model {

/// A model with random weights and a context of several pages.
class EngineModelFixture {
 public:
  EngineModelFixture() {
    auto file = GgufFile::parse(bytes_of(data_), "tiny.gguf");
    auto loaded = Transformer::load_blocking(*std::move(file));
    transformer_.emplace(*std::move(loaded));
  }

  const Transformer& transformer() const { return *transformer_; }

 private:
  static std::string make_bytes() {
    TinyModel tiny;
    tiny.numbers["context_length"] = 1000;
    return tiny.bytes();
  }

  const std::string data_ = make_bytes();
  std::optional<Transformer> transformer_{};
};

/// What a generation gave: tokens and their logprobs to compare bit by bit.
struct Outcome {
  std::vector<TokenId> tokens{};
  std::vector<double> logprobs{};
  std::optional<Result<GenerationEnd>> end{};

  bool is_done() const { return end.has_value() && end->has_value(); }

  bool operator==(const Outcome& other) const { return tokens == other.tokens && logprobs == other.logprobs; }
};

inline std::vector<TokenId> prompt_of(std::size_t length, std::size_t seed) {
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < length; ++i)
    tokens.push_back(static_cast<TokenId>((i * i * 7 + i * 3 + seed * 5 + i / 11) % 16));
  return tokens;
}

inline GenerationRequest request_for(std::vector<TokenId> prompt, std::size_t tokens_max,
                                     double temperature = 1) {
  GenerationRequest request;
  request.start.prompt = std::move(prompt);
  request.start.tokens_max = tokens_max;
  request.start.sampling.temperature = temperature;
  request.start.sampling.seed = 42;
  request.start.sampling.wants_logprobs = true;
  return request;
}

inline JobId start(Engine& engine, GenerationRequest request, Outcome& outcome,
                   Priority priority = Priority::normal,
                   std::function<GenerationFlow(const GeneratedToken&)> also = {}) {
  GenerationEvents events;
  events.on_token = [&outcome, also](const GeneratedToken& token) {
    outcome.tokens.push_back(token.sampled.token);
    outcome.logprobs.push_back(token.sampled.logprob);
    return also ? also(token) : GenerationFlow::go_on;
  };
  events.on_end = [&outcome](Result<GenerationEnd> end) { outcome.end = std::move(end); };
  auto job = GenerationJob::make(std::move(request), std::move(events),
                                 engine.transformer().config().vocabulary_size);
  EXPECT_TRUE(job) << job.error().message;
  auto id = engine.submit(*std::move(job), priority);
  EXPECT_TRUE(id) << id.error().message;
  return id ? *id : 0;
}

inline void run(Engine& engine) {
  while (engine.step()) {
  }
}

/// The same by the model alone, one sequence, the prompt at once, token by token.
inline Outcome alone(const Transformer& transformer, GenerationRequest request) {
  Outcome outcome;
  const auto sampler = Sampler::make(request.start.sampling, transformer.config().vocabulary_size);
  KeyValueState state = transformer.new_sequence();
  std::vector<TokenId> next = request.start.prompt;
  while (outcome.tokens.size() < request.start.tokens_max) {
    const SequenceChunk chunk{.tokens = next, .state = &state};
    const auto logits = transformer.forward_blocking({&chunk, 1});
    const auto sampled = sampler->sample(*logits, outcome.tokens, nullptr, outcome.tokens.size());
    outcome.tokens.push_back(sampled->token);
    outcome.logprobs.push_back(sampled->logprob);
    next = {sampled->token};
  }
  return outcome;
}

}  // namespace lyceum::model
