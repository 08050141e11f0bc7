#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/language_model.hpp"

/// The requests of deep search as models see them: the task's name and slots for providers with a method per
/// task, and text for neural ones. In the text everything that came from people or documents stands in a
/// fence and is called data.
namespace lyceum::agents::deep_search {

struct NumberedQuote {
  std::size_t n = 0;
  std::string quote{};
  std::string title{};
  std::string section{};
};

struct ConflictNote {
  std::string about{};
  std::size_t a = 0;  ///< Numbers of the quotes that disagree.
  std::size_t b = 0;
};

struct QueryState {
  std::vector<std::string> seen{};           ///< Queries asked so far.
  std::vector<std::string> found{};          ///< Quotes kept so far.
  std::vector<std::string> missing_terms{};  ///< Words of the question that no quote holds.
  std::vector<std::string> map_entities{};   ///< Names met on the way.
};

model::Prompt question_kind_prompt(const std::string& question);
model::Prompt sub_questions_prompt(const std::string& question, const std::string& kind,
                                   const std::vector<std::string>& entities);
model::Prompt evidence_prompt(const std::string& question);
model::Prompt relevant_prompt(const std::string& question, const std::string& quote);
model::Prompt enough_prompt(const std::string& question, const std::vector<std::string>& quotes,
                            const std::vector<std::string>& missing_terms);
model::Prompt queries_prompt(const std::string& question, const QueryState& state);
model::Prompt conflict_prompt(const std::string& question, const std::string& a, const std::string& b);
/// What a sentence of the answer is measured as: what follows the question and the quotes.
model::Prompt support_prompt(const std::string& question);
model::Prompt answer_prompt(const std::string& question, const std::vector<NumberedQuote>& evidence,
                            const std::vector<ConflictNote>& conflicts);

/// {name: [text, …]} with `items_max` texts of at most `length_max` characters.
Json texts_schema(const char* name, std::size_t items_max, std::size_t length_max);
/// {"sentences": [{"text", "citations": [n, …]}]}
Json answer_schema();

/// `text` between two marks that hold a hash of it, so that nothing inside can close the fence.
std::string fence(const std::string& name, const std::string& text);

}  // namespace lyceum::agents::deep_search
