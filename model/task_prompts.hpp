#pragma once

#include <string>
#include <vector>

#include "model/language_model.hpp"

/// Requests of tasks that stand in the public data sets, for training and evaluation alike (and for agents):
/// the tasks are in the catalogue (model/README.md).
namespace lyceum::model {

/// reading.span, for quote: the shortest passage that answers.
Prompt span_prompt(const std::string& question);

/// claim.verdict: what a text says about a claim. Options: claim_options().
Prompt claim_prompt(const std::string& claim, const std::string& evidence);
/// "supports", "refutes", "not enough information".
const std::vector<std::string>& claim_options();

/// relation.name: how two things that a sentence names are related.
Prompt relation_prompt(const std::string& sentence, const std::string& head, const std::string& tail);

struct RelationExample {
  std::string sentence{};
  std::string head{};
  std::string tail{};
};

/// One option: "name: description (for example: sentence [head, tail] …)"; any part may be empty but one.
std::string relation_option(const std::string& name, const std::string& description,
                            const std::vector<RelationExample>& examples);
/// SemEval-2010's "Cause-Effect(e1,e2)" as an option that says which of the two is which.
std::string directed_relation_option(const std::string& label);

/// tool.choose: which tool serves a request.
Prompt tool_prompt(const std::string& request);
std::string tool_option(const std::string& name, const std::string& description);

}  // namespace lyceum::model
