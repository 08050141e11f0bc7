#pragma once

#include <memory>
#include <string>

#include "base/http_client.hpp"
#include "model/language_model.hpp"

namespace lyceum::model {

struct RemoteModelOptions {
  std::string base_url{};  ///< "https://host/v1"; TLS is verified.
  std::string api_key{};   ///< Sent as a bearer token, never logged.
  std::string model{};
  std::string embedding_model{};  ///< Empty: no embeddings.
  std::uint32_t tries_max = 4;    ///< Of one request, with exponential back-off and Retry-After.
  std::uint32_t timeout_s = 120;
};

/// Any server that speaks OpenAI's chat completions: streaming, logprobs for choose where the server gives
/// them, quotes checked against the sources afterwards. `http` must outlive it.
std::unique_ptr<LanguageModel> make_remote_model(RemoteModelOptions options, HttpClient& http);

}  // namespace lyceum::model
