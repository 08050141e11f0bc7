#include <algorithm>
#include <set>

#include "agents/common/entities.hpp"
#include "agents/common/terms.hpp"
#include "agents/deep_search/agents.hpp"
#include "agents/deep_search/verbs.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr std::size_t kMaxTitleBytes = 80;
constexpr std::size_t kMaxUrls = 5;
constexpr std::size_t kMaxEntities = 20;
/// A sub-question with more words than this says what it is about.
constexpr std::size_t kTermsOfItsOwn = 2;
constexpr std::size_t kMaxSubjectTerms = 4;

std::string expectation_of(const std::string& kind) {
  if (kind == "definition") return "a sentence of a source that says what it is";
  if (kind == "list") return "every item that the sources name";
  if (kind == "comparison") return "the same property of each side, each from a source";
  if (kind == "explanation") return "a cause or a way that a source states";
  if (kind == "yes_no") return "a statement of a source that settles it one way or the other";
  return "a name, a date, a number or a short phrase that a source states";
}

std::vector<std::string> names_in(const std::string& text) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (Entity& entity : extract_entities(text)) {
    if (names.size() < kMaxEntities && seen.insert(entity_id(entity.name)).second)
      names.push_back(std::move(entity.name));
  }
  return names;
}

/// The answer of an earlier sub-question stands in this one as "#1".
bool needs_earlier_answer(const std::string& question) {
  for (std::size_t at = 0; (at = question.find('#', at)) != std::string::npos; ++at) {
    if (at + 1 < question.size() && question[at + 1] >= '1' && question[at + 1] <= '9') return true;
  }
  return false;
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

/// "Who founded it?" and "Which priorities exist?" out of a longer question do not say what they are about:
/// the names of the whole go with them, or, where it has none, what its first part is about.
std::string self_contained(const std::string& sub_question, const std::string& first_part,
                           const std::vector<std::string>& entities) {
  if (sub_question == first_part || needs_earlier_answer(sub_question) || !names_in(sub_question).empty())
    return sub_question;
  if (!entities.empty()) return sub_question + " (" + joined(entities) + ")";
  if (key_terms(sub_question).size() > kTermsOfItsOwn) return sub_question;
  std::vector<std::string> subject = missing_terms(first_part, {sub_question});
  if (subject.size() > kMaxSubjectTerms) subject.resize(kMaxSubjectTerms);
  return subject.empty() ? sub_question : sub_question + " (" + joined(subject) + ")";
}

Json make_step(const std::string& title, const std::string& goal, const char* agent, Json inputs, Json tools,
               const std::string& done_when, const char* risk) {
  return {{"title", clip(title, kMaxTitleBytes)},
          {"goal", goal},
          {"agent", agent},
          {"inputs", std::move(inputs)},
          {"tools", std::move(tools)},
          {"done_when", done_when},
          {"risk", risk}};
}

Json find_step(const std::string& question, Json inputs, const std::string& expects) {
  return make_step(question, question, "deep_search.find", std::move(inputs), Json::array({"search_memory"}),
                   "the quotes hold " + expects + ", or nothing new turns up", "low");
}

Json plan_steps(const std::vector<std::string>& sub_questions, const std::vector<std::string>& urls,
                const std::string& expects) {
  Json steps = Json::array();
  for (const std::string& url : urls) {
    steps.push_back(make_step("Read " + url, url, "deep_search.read", Json::array(),
                              Json::array({"fetch_url"}), "what the page says about the question is quoted",
                              "medium"));
  }
  for (const std::string& sub_question : sub_questions) {
    // A step that takes no inputs runs beside the others; one that needs an earlier answer waits for all
    // above it.
    Json inputs = needs_earlier_answer(sub_question) && !steps.empty() ? Json::array({"*"}) : Json::array();
    steps.push_back(find_step(sub_question, std::move(inputs), expects));
  }
  steps.push_back(make_step("Answer from the evidence",
                            "Answer with a citation in every sentence, or say that it was not found.",
                            "deep_search.answer", Json::array({"*"}), Json::array({"write_file", "remember"}),
                            "every sentence cites, and what is not covered is said", "low"));
  return steps;
}

/// What a plan has led to that makes no progress.
struct Setback {
  std::string question{};              ///< That the stalled steps look into.
  std::vector<std::string> tried{};    ///< Searches of the whole run, and the goals of its steps.
  std::vector<std::string> quotes{};   ///< Kept so far.
  std::vector<std::string> open{};     ///< Words of the question that no quote holds.
  std::vector<std::string> names{};    ///< Met on the way.
  std::vector<std::string> refused{};  ///< Tools that steps may not use as they wished.
};

Setback read_setback(const Blackboard& board, const std::string& question) {
  Setback setback;
  for (const StepResult& step : board.results) {
    if (step.status == "stalled" && setback.question.empty()) setback.question = squeeze_blanks(step.goal);
    setback.tried.push_back(step.goal);
  }
  if (setback.question.empty()) setback.question = squeeze_blanks(question);
  for (const IssuedQuery& query : board.queries) setback.tried.push_back(query.text);
  for (const Evidence& evidence : board.evidence) {
    if (evidence.dropped.empty()) setback.quotes.push_back(evidence.quote);
  }
  setback.open = missing_terms(setback.question, setback.quotes);
  for (const Json& entity : board.entities) {
    if (setback.names.size() < kMaxEntities) setback.names.push_back(entity.value("name", ""));
  }
  for (const RefusedCall& refusal : board.refusals) {
    if (std::find(setback.refused.begin(), setback.refused.end(), refusal.tool) == setback.refused.end())
      setback.refused.push_back(refusal.tool);
  }
  return setback;
}

/// A search by the same words finds the same.
bool was_tried(const std::string& search, const std::vector<std::string>& tried) {
  return std::any_of(tried.begin(), tried.end(),
                     [&](const std::string& earlier) { return topic_of(earlier) == topic_of(search); });
}

class PlanAgent final : public ExpertAgent {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<Json>> run(StepContext& context) override {
    if (context.input().attempt > 1) {
      CO_TRY(const Blackboard board, co_await context.read_blackboard());
      if (!board.results.empty()) co_return co_await plan_otherwise(context, board);
    }
    co_return co_await draft(context);
  }

 private:
  static Task<Result<Json>> draft(StepContext& context) {
    const std::string question = squeeze_blanks(context.input().question);
    const std::vector<std::string> urls = first(extract_urls(question), kMaxUrls);
    const std::string asked = without(question, urls);
    CO_TRY(const QuestionKind kind, co_await choose_kind(context, asked));
    const std::vector<std::string> entities = names_in(asked);
    auto written = co_await write_sub_questions(context, asked, kind.kind, entities);
    if (!written && ends_attempt(written.error())) co_return written.error();
    std::vector<std::string> sub_questions = written ? *written : std::vector<std::string>{};
    if (sub_questions.empty()) sub_questions.push_back(asked);
    const std::string first_part = sub_questions.front();
    for (std::string& part : sub_questions) part = self_contained(part, first_part, entities);

    std::vector<std::string> keywords;
    for (Term& term : key_terms(asked)) keywords.push_back(std::move(term.word));
    const std::string expects = expectation_of(kind.kind);
    Json understood{{"kind", kind.kind},  {"entities", entities},           {"keywords", keywords},
                    {"expects", expects}, {"sub_questions", sub_questions}, {"p", kind.p}};
    CO_TRY_OK(co_await context.emit("question.understood", std::move(understood)));
    CO_TRY_OK(co_await recall(context, asked));
    Json result = Json::object();
    const std::size_t num_parts = sub_questions.size();
    result["text"] = "Kind of question: " + kind.kind + ", in " + std::to_string(num_parts) +
                     (num_parts == 1 ? " part" : " parts") + "; an answer is " + expects + ".";
    result["title"] = clip(question, kMaxTitleBytes);
    result["steps"] = plan_steps(sub_questions, urls, expects);
    co_return result;
  }

  /// A step makes no progress: other searches for what the quotes leave open, none of which was made before.
  /// No steps where nothing else comes to mind.
  static Task<Result<Json>> plan_otherwise(StepContext& context, const Blackboard& board) {
    const Setback setback = read_setback(board, context.input().question);
    auto written = co_await write_queries(context, setback.question,
                                          {.seen = setback.tried,
                                           .found = setback.quotes,
                                           .missing_terms = setback.open,
                                           .map_entities = setback.names});
    if (!written && ends_attempt(written.error())) co_return written.error();
    std::vector<std::string> searches = written ? *written : std::vector<std::string>{};
    if (searches.empty() && !setback.open.empty()) searches.push_back(joined(setback.open));
    Json steps = Json::array();
    for (const std::string& search : searches) {
      if (!was_tried(search, setback.tried))
        steps.push_back(find_step(search, Json::array(), "what is open"));
    }
    std::string text = "“" + clip(setback.question, 160) + "” found nothing new in " +
                       std::to_string(setback.tried.size()) + " searches";
    if (!setback.open.empty()) text += "; open: " + clip(joined(setback.open), 200);
    if (!setback.refused.empty()) text += "; not allowed: " + clip(joined(setback.refused), 200);
    text +=
        steps.empty() ? ". There is no other way to search for it." : ". Other searches are tried instead.";
    CO_TRY_OK(co_await note_thought(context, text));
    co_return Json{{"text", text}, {"steps", std::move(steps)}};
  }

  /// What earlier runs found is said, not used: a note is no source, and the sources may have changed.
  static Task<Result<void>> recall(StepContext& context, const std::string& question) {
    const std::string topic = topic_of(question);
    if (topic.empty()) co_return ok();
    Json args = Json::object({{"subject", topic}});
    const auto recalled = co_await context.act("recall", std::move(args));
    if (!recalled) co_return ends_attempt(recalled.error()) ? Result<void>(recalled.error()) : ok();
    const Json notes = recalled->value("notes", Json::array());
    if (notes.empty()) co_return ok();
    const std::string text =
        "Run " + notes[0].value("run", "") + " was asked the like; it found: " + notes[0].value("text", "");
    CO_TRY_OK(co_await context.emit("thought.noted", Json::object({{"text", text}})));
    co_return ok();
  }

  static std::vector<std::string> first(std::vector<std::string> items, std::size_t limit) {
    if (items.size() > limit) items.resize(limit);
    return items;
  }

  static std::string without(std::string question, const std::vector<std::string>& urls) {
    for (const std::string& url : urls) {
      if (const auto at = question.find(url); at != std::string::npos) question.erase(at, url.size());
    }
    std::string rest = squeeze_blanks(question);
    return key_terms(rest).empty() ? squeeze_blanks(question + " What does the page say?") : rest;
  }

  const Spec spec_{.name = "deep_search.plan",
                   .description = "Understands a question and drafts the plan that answers it.",
                   .tools = {"recall"},
                   .risk = "low"};
};

}  // namespace

std::unique_ptr<ExpertAgent> make_plan_agent() {
  return std::make_unique<PlanAgent>();
}

}  // namespace lyceum::agents::deep_search
