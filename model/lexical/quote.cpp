#include <algorithm>

#include "model/lexical/relevance.hpp"
#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"
#include "model/quote_order.hpp"

namespace lyceum::model::lexical {
namespace {

// Below this a sentence only shares a word or two with the question.
constexpr double kQuoteFloor = 0.03;

bool overlaps(const Quote& a, const Quote& b) {
  return a.source == b.source && a.begin < b.end && b.begin < a.end;
}

}  // namespace

std::vector<Quote> quote_by_rules(const QuoteRequest& request, WordReader& reader) {
  std::string asked = text_slot(request.prompt.slots, "question");
  if (asked.empty())
    asked = request.prompt.user.empty() ? all_text(request.prompt.slots) : request.prompt.user;
  const Question question = read_question(asked, reader);
  std::vector<Quote> candidates;
  for (std::size_t source = 0; source < request.sources.size(); ++source) {
    for (const auto& window : score_windows(question, request.sources[source], reader)) {
      if (window.score < kQuoteFloor) continue;
      candidates.push_back({source, window.range.begin, window.range.end, window.score});
    }
  }
  sort_best_first(candidates);
  std::vector<Quote> chosen;
  for (const auto& candidate : candidates) {
    if (chosen.size() == request.quotes_max) break;
    const bool is_taken = std::any_of(chosen.begin(), chosen.end(),
                                      [&](const Quote& other) { return overlaps(candidate, other); });
    if (!is_taken) chosen.push_back(candidate);
  }
  return chosen;
}

}  // namespace lyceum::model::lexical
