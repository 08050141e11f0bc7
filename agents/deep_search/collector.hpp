#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "agents/deep_search/mind_map.hpp"
#include "agents/deep_search/notes.hpp"
#include "agents/deep_search/verbs.hpp"

namespace lyceum::agents::deep_search {

/// Turns passages into evidence for one sub-question: quotes, logs each quote, drops with a reason what does
/// not help, and keeps the mind map of what stays.
class Collector {
 public:
  /// `agent` names who adds the evidence.
  Collector(StepContext& context, std::string question, std::string agent)
      : context_(context), question_(std::move(question)), by_("agent:" + std::move(agent)) {}

  /// Quotes from `passages` and logs. `asked` is what the quotes should answer: a query on the way to the
  /// sub-question, or empty for the sub-question itself. Returns how many quotes were kept.
  Task<Result<std::size_t>> collect(std::vector<Passage> passages, std::string asked, std::size_t quotes_max);

  /// Logs news of the mind map.
  Task<Result<void>> log_map();

  /// Drops kept evidence that newer notes refuse, and forgets what a person has dropped.
  Task<Result<void>> apply(const Guidance& guidance, const Blackboard& blackboard);

  const std::vector<Evidence>& kept() const { return kept_; }

  /// Texts of the kept quotes, best first.
  std::vector<std::string> best_quotes(std::size_t limit) const;

  /// Kept quotes with at least `share` of the best one's score.
  std::vector<std::string> quotes_near_best(double share) const;

  const MindMap& map() const { return map_; }

 private:
  Task<Result<bool>> add(const Passage& passage, const model::Quote& quote, const std::string& asked);
  Task<Result<void>> log(Evidence& evidence);
  Task<Result<void>> drop(std::string id, std::string reason);

  StepContext& context_;
  std::string question_;
  std::string by_;
  Guidance guidance_{};
  std::vector<Evidence> kept_{};
  std::set<std::tuple<std::string, std::uint64_t, std::uint64_t>> seen_{};  // Source and range.
  MindMap map_{};
};

}  // namespace lyceum::agents::deep_search
