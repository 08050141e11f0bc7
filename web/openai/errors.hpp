#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "web/native/http.hpp"

/// OpenAI's HTTP interface (platform.openai.com/docs/api-reference), for programs that speak it. Free of
/// sockets.
namespace lyceum::web::openai {

bool is_openai_path(std::string_view path);

/// {"error": {"message", "type", "param", "code"}} with the status that OpenAI's clients expect. The field
/// before ": " at the message's head becomes `param`. `code` wins over the error's usual one.
Answer error_answer(Error error, std::string_view code = {});

/// A refusal that the server made before a handler was asked, in this form; everything else as it is.
Answer in_openai_form(Answer answer);

}  // namespace lyceum::web::openai
