#include <algorithm>
#include <set>

#include "agents/common/entities.hpp"
#include "agents/common/terms.hpp"
#include "agents/deep_search/agents.hpp"
#include "agents/deep_search/report.hpp"
#include "agents/deep_search/verbs.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr const char* kName = "deep_search.answer";
constexpr std::size_t kMaxEvidence = 12;
constexpr std::size_t kMaxNoteBytes = 1000;
/// Quotes that stand for one sub-question.
constexpr std::size_t kEvidencePerQuestion = 5;
constexpr std::size_t kComparedPerQuestion = 4;
/// Below this probability the sources do not answer: saying so is the answer.
constexpr double kFoundThreshold = 0.3;
constexpr double kConflictThreshold = 0.65;
/// How much more a quote is worth that adds words of the question which no chosen quote holds.
constexpr double kNewWords = 4;
/// Quotes disagree only where both speak to the very question.
constexpr double kComparableScore = 0.5;
constexpr double kSharedWords = 0.5;

struct Group {
  std::string question{};
  std::vector<std::size_t> evidence{};  ///< Indexes into Answer::evidence.
  double p = 0;                         ///< That the quotes answer the question.
};

bool overlaps(const Evidence& a, const Evidence& b) {
  return a.document == b.document && a.url == b.url && a.begin < b.end && b.begin < a.end && a.end > 0;
}

/// A model that does not understand what it compares takes any two numbers or names for a contradiction. Only
/// where two quotes are alike but for a few words is its verdict worth having.
bool say_nearly_the_same(const std::string& a, const std::string& b) {
  return std::max(support_of(a, {b}), support_of(b, {a})) >= kSharedWords;
}

bool is_from_person(const Evidence& evidence) {
  return evidence.by.starts_with("user:");
}

/// A person's evidence first, then by score, then by age.
std::vector<Evidence> usable(const Blackboard& blackboard) {
  std::vector<const Evidence*> ranked;
  for (const Evidence& evidence : blackboard.evidence) {
    if (evidence.dropped.empty() && !evidence.quote.empty()) ranked.push_back(&evidence);
  }
  std::sort(ranked.begin(), ranked.end(), [](const Evidence* a, const Evidence* b) {
    if (is_from_person(*a) != is_from_person(*b)) return is_from_person(*a);
    return a->score != b->score ? a->score > b->score : a < b;
  });
  std::vector<Evidence> evidence;
  for (const Evidence* item : ranked) {
    evidence.push_back(*item);
    evidence.back().question = squeeze_blanks(item->question);
  }
  return evidence;
}

/// The sub-questions of the run: those that steps looked into, and those that evidence names.
std::vector<std::string> questions_of(const Blackboard& blackboard, const std::string& fallback) {
  std::vector<std::string> questions;
  const auto add = [&](const std::string& question) {
    if (!question.empty() && std::find(questions.begin(), questions.end(), question) == questions.end())
      questions.push_back(question);
  };
  for (const StepResult& result : blackboard.results) {
    if (result.agent == "deep_search.find" && result.goal.find('#') == std::string::npos)
      add(squeeze_blanks(result.goal));
  }
  for (const Evidence& evidence : blackboard.evidence) {
    if (evidence.dropped.empty()) add(squeeze_blanks(evidence.question));
  }
  if (questions.empty()) questions.push_back(fallback);
  return questions;
}

/// The best candidate for `question` that overlaps nothing chosen. One that speaks of words of the question
/// that no chosen quote holds counts for more, so that each half of a two-part question is heard.
const Evidence* best_for(const std::string& question, const std::vector<Evidence>& ranked,
                         const std::vector<Evidence>& chosen) {
  std::vector<std::string> heard;
  for (const Evidence& other : chosen) {
    if (other.question == question) heard.push_back(other.title + ". " + other.quote);
  }
  const double covered = heard.empty() ? 0 : support_of(question, heard);
  heard.emplace_back();
  const Evidence* best = nullptr;
  double best_value = 0;
  for (const Evidence& candidate : ranked) {
    if (candidate.question != question) continue;
    if (std::any_of(chosen.begin(), chosen.end(),
                    [&](const Evidence& other) { return overlaps(candidate, other); }))
      continue;
    if (is_from_person(candidate)) return &candidate;
    heard.back() = candidate.title + ". " + candidate.quote;
    const double value = candidate.score * (1 + kNewWords * (support_of(question, heard) - covered));
    if (best == nullptr || value > best_value) {
      best = &candidate;
      best_value = value;
    }
  }
  return best;
}

/// Each sub-question in turn gives its best quote, so that no sub-question is crowded out; quotes that
/// overlap count once.
std::vector<Evidence> choose_evidence(const std::vector<Evidence>& ranked,
                                      const std::vector<std::string>& questions) {
  std::vector<Evidence> chosen;
  for (std::size_t turn = 0; turn < kEvidencePerQuestion; ++turn) {
    for (std::size_t q = 0; q <= questions.size() && chosen.size() < kMaxEvidence; ++q) {
      // The last turn is for evidence without a sub-question: a person's.
      const Evidence* best = best_for(q < questions.size() ? questions[q] : "", ranked, chosen);
      if (best != nullptr) chosen.push_back(*best);
    }
  }
  return chosen;
}

/// Writes one run's answer. Lives for one run of the coroutine.
class Writer {
 public:
  Writer(StepContext& context, const Blackboard& blackboard) : context_(context) {
    answer_.question = squeeze_blanks(context.input().question);
    const std::vector<std::string> questions = questions_of(blackboard, answer_.question);
    answer_.evidence = choose_evidence(usable(blackboard), questions);
    for (const std::string& question : questions) groups_.push_back({.question = question});
    for (std::size_t i = 0; i < answer_.evidence.size(); ++i)
      group_of(answer_.evidence[i].question).evidence.push_back(i);
  }

  Task<Result<Json>> run() {
    CO_TRY_OK(co_await decide_found());
    if (!answer_.is_not_found) {
      CO_TRY_OK(co_await compare_sources());
      CO_TRY_OK(co_await write());
    }
    CO_TRY_OK(co_await context_.emit("answer.proposed", to_json(answer_)));
    const std::string message = to_message(answer_);
    CO_TRY_OK(co_await context_.emit(
        "message.finished", Json::object({{"message", "answer"}, {"role", "assistant"}, {"text", message}})));
    Json file = Json::object({{"path", "report.md"}, {"content", to_markdown(answer_)}});
    if (auto written = co_await context_.act("write_file", std::move(file));
        !written && ends_attempt(written.error())) {
      co_return written.error();
    }
    CO_TRY_OK(co_await remember(message));
    Json ids = Json::array();
    for (const Evidence& evidence : answer_.evidence) ids.push_back(evidence.id);
    co_return Json{{"text", message},
                   {"not_found", answer_.is_not_found},
                   {"confidence", answer_.confidence ? Json(*answer_.confidence) : Json()},
                   {"evidence", std::move(ids)},
                   {"gaps", answer_.gaps}};
  }

 private:
  /// Keeps what was found for later runs; losing the note loses nothing of this one.
  Task<Result<void>> remember(const std::string& message) {
    const std::string topic = topic_of(answer_.question);
    if (answer_.is_not_found || topic.empty()) co_return ok();
    Json note = Json::object({{"subject", topic}, {"text", clip(message, kMaxNoteBytes)}});
    if (auto kept = co_await context_.act("remember", std::move(note)); !kept && ends_attempt(kept.error())) {
      co_return kept.error();
    }
    co_return ok();
  }

  Group& group_of(const std::string& question) {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const Group& group) { return group.question == question; });
    // A person's evidence names no sub-question: it counts for the first.
    return found == groups_.end() ? groups_.front() : *found;
  }

  /// Asks of each sub-question whether its quotes answer it; the run has found something when any of them
  /// does, or when a person vouches for a quote.
  Task<Result<void>> decide_found() {
    bool has_vouched = false;
    double best = 0;
    double sum = 0;
    for (Group& group : groups_) {
      std::vector<std::string> quotes;
      for (const std::size_t index : group.evidence) {
        quotes.push_back(answer_.evidence[index].quote);
        has_vouched |= is_from_person(answer_.evidence[index]);
      }
      if (!quotes.empty()) {
        std::vector<std::string> missing = missing_terms(group.question, quotes);
        CO_TRY(group.p,
               co_await probability_enough(context_, group.question, std::move(quotes), std::move(missing)));
      }
      best = std::max(best, group.p);
      sum += group.p;
      if (group.p < kFoundThreshold && !group.evidence.empty() && groups_.size() > 1) {
        answer_.gaps.push_back("The sources do not settle: " + group.question);
      } else if (group.evidence.empty()) {
        answer_.gaps.push_back("Not found in your sources: " + group.question);
      }
    }
    const bool has_judged = !answer_.evidence.empty();
    if (has_judged) answer_.confidence = sum / static_cast<double>(groups_.size());
    answer_.is_not_found = best < kFoundThreshold && !has_vouched;
    CO_TRY_OK(co_await note_decision(context_, "Do your sources answer the question?", "answered",
                                     "not found in your sources", best, kFoundThreshold));
    if (answer_.is_not_found) {
      if (has_judged) answer_.confidence = 1 - best;
      answer_.gaps.clear();
      for (const Group& group : groups_)
        answer_.gaps.push_back("Not found in your sources: " + group.question);
    }
    co_return ok();
  }

  /// Asks whether quotes of different sources about the same sub-question contradict each other.
  Task<Result<void>> compare_sources() {
    for (const Group& group : groups_) {
      const std::size_t num_compared = std::min(group.evidence.size(), kComparedPerQuestion);
      for (std::size_t i = 0; i < num_compared; ++i) {
        for (std::size_t j = i + 1; j < num_compared; ++j) {
          CO_TRY_OK(co_await compare(group.question, group.evidence[i], group.evidence[j]));
        }
      }
    }
    co_return ok();
  }

  Task<Result<void>> compare(const std::string& question, std::size_t a, std::size_t b) {
    const Evidence& first = answer_.evidence[a];
    const Evidence& second = answer_.evidence[b];
    if (first.document == second.document && first.url == second.url) co_return ok();
    const bool are_comparable = std::min(first.score, second.score) >= kComparableScore;
    if (!are_comparable && !is_from_person(first) && !is_from_person(second)) co_return ok();
    if (!context_.model_info().capabilities.follows_instructions &&
        !say_nearly_the_same(first.quote, second.quote))
      co_return ok();
    CO_TRY(const double p, co_await probability_disagree(context_, question, first.quote, second.quote));
    if (p < kConflictThreshold) co_return ok();
    answer_.conflicts.push_back({.about = "“" + clip(question, 200) + "”", .a = a, .b = b});
    co_return co_await note_decision(
        context_, "Do “" + clip(first.title, 80) + "” and “" + clip(second.title, 80) + "” disagree?",
        "disagree", "do not disagree", p, kConflictThreshold);
  }

  Task<Result<void>> write() {
    std::vector<NumberedQuote> quotes;
    for (std::size_t i = 0; i < answer_.evidence.size(); ++i) {
      const Evidence& evidence = answer_.evidence[i];
      quotes.push_back(
          {.n = i + 1, .quote = evidence.quote, .title = evidence.title, .section = evidence.section});
    }
    std::vector<ConflictNote> conflicts;
    for (const AnswerConflict& conflict : answer_.conflicts) {
      conflicts.push_back({.about = conflict.about, .a = conflict.a + 1, .b = conflict.b + 1});
    }
    model::Prompt prompt = answer_prompt(answer_.question, quotes, conflicts);
    for (NumberedQuote& quote : quotes) quote = {.n = quote.n};
    CO_TRY(std::vector<DraftSentence> draft,
           co_await write_answer(context_, std::move(prompt),
                                 answer_prompt(answer_.question, quotes, conflicts)));
    for (DraftSentence& sentence : draft) accept(std::move(sentence));
    CO_TRY_OK(co_await measure());
    if (answer_.sentences.empty()) {
      answer_.is_not_found = true;
      answer_.gaps.insert(answer_.gaps.begin(), "Not found in your sources: " + answer_.question);
    }
    co_return ok();
  }

  /// A sentence stands only on citations that exist; one without any is taken out, and that is said.
  void accept(DraftSentence draft) {
    AnswerSentence sentence{.text = std::move(draft.text)};
    std::vector<std::string> quotes;
    for (const std::size_t n : draft.citations) {
      if (n == 0 || n > answer_.evidence.size()) continue;
      if (std::find(sentence.citations.begin(), sentence.citations.end(), n - 1) != sentence.citations.end())
        continue;
      sentence.citations.push_back(n - 1);
      quotes.push_back(answer_.evidence[n - 1].title + " " + answer_.evidence[n - 1].quote);
    }
    if (sentence.citations.empty()) {
      answer_.gaps.push_back("Left out, since no source was cited for it: " + sentence.text);
      return;
    }
    sentence.support = support_of(sentence.text, quotes);
    answer_.sentences.push_back(std::move(sentence));
  }

  /// Lets the model measure how far each citation carries its sentence, where it can.
  Task<Result<void>> measure() {
    if (!context_.model_info().capabilities.shows_tokens) co_return ok();
    for (AnswerSentence& sentence : answer_.sentences) {
      model::SupportRequest request{.prompt = support_prompt(answer_.question), .claim = sentence.text};
      for (const std::size_t index : sentence.citations)
        request.sources.push_back(answer_.evidence[index].quote);
      const auto support = co_await context_.measure_support(std::move(request));
      if (!support && ends_attempt(support.error())) co_return support.error();
      if (!support) continue;  // The sentence stands by its words alone.
      MeasuredSupport& measured = sentence.measured.emplace();
      measured.with_all = support->with_all;
      measured.without_any = support->without_any;
      for (std::size_t i = 0; i < sentence.citations.size(); ++i)
        measured.gains.push_back(support->gain_of(i));
    }
    co_return ok();
  }

  StepContext& context_;
  Answer answer_{};
  std::vector<Group> groups_{};
};

class AnswerAgent final : public ExpertAgent {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<Json>> run(StepContext& context) override {
    CO_TRY(const Blackboard blackboard, co_await context.read_blackboard());
    Writer writer(context, blackboard);
    co_return co_await writer.run();
  }

 private:
  const Spec spec_{
      .name = kName,
      .description =
          "Answers from the evidence with a citation in every sentence, or says that it was not found.",
      .tools = {"write_file", "remember"},
      .risk = "low"};
};

}  // namespace

std::unique_ptr<ExpertAgent> make_answer_agent() {
  return std::make_unique<AnswerAgent>();
}

}  // namespace lyceum::agents::deep_search
