#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agents/step_context.hpp"

namespace lyceum::agents::deep_search {

/// How far each citation carries a sentence, as the model measured it: by how much the mean logarithm of the
/// sentence's tokens falls when that quote is hidden.
struct MeasuredSupport {
  double with_all = 0;
  double without_any = 0;
  std::vector<double> gains{};  ///< One a citation, in their order; below 0: the quote speaks against it.
};

struct AnswerSentence {
  std::string text{};
  std::vector<std::size_t> citations{};       ///< Indexes into Answer::evidence.
  double support = 0;                         ///< Share of its words that the cited quotes hold.
  std::optional<MeasuredSupport> measured{};  ///< Where the model can.
};

struct AnswerConflict {
  std::string about{};
  std::size_t a = 0;  ///< Indexes into Answer::evidence.
  std::size_t b = 0;
};

struct Answer {
  std::string question{};
  std::vector<Evidence> evidence{};  ///< Best first; cited by number, from 1.
  std::vector<AnswerSentence> sentences{};
  std::vector<AnswerConflict> conflicts{};
  std::vector<std::string> gaps{};
  bool is_not_found = false;
  std::optional<double>
      confidence{};  ///< That the answer is right; none where there was no quote to judge by.
};

/// Data of answer.proposed.
Json to_json(const Answer& answer);

/// The answer as a person reads it in the run: sentences with "[1]" after them.
std::string to_message(const Answer& answer);

/// The report: answer, disagreements, what is missing, and the numbered sources with their quotes.
std::string to_markdown(const Answer& answer);

}  // namespace lyceum::agents::deep_search
