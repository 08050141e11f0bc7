#include "model/engine/writing.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_schema.hpp"
#include "kernels/attention.hpp"
#include "model/engine/engine_calls.hpp"
#include "model/tokenizer/utf8_stream.hpp"

namespace lyceum::model {
namespace {

Result<void> read_json(Written& written, const Json& schema, GenerationStop reason, std::size_t tokens_max) {
  auto value = parse_json(written.text);
  if (value) {
    TRY_OK(validate_schema(*value, schema, "result"));
    written.value = *std::move(value);
    return ok();
  }
  if (reason == GenerationStop::tokens_max)
    return Error{Errc::malformed, "the JSON was cut off after " + std::to_string(tokens_max) + " tokens"};
  return value.error();
}

}  // namespace

Result<std::size_t> room_after(const Engine& engine, std::size_t prompt_tokens, std::size_t wanted) {
  const std::size_t in_pages = (engine.pool().num_pages_max() - 1) * kernels::kAttentionPage - 1;
  const std::size_t context = std::min(engine.transformer().config().context_length, in_pages);
  if (prompt_tokens < context) return std::min(wanted, context - prompt_tokens);
  return Error{Errc::too_large, "the prompt has " + std::to_string(prompt_tokens) +
                                    " tokens, the model's context has " + std::to_string(context)};
}

std::vector<TokenId> end_tokens_of(const SpeakerParts& parts) {
  const auto tokens = parts.vocabulary->end_tokens();
  return {tokens.begin(), tokens.end()};
}

namespace {

/// The routing of what was generated before goes with the generation.
void take_routing(GenerationRequest& generation, const Engine& engine,
                  const std::vector<ExpertChange>& changes) {
  for (const ExpertChange& change : changes) {
    RoutingControls routing = routing_with(engine, change.experts);
    if (change.token == 0) {
      generation.controls = std::move(routing);
    } else {
      generation.changes[change.token] = std::move(routing);
    }
  }
}

/// Hands tokens and their text to a sink, and keeps the text.
class TextReader {
 public:
  TextReader(const Tokenizer& tokenizer, TextSink* sink) : tokenizer_(tokenizer), sink_(sink) {}

  /// The sink has these already.
  void skip(std::span<const TokenId> tokens) {
    for (const TokenId token : tokens) text += characters_.push(tokenizer_.bytes_of(token));
  }

  Task<bool> read(const GeneratedToken& token) {
    if (token.is_end) co_return true;
    if (sink_ != nullptr) sink_->on_token(token.sampled.token);
    co_return co_await add(characters_.push(tokenizer_.bytes_of(token.sampled.token)));
  }

  /// What makes the text whole.
  Task<bool> finish(const std::string& completion) {
    co_return co_await add(characters_.push(completion) + characters_.finish());
  }

  std::string text{};

 private:
  Task<bool> add(std::string piece) {
    text += piece;
    co_return sink_ == nullptr || piece.empty() || co_await sink_->on_text(std::move(piece));
  }

  const Tokenizer& tokenizer_;
  TextSink* sink_;
  Utf8Stream characters_{};
};

/// The generation of a request, and whether it goes on behind what was begun.
Result<bool> begin(GenerationRequest& generation, const SpeakerParts& parts, WritePrompts prompts,
                   WriteRequest& request) {
  auto& [prompt, without] = prompts;
  const std::size_t longest = std::max(prompt.size(), without.size());
  TRY(const std::size_t tokens_max, room_after(parts.engine, longest, request.tokens_max));
  generation.start.tokens_max = tokens_max;
  generation.start.sampling.temperature = request.temperature;
  generation.start.sampling.seed = request.seed;
  generation.end_tokens = end_tokens_of(parts);
  TokenTrace& begun = request.begun;
  TraceContrast contrast{.prompt = without, .strength = request.contrast};
  const bool goes_on = !begun.tokens.empty() && begun.tokens.size() < tokens_max && begun.prompt == prompt &&
                       begun.contrast == contrast;
  if (goes_on) {
    generation.start.generated = begun.tokens;
  } else {
    begun = {.prompt = prompt, .contrast = std::move(contrast)};
  }
  if (request.contrast > 0)
    generation.contrast = Contrast{.prompt_without = std::move(without), .strength = request.contrast};
  generation.start.prompt = std::move(prompt);
  return goes_on;
}

/// Other experts than those in force so far hold from where the writing begins or goes on.
void take_experts(TokenTrace& begun, std::uint32_t experts, TextSink* sink) {
  const std::uint32_t now = begun.experts.empty() ? 0 : begun.experts.back().experts;
  if (now == experts) return;
  begun.experts.push_back({.token = begun.tokens.size(), .experts = experts});
  if (sink != nullptr) sink->on_experts(begun.experts.back());
}

}  // namespace

Task<Result<Written>> write_after(const SpeakerParts& parts, WritePrompts prompts, WriteRequest request,
                                  TextSink* sink) {
  GenerationRequest generation;
  CO_TRY(const bool goes_on, begin(generation, parts, std::move(prompts), request));
  if (!request.schema.is_null()) {
    const auto compile = [&] { return parts.schemas.find_or_compile(request.schema); };
    CO_TRY(generation.constraint, co_await run_blocking(parts.pool, compile));
  }
  if (!goes_on && sink != nullptr) {
    if (request.contrast > 0) sink->on_contrast(request.begun.contrast);
    sink->on_prompt(request.begun.prompt);
  }
  std::uint32_t experts = parts.engine.experts();
  take_experts(request.begun, experts, sink);
  take_routing(generation, parts.engine, request.begun.experts);
  const std::size_t tokens_max = generation.start.tokens_max;

  TextReader text(parts.tokenizer, sink);
  text.skip(generation.start.generated);
  Steering steering;
  if (sink != nullptr) {
    steering.wanted = [&]() -> std::optional<std::uint32_t> {
      const std::uint32_t wanted = sink->experts_wanted(experts);
      return std::exchange(experts, wanted) == wanted ? std::nullopt : std::optional(wanted);
    };
    steering.on_change = [&](ExpertChange change) { sink->on_experts(change); };
  }
  const auto read = [&](const GeneratedToken& token) { return text.read(token); };
  Engine& engine = parts.engine;  // The request has its routing already.
  CO_TRY(const GenerationEnd end,
         co_await generate(engine, std::move(generation), Priority::normal, read, std::move(steering)));
  if (!co_await text.finish(end.completion))
    co_return Error{Errc::cancelled, "the reader stopped the writing"};
  Written written{.text = std::move(text.text),
                  .usage = {.tokens_in = end.prompt_tokens,
                            .tokens_out = request.begun.tokens.size() + end.generated_tokens},
                  .expert_use = end.experts.use(parts.engine.transformer().config())};
  if (!request.schema.is_null()) CO_TRY_OK(read_json(written, request.schema, end.reason, tokens_max));
  co_return written;
}

}  // namespace lyceum::model
