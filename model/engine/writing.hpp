#pragma once

#include "model/engine/speaker.hpp"

namespace lyceum::model {

/// As the model reads them; the second one is for a contrast, else empty.
struct WritePrompts {
  std::vector<TokenId> prompt{};
  std::vector<TokenId> without_sources{};
};

/// Continues the prompt until an end token, as the request asks. too_large, with both numbers, when the
/// prompt fills the context; malformed when the JSON was cut off; cancelled when the sink stopped it.
Task<Result<Written>> write_after(const SpeakerParts& parts, WritePrompts prompts, WriteRequest request,
                                  TextSink* sink);

/// Tokens that fit after `prompt_tokens`, at most `wanted`. too_large, with both numbers, when none does.
Result<std::size_t> room_after(const Engine& engine, std::size_t prompt_tokens, std::size_t wanted);

/// All tokens that end a generation.
std::vector<TokenId> end_tokens_of(const SpeakerParts& parts);

}  // namespace lyceum::model
