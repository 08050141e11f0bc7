#pragma once

#include <vector>

#include "model/language_model.hpp"
#include "model/lexical/words.hpp"

/// The three verbs as plain functions: synchronous, deterministic, one request at a time for each reader.
namespace lyceum::model::lexical {

/// One probability an option, summing to 1.
std::vector<double> choose_by_rules(const ChooseRequest& request, WordReader& reader);

/// Best first, without overlap inside a source.
std::vector<Quote> quote_by_rules(const QuoteRequest& request, WordReader& reader);

/// Text, or JSON when the task's template makes JSON. Errors: unsupported, where no template fits.
Result<Written> write_by_template(const WriteRequest& request, WordReader& reader);

/// Templates of the JSON-writing tasks; each returns the task's whole result.
Json write_sub_questions(const Json& slots, WordReader& reader);
Json write_queries(const Json& slots, WordReader& reader);
Json write_answer(const Json& slots, WordReader& reader);

}  // namespace lyceum::model::lexical
