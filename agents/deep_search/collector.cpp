#include "agents/deep_search/collector.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "agents/findings.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr double kRelevantThreshold = 0.2;
/// Below this a quote is not worth a person's look: it is not logged, even as dropped.
constexpr double kNearMiss = 0.1;
/// A quote on the way to the question counts for less than one that speaks to the question itself.
constexpr double kBridgeDiscount = 0.7;

std::string two_digits(double p) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.2f", p);
  return text.data();
}

}  // namespace

Task<Result<std::size_t>> Collector::collect(std::vector<Passage> passages, std::string asked,
                                             std::size_t quotes_max) {
  if (passages.empty()) co_return std::size_t{0};
  const std::string& question = asked.empty() ? question_ : asked;
  CO_TRY(const std::vector<model::Quote> quotes,
         co_await quote_evidence(context_, question, passages, quotes_max));
  std::size_t num_kept = 0;
  for (const model::Quote& quote : quotes) {
    CO_TRY(const bool is_kept, co_await add(passages[quote.source], quote, asked));
    if (is_kept) ++num_kept;
  }
  co_return num_kept;
}

Task<Result<bool>> Collector::add(const Passage& passage, const model::Quote& quote,
                                  const std::string& asked) {
  Evidence evidence{.quote = passage.text.substr(quote.begin, quote.end - quote.begin),
                    .document = passage.document,
                    .title = passage.title,
                    .section = passage.section,
                    .collection = passage.collection,
                    .begin = passage.begin + quote.begin,
                    .end = passage.begin + quote.end,
                    .url = passage.url,
                    .score = asked.empty() ? quote.score : kBridgeDiscount * quote.score,
                    .question = question_,
                    .by = by_};
  if (!seen_.emplace(passage.document + passage.url, evidence.begin, evidence.end).second) co_return false;
  CO_TRY(const double p,
         co_await probability_relevant(context_, asked.empty() ? question_ : asked, evidence.quote));
  if (p < kNearMiss) co_return false;
  CO_TRY_OK(co_await log(evidence));
  std::string reason = refusal(guidance_, passage, evidence.quote);
  if (reason.empty() && p < kRelevantThreshold)
    reason = "does not help with the question (p " + two_digits(p) + ")";
  if (!reason.empty()) {
    CO_TRY_OK(co_await drop(evidence.id, std::move(reason)));
    co_return false;
  }
  map_.add(evidence);
  kept_.push_back(std::move(evidence));
  co_return true;
}

/// Sets the evidence's id.
Task<Result<void>> Collector::log(Evidence& evidence) {
  CO_TRY(const Json logged, co_await context_.emit("evidence.added", evidence_data(evidence)));
  evidence.id = logged.value("evidence", "");
  co_return ok();
}

Task<Result<void>> Collector::drop(std::string id, std::string reason) {
  Json data{{"evidence", std::move(id)}, {"reason", std::move(reason)}, {"by", by_}};
  CO_TRY_OK(co_await context_.emit("evidence.dropped", std::move(data)));
  co_return ok();
}

Task<Result<void>> Collector::log_map() {
  Json news = map_.take_news();
  if (!news.is_null()) {
    CO_TRY_OK(co_await context_.emit("map.updated", std::move(news)));
  }
  co_return ok();
}

Task<Result<void>> Collector::apply(const Guidance& guidance, const Blackboard& blackboard) {
  guidance_ = guidance;
  std::vector<Evidence> kept;
  for (Evidence& evidence : kept_) {
    const auto known = std::find_if(blackboard.evidence.begin(), blackboard.evidence.end(),
                                    [&](const Evidence& other) { return other.id == evidence.id; });
    if (known != blackboard.evidence.end() && !known->dropped.empty()) continue;
    const Passage passage{.title = evidence.title,
                          .section = evidence.section,
                          .collection = evidence.collection,
                          .url = evidence.url};
    std::string reason = refusal(guidance_, passage, evidence.quote);
    if (reason.empty()) {
      kept.push_back(std::move(evidence));
    } else {
      CO_TRY_OK(co_await drop(evidence.id, std::move(reason)));
    }
  }
  kept_ = std::move(kept);
  co_return ok();
}

std::vector<std::string> Collector::best_quotes(std::size_t limit) const {
  std::vector<const Evidence*> ranked;
  for (const Evidence& evidence : kept_) ranked.push_back(&evidence);
  std::sort(ranked.begin(), ranked.end(), [](const Evidence* a, const Evidence* b) {
    return a->score != b->score ? a->score > b->score : a < b;
  });
  std::vector<std::string> quotes;
  for (const Evidence* evidence : ranked) {
    if (quotes.size() == limit) break;
    quotes.push_back(evidence->quote);
  }
  return quotes;
}

std::vector<std::string> Collector::quotes_near_best(double share) const {
  double best = 0;
  for (const Evidence& evidence : kept_) best = std::max(best, evidence.score);
  std::vector<std::string> quotes;
  for (const Evidence& evidence : kept_) {
    if (evidence.score >= share * best) quotes.push_back(evidence.title + ". " + evidence.quote);
  }
  return quotes;
}

}  // namespace lyceum::agents::deep_search
