#pragma once

#include "web/native/routes.hpp"

namespace lyceum::web::openai {

Task<Result<Answer>> list_models(const Services& services, Request request);
Task<Result<Answer>> get_model(const Services& services, Request request);
Task<Result<Answer>> create_embeddings(const Services& services, Request request);
/// Answers at once, or by `events` when the request asks for a stream.
Task<std::optional<Answer>> create_chat_completion(const Services& services, Request request,
                                                   EventSink& events);

/// What programs call the service's one model.
std::string model_id(const Services& services);

/// Errors: not_found for any other model.
Result<void> check_model(const Services& services, const std::string& name);

}  // namespace lyceum::web::openai
