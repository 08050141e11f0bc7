#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/http_client.hpp"
#include "base/json.hpp"
#include "model/language_model.hpp"

/// The bodies of OpenAI's chat completions and embeddings (platform.openai.com/docs/api-reference), as pure
/// functions that take any JSON from the server.
namespace lyceum::model::remote {

/// The messages of a prompt; without a user text its slots speak for it.
Json messages_of(const Prompt& prompt);

/// What is asked of the model beside `prompt`: appended to the last message.
void add_instruction(Json& messages, const std::string& text);

/// The text of the first choice. Errors: malformed.
Result<std::string> content_of(const Json& completion);

/// The text that a streamed chunk adds; empty when it adds none.
std::string delta_of(const Json& chunk);

/// True when the chunk says why the writing ended.
bool is_last(const Json& chunk);

/// Token counts as the server states them; nothing when it does not.
std::optional<Usage> usage_of(const Json& answer);

/// "A" to "Z" for up to 26 options, else "1", "2", …: what the model answers with.
std::vector<std::string> labels_of(std::size_t num_options);

/// From the log probabilities of the first token. Nothing when the server gave none that names a label.
std::optional<std::vector<double>> probabilities_of(const Json& completion,
                                                    const std::vector<std::string>& labels);

/// An imitation: most of the weight on the label that `answer` begins with. Nothing when it names none.
std::optional<std::vector<double>> imitate_probabilities(std::string_view answer,
                                                         const std::vector<std::string>& labels);

/// The JSON in an answer that may wrap it in a Markdown fence. Errors: malformed.
Result<Json> json_in(std::string_view answer);

/// The vectors in the order of the texts, scaled to length 1. Errors: malformed.
Result<std::vector<std::vector<float>>> vectors_of(const Json& answer, std::size_t num_texts);

/// A request that failed: what to report and whether another try makes sense.
struct Failure {
  Error error{};
  bool may_retry = false;
  std::optional<std::chrono::seconds> retry_after{};  ///< As the server asks.
};

/// For a status other than 2xx. The server's own words are shown without anything that equals `secret`.
Failure failure_of(const HttpResponse& response, const std::string& secret);

/// 0.5 s, 1 s, 2 s, … up to 30 s, or as long as the server asks.
std::chrono::milliseconds delay_before(std::uint32_t retry, const Failure& failure);

}  // namespace lyceum::model::remote
