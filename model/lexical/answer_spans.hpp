#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "model/lexical/question.hpp"

/// Which words in a row are a short answer: what a trained model thinks of each word, together with how
/// answers look.
namespace lyceum::model::lexical {

/// What speaks for words in a row.
enum SpanFeature : std::size_t {
  kLogOdds,  ///< Sum over the words of the model's log-odds that one is part of the answer.
  kFirstLogOdds,
  kLastLogOdds,
  kWords,
  kLogWords,
  kOneWord,
  kTimeWords,  ///< Number of words where a time is asked for; likewise the next four.
  kNumberWords,
  kNameWords,
  kPlaceWords,
  kReasonWords,
  kExpectedF1,    ///< 2 (sum over the span) / (its words + the sum over all), the plug-in estimate of F1 (Ye
                  ///< et al., Optimizing F-measure, ICML 2012).
  kTimeCapitals,  ///< Capitalised words that the question does not hold, where a time is asked for;
  kTimeNumbers,   ///< numbers;
  kTimeDates,     ///< years, months and days.
  kNumberCapitals,  ///< Likewise where a number is asked for,
  kNumberNumbers,
  kNumberDates,
  kNameCapitals,  ///< where a name or a place is,
  kNameNumbers,
  kNameDates,
  kOtherCapitals,  ///< and elsewhere.
  kOtherNumbers,
  kOtherDates,
  kMarkBefore,  ///< Punctuation, or the sentence's edge, stands before.
  kMarkAfter,
  kMarksInside,
  kStopFirst,
  kStopLast,
  kStopBefore,
  kStopAfter,
  kDeterminerFirst,
  kPrepositionFirst,
  kPrepositionBefore,
  kQuestionShare,   ///< Share of words that the question holds.
  kQuestionWord,    ///< Holds one at all.
  kQuestionBefore,  ///< The question holds the word before.
  kQuestionAfter,
  kNameCutBefore,  ///< Begins within a row of capitalised words.
  kNameCutAfter,
  kCapitalFirst,
  kAllCapital,
  kNumberFirst,
  kNumberCutBefore,
  kNumberCutAfter,  ///< A number goes on behind it.
  kUnitCutAfter,    ///< Ends with a number, and a content word follows.
  kNumSpanFeatures
};

using SpanFeatures = std::array<double, kNumSpanFeatures>;

inline constexpr std::size_t kMaxSpanWords = 12;

/// A sentence's words with what the features look at.
class SpanReader {
 public:
  /// `words` are bytes of `sentence`, without blanks and the punctuation around them; one probability each.
  SpanReader(const Question& question, std::string_view sentence, std::span<const TextRange> words,
             std::span<const double> probabilities, WordReader& reader);

  /// Of the words from `begin` to before `end`; at least one.
  SpanFeatures features(std::size_t begin, std::size_t end) const;

  std::size_t size() const { return shapes_.size(); }

 private:
  struct Shape {
    double probability = 0;
    double log_odds = 0;
    bool is_stop = false;
    bool is_determiner = false;
    bool is_preposition = false;
    bool is_capital = false;
    bool is_number = false;
    bool is_date = false;
    bool is_asked = false;        ///< The question holds it.
    bool has_mark_before = true;  ///< Punctuation between it and the word before.
  };

  bool has_mark_before(std::size_t at) const { return at >= shapes_.size() || shapes_[at].has_mark_before; }

  AnswerType type_;
  std::vector<Shape> shapes_{};
  double sum_probabilities_ = 0;
};

struct AnswerSpan {
  std::size_t begin = 0;  ///< Index into the words.
  std::size_t end = 0;
  double expected_f1 = 0;
};

/// The likeliest answer: a linear model over the features, fitted on public training questions. At least one
/// word is needed.
AnswerSpan best_answer_span(const SpanReader& reader);

}  // namespace lyceum::model::lexical
