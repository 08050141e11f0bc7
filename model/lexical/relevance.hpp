#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "model/lexical/question.hpp"
#include "model/lexical/words.hpp"

namespace lyceum::model::lexical {

/// What speaks for a passage as an answer; each about 0..1.
enum Feature : std::size_t {
  kCoverage,         ///< Share of the question's weight that the passage holds.
  kCoverageSquared,  ///< Nearly all of it is more than twice half of it.
  kNameCoverage,     ///< The same over names and numbers; coverage when the question has none.
  kNearbyCoverage,   ///< Share that only the sentence before holds ("He ..." after the name).
  kPairs,            ///< Share of neighbouring question words that are neighbours here too.
  kCompactness,      ///< Matched words stand together.
  kAnswerType,       ///< Holds a word of the kind asked for.
  kNoAnswerType,     ///< Lacks one although the question asks for a definite kind.
  kLength,           ///< Words, against a long sentence.
  kTwoSentences,     ///< A window of two.
  kAlike,  ///< Share of the question's weight that only words of like meaning hold; 0 without vectors.
  kNumFeatures
};

using Features = std::array<double, kNumFeatures>;

struct Passage {
  std::vector<Word> words{};
  std::vector<Word> before{};  ///< The sentence before it, if any.
  bool is_two_sentences = false;
};

Features features_of(const Question& question, const Passage& passage);

/// 0..1, comparable between questions: a logistic model over the features, fitted on public training
/// questions. The one measure that quote, "enough" and "relevant" share.
double relevance(const Question& question, const Passage& passage);

/// The best relevance of a window of one or two sentences of `text`.
double best_relevance(const Question& question, std::string_view text, WordReader& reader);

/// Share of the question's weight that `words` hold, 0..1.
double coverage_of(const Question& question, const std::vector<Word>& words);

struct ScoredRange {
  TextRange range{};
  double score = 0;
};

/// Every window of one or two neighbouring sentences, in order, with its relevance.
std::vector<ScoredRange> score_windows(const Question& question, std::string_view text, WordReader& reader);

}  // namespace lyceum::model::lexical
