#pragma once

#include <string>

#include "model/curriculum/building.hpp"

namespace lyceum::model {

/// Self-made tasks over the articles of a set with "title" and "text", of at most `documents_max` articles:
/// definitions (which sentence says what the title is), clozes (a sentence whose name or number another
/// paragraph of the article holds: evidence and spans) and pairs for embed (a sentence and the paragraph it
/// was taken from, a title and its text; other paragraphs of the article are the hard negatives).
Result<void> add_free_text_blocking(Building& building, const std::string& files, std::size_t documents_max);

/// Questions made of sentences (asked_sentences.hpp), `passes` an article, at most `documents_max` articles:
/// evidence, spans, relevance, enough and pairs for embed.
Result<void> add_asked_sentences_blocking(Building& building, const std::string& files,
                                          std::size_t documents_max, std::size_t passes);

/// Tasks that need nothing but matching and copying, from which both are learned soonest: a sentence by its
/// first words (copy.sentence: the rest, as a span), and the sentence that holds some telling words (evidence
/// and relevance). One paragraph of an article each, at most `documents_max` in all.
Result<void> add_matching_blocking(Building& building, const std::string& files, std::size_t documents_max);

/// Short runs of random tokens, twice: heads that look for an earlier occurrence form here within a few
/// million tokens, which matching and copying of text then build on.
Result<void> add_repetitions(Building& building, std::size_t documents_max);

}  // namespace lyceum::model
