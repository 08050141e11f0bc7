#include <algorithm>
#include <set>

#include "agents/common/entities.hpp"
#include "agents/common/terms.hpp"
#include "agents/deep_search/agents.hpp"
#include "agents/deep_search/collector.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr const char* kName = "deep_search.find";
constexpr std::size_t kHits = 12;
constexpr std::size_t kQuotesPerRound = 6;
constexpr std::size_t kQuotesJudged = 5;
constexpr std::size_t kBridges = 6;
/// The more of the question's words no quote holds, the surer the model must be that the quotes are enough: a
/// question whose words lie in several places is a hard one, and gets more rounds.
constexpr double kEnoughThreshold = 0.5;
constexpr double kEnoughThresholdAtNothing = 1.1;
/// A quote far below the best one shares words with the question by chance.
constexpr double kSpeaksToIt = 0.5;
constexpr std::size_t kUnmetNames = 2;
/// A round that raises the probability by less brought nothing.
constexpr double kProgress = 0.02;
constexpr std::size_t kMaxIdleRounds = 2;
/// Against endless progress in crumbs; ordinary questions stop long before.
constexpr std::size_t kMaxRounds = 12;

struct Query {
  std::string text{};
  std::string from{};   ///< Why it is asked, for the log.
  std::string asked{};  ///< What quotes should answer; empty: the step's question.
};

Passage to_passage(const Json& hit) {
  return {.document = hit.value("document", ""),
          .title = hit.value("title", ""),
          .section = hit.value("section", ""),
          .collection = hit.value("collection", ""),
          .begin = hit.value("begin", std::uint64_t{0}),
          .text = hit.value("text", "")};
}

/// What earlier steps found: "#2" in a goal stands for the second one's first name.
std::string resolve_references(std::string goal, const std::vector<StepResult>& results) {
  std::vector<const StepResult*> finds;
  for (const StepResult& result : results) {
    if (result.agent == kName) finds.push_back(&result);
  }
  for (std::size_t i = 0; i < finds.size(); ++i) {
    const Json& result = finds[i]->result;
    if (!result.is_object() || !result.contains("names") || !result["names"].is_array() ||
        result["names"].empty())
      continue;
    const std::string mark = "#" + std::to_string(i + 1);
    const auto at = goal.find(mark);
    if (at != std::string::npos && result["names"][0].is_string()) {
      goal.replace(at, mark.size(), result["names"][0].get<std::string>());
    }
  }
  return goal;
}

/// One step's search. Lives for one run of the coroutine.
class Search {
 public:
  Search(StepContext& context, std::string question)
      : context_(context), question_(std::move(question)), collector_(context, question_, kName) {}

  Task<Result<Json>> run() {
    std::vector<Query> queries{{.text = question_, .from = "question"}};
    for (;;) {
      ++round_;
      CO_TRY_OK(co_await read_notes(queries));
      CO_TRY_OK(co_await ask(queries));
      CO_TRY_OK(co_await judge());
      if (is_enough() || num_idle_rounds_ >= kMaxIdleRounds || round_ >= kMaxRounds) break;
      CO_TRY(queries, co_await next_queries());
      if (queries.empty()) break;
    }
    co_return result();
  }

 private:
  bool is_enough() const { return p_enough_ >= threshold_; }

  /// Takes in notes that came since the last round; words to search by are asked in this one.
  Task<Result<void>> read_notes(std::vector<Query>& queries) {
    CO_TRY(const Blackboard blackboard, co_await context_.read_blackboard());
    for (const InjectedNote& note : blackboard.notes) {
      if (!notes_read_.insert(note.seq).second) continue;
      const std::size_t num_queries = guidance_.queries.size();
      follow(note.text, guidance_);
      for (std::size_t i = num_queries; i < guidance_.queries.size(); ++i) {
        const std::string& words = guidance_.queries[i];
        queries.push_back({.text = words, .from = "note", .asked = words});
        queries.push_back({.text = question_ + " " + words, .from = "note"});
      }
      CO_TRY_OK(co_await context_.emit("note.read", Json::object({{"note_seq", note.seq}})));
    }
    co_return co_await collector_.apply(guidance_, blackboard);
  }

  /// Searches by each query, then quotes from what it brought.
  Task<Result<void>> ask(const std::vector<Query>& queries) {
    for (const Query& query : queries) {
      if (!asked_.insert(to_lower_ascii(query.text)).second) continue;
      seen_queries_.push_back(query.text);
      Json args = Json::object({{"query", query.text}, {"limit", kHits}});
      CO_TRY(const Json found, co_await context_.act("search_memory", std::move(args)));
      const Json hits = found.value("hits", Json::array());
      std::vector<Passage> passages;
      std::size_t num_fresh = 0;
      for (const Json& hit : hits) {
        Passage passage = to_passage(hit);
        if (passage.text.size() > model::kMaxSourceBytes || passage.text.empty()) continue;
        const bool is_fresh = passages_seen_.emplace(passage.document, passage.begin).second;
        num_fresh += is_fresh ? 1 : 0;
        // What a passage says about a name is asked anew, even when it had nothing to say about the question.
        if (is_fresh || !query.asked.empty()) passages.push_back(std::move(passage));
      }
      Json issued{{"query", query.text},
                  {"from", query.from},
                  {"round", round_},
                  {"hits", hits.size()},
                  {"fresh", num_fresh}};
      CO_TRY_OK(co_await context_.emit("query.issued", std::move(issued)));
      CO_TRY_OK(co_await collector_.collect(std::move(passages), query.asked, kQuotesPerRound));
    }
    co_return ok();
  }

  /// Updates map and knowledge, then decides whether it is enough.
  Task<Result<void>> judge() {
    CO_TRY_OK(co_await collector_.log_map());
    const std::vector<std::string> quotes = collector_.best_quotes(kQuotesJudged);
    missing_ = missing_terms(question_, collector_.quotes_near_best(kSpeaksToIt));
    double p = 0;
    if (!quotes.empty()) {
      CO_TRY(p, co_await probability_enough(context_, question_, quotes, missing_));
    }
    num_idle_rounds_ = p < p_enough_ + kProgress && round_ > 1 ? num_idle_rounds_ + 1 : 0;
    const double num_terms = std::max<double>(1, static_cast<double>(key_terms(question_).size()));
    threshold_ = kEnoughThreshold + (kEnoughThresholdAtNothing - kEnoughThreshold) *
                                        static_cast<double>(missing_.size()) / num_terms;
    p_enough_ = p;
    CO_TRY_OK(co_await log_knowledge(quotes));
    co_return co_await note_decision(context_, "Do the quotes answer “" + clip(question_, 160) + "”?",
                                     "enough", "not enough", p, threshold_);
  }

  /// What the run believes about this question; other questions' entries stay.
  Task<Result<void>> log_knowledge(const std::vector<std::string>& quotes) {
    if (quotes.empty()) co_return ok();
    Json ids = Json::array();
    for (const Evidence& evidence : collector_.kept()) ids.push_back(evidence.id);
    Json entries = Json::array({Json{{"question", question_},
                                     {"statement", clip(squeeze_blanks(quotes[0]), 400)},
                                     {"evidence", std::move(ids)},
                                     {"confidence", p_enough_}}});
    CO_TRY_OK(co_await context_.emit("knowledge.updated", Json::object({{"entries", std::move(entries)}})));
    co_return ok();
  }

  Task<Result<std::vector<Query>>> next_queries() {
    const std::vector<std::string> bridges = collector_.map().bridges(question_, kBridges);
    QueryState state{.seen = seen_queries_,
                     .found = collector_.best_quotes(kQuotesJudged),
                     .missing_terms = missing_,
                     .map_entities = bridges};
    if (!missing_.empty()) {
      std::string words;
      for (const std::string& word : missing_) words += (words.empty() ? "" : ", ") + word;
      CO_TRY_OK(co_await note_thought(context_, "No quote mentions " + clip(words, 200) +
                                                    " yet, so the search goes on from what was found."));
    }
    auto written = co_await write_queries(context_, question_, std::move(state));
    if (!written && ends_attempt(written.error())) co_return written.error();
    std::vector<Query> queries = unmet_names();
    if (written) {
      for (std::string& text : *written) {
        // A query by a name that was found on the way asks about that name, not yet about the question.
        const bool is_bridge = holds_any(text, bridges);
        queries.push_back({.text = text,
                           .from = is_bridge ? "a name that was found" : "what is missing",
                           .asked = is_bridge ? text : ""});
      }
    }
    co_return queries;
  }

  /// Names of the question that no kept quote speaks of.
  std::vector<Query> unmet_names() const {
    std::string met;
    for (const Evidence& evidence : collector_.kept())
      met += entity_id(evidence.title + " " + evidence.quote) + " ";
    std::vector<Query> queries;
    for (const Entity& entity : extract_entities(question_)) {
      const bool is_name = entity.kind == "name" || entity.kind == "title";
      if (!is_name || queries.size() == kUnmetNames || met.find(entity_id(entity.name)) != std::string::npos)
        continue;
      if (!asked_.contains(to_lower_ascii(entity.name)))
        queries.push_back({.text = entity.name, .from = "a name of the question"});
    }
    return queries;
  }

  static bool holds_any(const std::string& text, const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return text.find(name) != std::string::npos; });
  }

  Json result() const {
    std::set<std::string> documents;
    Json ids = Json::array();
    for (const Evidence& evidence : collector_.kept()) {
      ids.push_back(evidence.id);
      documents.insert(evidence.document);
    }
    Json result{{"evidence", ids}, {"p_enough", p_enough_}, {"rounds", round_}, {"missing", missing_}};
    result["names"] = collector_.map().bridges(question_, kBridges);
    if (ids.empty()) {
      result["text"] = "Nothing in the sources speaks of it.";
    } else {
      result["text"] = std::string(is_enough() ? "Found" : "Found in part") + ": " +
                       std::to_string(ids.size()) + " quotes from " + std::to_string(documents.size()) +
                       " documents. " + clip(squeeze_blanks(collector_.best_quotes(1)[0]), 300);
    }
    return result;
  }

  StepContext& context_;
  std::string question_;
  Collector collector_;
  Guidance guidance_{};
  std::set<std::uint64_t> notes_read_{};
  std::set<std::string> asked_{};
  std::vector<std::string> seen_queries_{};
  std::set<std::pair<std::string, std::uint64_t>> passages_seen_{};
  std::vector<std::string> missing_{};
  std::size_t round_ = 0;
  std::size_t num_idle_rounds_ = 0;
  double p_enough_ = 0;
  double threshold_ = kEnoughThreshold;
};

class FindAgent final : public ExpertAgent {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<Json>> run(StepContext& context) override {
    const StepInput& input = context.input();
    std::string goal = input.goal.empty() ? input.title : input.goal;
    if (goal.empty()) goal = input.question;
    if (goal.find('#') != std::string::npos) {
      CO_TRY(const Blackboard blackboard, co_await context.read_blackboard());
      goal = resolve_references(std::move(goal), blackboard.results);
    }
    Search search(context, squeeze_blanks(goal));
    co_return co_await search.run();
  }

 private:
  const Spec spec_{
      .name = kName,
      .description = "Searches the run's collections in rounds and quotes what answers one question.",
      .tools = {"search_memory"},
      .risk = "low"};
};

}  // namespace

std::unique_ptr<ExpertAgent> make_find_agent() {
  return std::make_unique<FindAgent>();
}

}  // namespace lyceum::agents::deep_search
