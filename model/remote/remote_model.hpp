#pragma once

#include <memory>

#include "model/remote/client.hpp"

namespace lyceum::model::remote {

/// As model::make_remote_model, with the wait between tries as the caller wants it.
std::unique_ptr<LanguageModel> make_model(RemoteModelOptions options, HttpClient& http, Wait wait);

}  // namespace lyceum::model::remote
