#pragma once

#include "base/json.hpp"
#include "model/language_model.hpp"
#include "model/white_box.hpp"

namespace lyceum::planner {

// How the answers of the model's verbs stand in the log.
Json to_json(const model::Choice& choice);
Json to_json(const model::Quotes& quotes);
Json to_json(const model::Written& written);
Json to_json(const model::Support& support);
model::Choice choice_from_json(const Json& json);
model::Quotes quotes_from_json(const Json& json);
model::Written written_from_json(const Json& json);
model::Support support_from_json(const Json& json);

/// What a person sees of a request: its task and slots, shortened when they are long.
Json describe(const model::Prompt& prompt);
/// Everything that decides the answer, for the fingerprint.
Json identity_of(const model::ChooseRequest& request);
Json identity_of(const model::QuoteRequest& request);
Json identity_of(const model::WriteRequest& request);
Json identity_of(const model::SupportRequest& request);

}  // namespace lyceum::planner
