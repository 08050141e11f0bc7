#pragma once

#include <string>
#include <vector>

#include "agents/deep_search/prompts/prompts.hpp"
#include "agents/step_context.hpp"

/// The model's verbs as deep search uses them: one function a task, with plain values in and out.
namespace lyceum::agents::deep_search {

/// A text to quote from and where it stands.
struct Passage {
  std::string document{};
  std::string title{};
  std::string section{};
  std::string collection{};
  std::string url{};
  std::uint64_t begin = 0;  ///< Offset of `text` in the document's (or page's) text.
  std::string text{};
};

struct QuestionKind {
  std::string kind{};
  double p = 0;
};

struct DraftSentence {
  std::string text{};
  std::vector<std::size_t> citations{};  ///< Numbers as the model gave them: to be checked.
};

/// True for errors that end the attempt: return them at once. All others of the optional verbs have a
/// fallback.
bool ends_attempt(const Error& error);

Task<Result<QuestionKind>> choose_kind(StepContext& context, std::string question);
Task<Result<std::vector<std::string>>> write_sub_questions(StepContext& context, std::string question,
                                                           std::string kind,
                                                           std::vector<std::string> entities);
Task<Result<double>> probability_relevant(StepContext& context, std::string question, std::string quote);
Task<Result<double>> probability_enough(StepContext& context, std::string question,
                                        std::vector<std::string> quotes, std::vector<std::string> missing);
Task<Result<double>> probability_disagree(StepContext& context, std::string question, std::string a,
                                          std::string b);
Task<Result<std::vector<std::string>>> write_queries(StepContext& context, std::string question,
                                                     QueryState state);
/// Quotes with their ranges checked against the passages.
Task<Result<std::vector<model::Quote>>> quote_evidence(StepContext& context, std::string question,
                                                       std::vector<Passage> passages, std::size_t quotes_max);
/// `without_sources`: the same prompt with its quotes hidden, for runs that draw answers toward their
/// sources.
Task<Result<std::vector<DraftSentence>>> write_answer(StepContext& context, model::Prompt prompt,
                                                      model::Prompt without_sources);

/// Logs a sentence for the person who watches.
Task<Result<void>> note_thought(StepContext& context, std::string text);

/// Logs a choice between two labels.
Task<Result<void>> note_decision(StepContext& context, std::string question, std::string yes, std::string no,
                                 double p_yes, double threshold);

}  // namespace lyceum::agents::deep_search
