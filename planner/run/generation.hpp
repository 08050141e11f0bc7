#pragma once

#include <string>

#include "base/async/task.hpp"
#include "memory/event_log.hpp"
#include "model/language_model.hpp"
#include "planner/run/state.hpp"

namespace lyceum::planner {

/// Names the model so far that a text can be told from another model's: name, and what is known of its
/// weights.
std::string identity_of(const model::LanguageModel& model);

// How texts that the model writes token by token stand in the log: gen.started, then gen.checkpoint each time
// that some more is committed.

GenerationDraft begun_draft(const Json& started);
void grow_draft(GenerationDraft& draft, const Json& checkpoint);
Json to_json(const std::vector<model::ExpertChange>& changes);

/// The texts that a prompt was made of, in order: [{"name","text"}].
Json sources_of(const model::Prompt& prompt);

Json to_json(const model::ExpertUse& use);
/// Adds what the result of a model.write says of its experts, where it says something.
void add_expert_use(model::ExpertUse& sum, const Json& result);

/// A text with all that is known of its tokens: docs/api.md, Generation. `started`: the data of gen.started.
struct StoredGeneration {
  std::uint64_t seq = 0;
  std::string step{};
  Json started{};
  GenerationDraft draft{};
};

/// Blocks. Errors: not_found where event `seq` is no gen.started.
Result<StoredGeneration> load_generation_blocking(const memory::EventLog& log, const std::string& run_id,
                                                  std::uint64_t seq);

/// Lets the model show it. Errors: unsupported (it does not show its tokens), precondition (another model
/// wrote the text; no token is stored yet), those of the white box.
Task<Result<Json>> show_generation(model::LanguageModel& model, StoredGeneration generation);

}  // namespace lyceum::planner
