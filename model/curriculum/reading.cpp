#include "model/curriculum/reading.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "model/curriculum/choices.hpp"

namespace lyceum::model {
namespace {

constexpr double kSwappedShare = 0.25;
constexpr std::size_t kLookAlikes = 6;
constexpr double kUnanswerableShare = 0.2;
constexpr std::size_t kMaxPairNegatives = 4;

Prompt question_prompt(const char* task, const std::string& question) {
  return {.task = task, .slots = {{"question", question}}};
}

/// Makes the examples of one question.
class QuestionExamples {
 public:
  QuestionExamples(Building& building, const PassageSet& set, const ReadingItem& item,
                   const std::string& origin)
      : building_(building), set_(set), item_(item), origin_(origin), dice_(building.dice) {
    look_alikes_ = set.look_alikes(item, kLookAlikes);
  }

  Result<void> add_evidence() {
    const bool is_swapped = !look_alikes_.empty() && dice_.chance(kSwappedShare);
    const std::size_t passage = is_swapped ? dice_.pick(look_alikes_) : item_.passage;
    const std::string& text = set_.passages[passage];
    for (const SourceWindow& window : building_.verbs.cut_windows(text)) {
      const bool holds_answer = !is_swapped && set_.is_evidence(item_, window.range);
      if (!holds_answer && !is_swapped && !dice_.chance(0.5)) continue;
      const MarkedSentences marked = building_.verbs.quote_sentences(
          question_prompt("deep_search.evidence", item_.question), text, window);
      std::vector<bool> is_right;
      for (const TextRange sentence : window.sentences)
        is_right.push_back(!is_swapped && set_.is_evidence(item_, sentence));
      TRY_OK(building_.writer.add_marks(kind("evidence"), group(), marked.tokens, marked.marks, is_right));
    }
    return ok();
  }

  /// Words of the sentence that answers, or of one that does not.
  Result<void> add_span() {
    if (dice_.chance(kUnanswerableShare)) {
      const std::string other = misleading_text();
      return other.empty() ? ok() : add_words(other, {});
    }
    for (const TextRange sentence : set_.sentences[item_.passage]) {
      if (item_.answer.begin < sentence.begin || item_.answer.end > sentence.end) continue;
      return add_words(set_.text_of(item_.passage, sentence),
                       {item_.answer.begin - sentence.begin, item_.answer.end - sentence.begin});
    }
    return ok();
  }

  Result<void> add_relevant() {
    const bool is_relevant = dice_.chance(0.5);
    const std::string quote = is_relevant ? evidence_text() : misleading_text();
    if (quote.empty()) return ok();
    const ChooseRequest request{
        .prompt = {.task = "deep_search.relevant", .slots = {{"question", item_.question}, {"quote", quote}}},
        .options = {"relevant", "not relevant"}};
    return add_two_way("relevant", request, is_relevant);
  }

  Result<void> add_enough() {
    const bool is_enough = dice_.chance(0.5);
    std::vector<std::string> quotes;
    const std::size_t num_others = dice_.below(3) + (is_enough ? 0 : 1);
    for (std::size_t i = 0; i < num_others; ++i) {
      std::string quote = misleading_text();
      if (!quote.empty() && std::find(quotes.begin(), quotes.end(), quote) == quotes.end())
        quotes.push_back(std::move(quote));
    }
    if (is_enough) quotes.push_back(evidence_text());
    if (quotes.empty()) return ok();
    dice_.shuffle(quotes);
    std::string all;
    for (const std::string& quote : quotes) all += quote + "\n";
    const auto held = content_terms(all);
    std::vector<std::string> missing;
    visit_index_terms(item_.question, [&](std::string_view word, std::string_view term) {
      if (!is_stop_word(word) && !std::binary_search(held.begin(), held.end(), std::string(term)))
        missing.emplace_back(word);
    });
    const ChooseRequest request{
        .prompt = {.task = "deep_search.enough",
                   .slots = {{"question", item_.question}, {"quotes", quotes}, {"missing_terms", missing}}},
        .options = {"enough", "not enough"}};
    return add_two_way("enough", request, is_enough);
  }

  Result<void> add_pair() {
    DataWriter::Pair pair{.query = building_.verbs.embed(item_.question),
                          .positive = building_.verbs.embed(titled(item_.passage)),
                          .negatives = {}};
    for (std::size_t i = 0; i < std::min(kMaxPairNegatives, look_alikes_.size()); ++i)
      pair.negatives.push_back(building_.verbs.embed(titled(look_alikes_[i])));
    return building_.writer.add_pair("questions", group(), pair);
  }

 private:
  std::string kind(const char* task) const { return std::string(task) + "." + origin_; }

  const std::string& group() const { return set_.passages[item_.passage]; }

  std::string titled(std::size_t passage) {
    const std::string& title = set_.titles[passage];
    return title.empty() || dice_.chance(0.5) ? set_.passages[passage]
                                              : title + "\n" + set_.passages[passage];
  }

  Result<void> add_words(std::string_view sentence, TextRange answer) {
    const MarkedWords marked =
        building_.verbs.quote_words(question_prompt("reading.span", item_.question), sentence);
    std::vector<bool> is_right;
    for (const TextRange word : marked.words)
      is_right.push_back(word.begin < answer.end && answer.begin < word.end);
    return building_.writer.add_marks(kind("span"), group(), marked.tokens, marked.marks, is_right);
  }

  std::string evidence_text() const {
    std::string text;
    for (const TextRange sentence : set_.sentences[item_.passage]) {
      if (!set_.is_evidence(item_, sentence)) continue;
      if (!text.empty()) text += ' ';
      text += set_.text_of(item_.passage, sentence);
    }
    return text;
  }

  /// A sentence that does not answer, of the same passage or of one that looks alike.
  std::string misleading_text() {
    const bool is_near = look_alikes_.empty() || dice_.chance(0.5);
    const std::size_t passage = is_near ? item_.passage : dice_.pick(look_alikes_);
    std::vector<TextRange> sentences;
    for (const TextRange sentence : set_.sentences[passage]) {
      if (passage != item_.passage || !set_.is_evidence(item_, sentence)) sentences.push_back(sentence);
    }
    if (sentences.empty()) return {};
    TextRange best = dice_.pick(sentences);
    if (dice_.chance(0.5)) {
      const auto terms = content_terms(item_.question);
      std::size_t best_shared = 0;
      for (const TextRange sentence : sentences) {
        const std::size_t shared = shared_terms(terms, set_.text_of(passage, sentence));
        if (shared <= best_shared) continue;
        best = sentence;
        best_shared = shared;
      }
    }
    return std::string(set_.text_of(passage, best));
  }

  Result<void> add_two_way(const char* task, const ChooseRequest& request, bool is_first_right) {
    return add_choice(building_, kind(task).c_str(), group(), request, is_first_right ? 0 : 1, 2);
  }

  Building& building_;
  const PassageSet& set_;
  const ReadingItem& item_;
  const std::string& origin_;
  Dice& dice_;
  std::vector<std::size_t> look_alikes_{};
};

}  // namespace

Result<void> add_reading(Building& building, const PassageSet& set, const ReadingTasks& tasks) {
  for (std::size_t pass = 0; pass < tasks.passes; ++pass) {
    for (const ReadingItem& item : set.items) {
      QuestionExamples examples(building, set, item, tasks.origin);
      TRY_OK(examples.add_evidence());
      if (tasks.has_short_answers) {
        TRY_OK(examples.add_span());
        TRY_OK(examples.add_enough());
      }
      TRY_OK(examples.add_relevant());
      if (tasks.has_pairs && pass == 0) TRY_OK(examples.add_pair());
    }
  }
  return ok();
}

}  // namespace lyceum::model
