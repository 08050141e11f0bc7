#pragma once

#include <string>

#include "model/curriculum/building.hpp"

namespace lyceum::model {

/// A choice with its right option; the others are shown in random order until the right one comes, at most
/// `verdicts_max` in all.
Result<void> add_choice(Building& building, const char* kind, std::string_view group,
                        const ChooseRequest& request, std::size_t right, std::size_t verdicts_max);

/// relation.name from FewRel's form ("relation", "tokens", "head", "tail"; names in pid2name.json beside it):
/// the right relation among up to four others, by name, description and up to five examples.
Result<void> add_entity_relations_blocking(Building& building, const std::string& files, std::size_t passes);
/// relation.name from SemEval-2010's form ("sentence" with <e1> and <e2>, "relation").
Result<void> add_directed_relations_blocking(Building& building, const std::string& files,
                                             std::size_t passes);
/// relation.name from Re-DocRED's form. Relations named in `left_out` (ids) are for evaluation.
Result<void> add_document_relations_blocking(Building& building, const std::string& files,
                                             const std::vector<std::string>& left_out, std::size_t passes);
/// tool.choose from Seal-Tools' form: `files` with "query" and "calling", tools.jsonl beside it.
Result<void> add_tool_queries_blocking(Building& building, const std::string& files, std::size_t passes);
/// tool.choose from tools alone: a request made of a description, tools told by their names.
Result<void> add_tool_names_blocking(Building& building, const std::string& files, std::size_t passes);

/// claim.verdict from questions, their answers and the sentences that answer them.
struct PassageSet;
Result<void> add_answer_claims(Building& building, const PassageSet& set, std::size_t passes);
/// claim.verdict from sentences of free text and copies with a number, a name or the sense changed.
Result<void> add_altered_claims_blocking(Building& building, const std::string& files,
                                         std::size_t claims_max);
/// claim.verdict from FewRel's form: a statement of the relation, with the right or another tail.
Result<void> add_relation_claims_blocking(Building& building, const std::string& files, std::size_t passes);

}  // namespace lyceum::model
