#pragma once

#include <string>

#include "model/curriculum/passages.hpp"

namespace lyceum::model {

/// Which tasks are made of a set's questions; each question once a pass, with new look-alikes.
struct ReadingTasks {
  std::string origin{};           ///< Who asked: kinds are "evidence.people", …
  bool has_short_answers = true;  ///< Spans are answers, not whole sentences.
  bool has_pairs = true;          ///< Pairs for embed, too.
  std::size_t passes = 1;
};

/// deep_search.evidence, reading.span, deep_search.relevant, deep_search.enough and pairs for embed. A
/// quarter of the questions meet passages that do not answer them.
Result<void> add_reading(Building& building, const PassageSet& set, const ReadingTasks& tasks);

}  // namespace lyceum::model
