#include "model/logits.hpp"

#include <algorithm>

#include "model/architectures/transformer.hpp"
#include "model/files/gguf.hpp"
#include "model/files/model_file.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {
namespace {

Result<std::vector<std::int32_t>> tokens_of(const GgufFile& file, const LogitsRequest& request) {
  if (!request.prompt) return request.tokens;
  TRY(const Tokenizer tokenizer, Tokenizer::from_gguf(file));
  return tokenizer.encode(*request.prompt, {.add_special = true});
}

/// The lowest id among the highest.
std::int32_t best_of(const std::vector<float>& logits) {
  return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

}  // namespace

Result<LogitsResult> compute_logits_blocking(const std::string& path, const LogitsRequest& request) {
  TRY(GgufFile file, open_model_file_blocking(path));
  LogitsResult result;
  TRY(result.tokens, tokens_of(file, request));
  TRY(const Transformer transformer, Transformer::load_blocking(std::move(file)));
  const std::size_t context = transformer.config().context_length;
  if (result.tokens.size() > context || request.num_greedy > context - result.tokens.size())
    return Error{Errc::too_large, "the prompt has " + std::to_string(result.tokens.size()) +
                                      " tokens and the continuation " + std::to_string(request.num_greedy) +
                                      ", the model's context has " + std::to_string(context)};
  KeyValueState state = transformer.new_sequence();
  const SequenceChunk prompt{.tokens = result.tokens, .state = &state};
  TRY(result.last_logits, transformer.forward_blocking({&prompt, 1}));
  std::vector<float> logits = result.last_logits;
  while (result.greedy.size() < request.num_greedy) {
    result.greedy.push_back(best_of(logits));
    if (result.greedy.size() == request.num_greedy) break;
    const SequenceChunk next{.tokens = {&result.greedy.back(), 1}, .state = &state};
    TRY(logits, transformer.forward_blocking({&next, 1}));
  }
  return result;
}

}  // namespace lyceum::model
