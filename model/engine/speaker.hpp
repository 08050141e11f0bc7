#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "model/decoding/token_trie.hpp"
#include "model/engine/engine_calls.hpp"
#include "model/engine/schema_constraints.hpp"
#include "model/language_model.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

class Conversation;

/// What the verbs are made of. All borrowed, and thread-safe.
struct SpeakerParts {
  EngineUse engine;
  const Tokenizer& tokenizer;
  std::shared_ptr<const TokenTrie> vocabulary{};
  BlockingPool& pool;
  SchemaConstraints& schemas;
  double choice_temperature = 1;  ///< By which the scores of choices are divided: fitted on held-out data.
};

/// How the verbs are put to a kind of model, and what its answers mean. Requests have been validated.
class Speaker {
 public:
  Speaker() = default;
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;
  virtual ~Speaker() = default;

  virtual Task<Result<Choice>> choose(ChooseRequest request) = 0;
  virtual Task<Result<Quotes>> quote(QuoteRequest request) = 0;
  virtual Task<Result<Written>> write(WriteRequest request, TextSink* sink) = 0;
  virtual Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) = 0;
  /// A request and sources to answer from, up to where the answer begins. An empty source is hidden; the rest
  /// of the prompt stays as it is.
  virtual Result<std::vector<TokenId>> prompt_over(const Prompt& prompt,
                                                   const std::vector<std::string>& sources) const = 0;
};

/// For models that were trained for the verbs (model/verbs). unsupported when the tokenizer lacks a token.
Result<std::unique_ptr<Speaker>> make_trained_speaker(SpeakerParts parts);

/// For models that follow instructions in a chat. Borrows the conversation.
std::unique_ptr<Speaker> make_chat_speaker(SpeakerParts parts, const Conversation& conversation);

}  // namespace lyceum::model
