#include "model/engine/writing.hpp"

#include <algorithm>

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

Task<Result<Written>> write_after(const SpeakerParts& parts, std::vector<TokenId> prompt,
                                  WriteRequest request, TextSink* sink) {
  GenerationRequest generation;
  CO_TRY(generation.start.tokens_max, room_after(parts.engine, prompt.size(), request.tokens_max));
  generation.start.prompt = std::move(prompt);
  generation.start.sampling.temperature = request.temperature;
  generation.start.sampling.seed = request.seed;
  generation.end_tokens = end_tokens_of(parts);
  if (!request.schema.is_null()) {
    const auto compile = [&] { return parts.schemas.find_or_compile(request.schema); };
    CO_TRY(generation.constraint, co_await run_blocking(parts.pool, compile));
  }
  const std::size_t tokens_max = generation.start.tokens_max;

  Written written;
  Utf8Stream characters;
  const auto read = [&](const GeneratedToken& token) -> Task<bool> {
    if (token.is_end) co_return true;
    std::string piece = characters.push(parts.tokenizer.bytes_of(token.sampled.token));
    written.text += piece;
    co_return sink == nullptr || piece.empty() || co_await sink->on_text(std::move(piece));
  };
  CO_TRY(const GenerationEnd end,
         co_await generate(parts.engine, std::move(generation), Priority::normal, read));
  std::string rest = characters.finish();
  written.text += rest;
  if (sink != nullptr && !rest.empty() && !co_await sink->on_text(std::move(rest)))
    co_return Error{Errc::cancelled, "the reader stopped the writing"};
  written.usage = {.tokens_in = end.prompt_tokens, .tokens_out = end.generated_tokens};
  if (!request.schema.is_null()) CO_TRY_OK(read_json(written, request.schema, end.reason, tokens_max));
  co_return written;
}

}  // namespace lyceum::model
