#include <functional>
#include <map>

#include "model/curriculum.hpp"
#include "model/curriculum/building.hpp"
#include "model/curriculum/choices.hpp"
#include "model/curriculum/free_text.hpp"
#include "model/curriculum/language.hpp"
#include "model/curriculum/questions.hpp"
#include "model/curriculum/reading.hpp"
#include "model/tokenizer/tokenizer_json.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxEntries = 64;
constexpr std::size_t kMaxPathBytes = 300;
constexpr std::int64_t kMaxPasses = 100;

/// One entry of the mixture's list.
struct Part {
  std::string maker{};
  std::string files{};
  std::uint64_t bytes_max = 0;
  std::size_t examples_max = 0;
  std::size_t passes = 1;
  std::vector<std::string> left_out{};
};

struct Mixture {
  std::uint64_t seed = 1;
  double validation_share = 0.01;
  double context_share = 0.1;
  std::vector<Part> parts{};
};

Result<Mixture> parse_mixture(const Json& config) {
  Mixture mixture;
  FieldReader fields(config, "mixture");
  mixture.seed = static_cast<std::uint64_t>(fields.integer("seed", 1, 0, 1'000'000'000));
  mixture.validation_share = fields.number("validation_share", 0.01, 0, 0.5);
  mixture.context_share = fields.number("context_share", 0.1, 0, 1);
  const Json& parts = fields.array("parts", kMaxEntries);
  TRY_OK(fields.finish());
  for (const Json& item : parts) {
    FieldReader part(item, "mixture.parts");
    mixture.parts.push_back(
        {.maker = part.required_string("make", kMaxPathBytes),
         .files = part.string("files", "", kMaxPathBytes),
         .bytes_max = static_cast<std::uint64_t>(part.integer("bytes_max", 1'000'000'000, 1, 1'000'000'000)),
         .examples_max = static_cast<std::size_t>(part.integer("examples_max", 1'000'000, 1, 10'000'000)),
         .passes = static_cast<std::size_t>(part.integer("passes", 1, 1, kMaxPasses)),
         .left_out = part.strings("left_out", kMaxEntries, kMaxPathBytes)});
    TRY_OK(part.finish());
  }
  return mixture;
}

/// Makes all examples of one entry.
using Maker = std::function<Result<void>(Building& building, const Part& part, TextEncoder& encoder)>;

Result<void> add_questions(Building& building, const Part& part, TextEncoder&) {
  TRY(const PassageSet set, read_passage_set_blocking(building, part.files));
  TRY_OK(add_reading(building, set, {.origin = "people", .passes = part.passes}));
  TRY_OK(add_answer_claims(building, set, part.passes));
  return add_question_work(building, set, part.passes);
}

Result<void> add_supporting_facts(Building& building, const Part& part, TextEncoder&) {
  TRY(const PassageSet set, read_supporting_facts_blocking(building, part.files));
  return add_reading(building, set, {.origin = "facts", .has_short_answers = false, .passes = part.passes});
}

/// By the word of the configuration.
const std::map<std::string, Maker, std::less<>>& makers() {
  static const std::map<std::string, Maker, std::less<>> all = {
      {"language",
       [](Building& building, const Part& part, TextEncoder& encoder) {
         return add_language_blocking(building, part.files, part.bytes_max, encoder);
       }},
      {"reading", add_questions},
      {"supporting_facts", add_supporting_facts},
      {"decompositions",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_decompositions_blocking(building, part.files, part.passes);
       }},
      {"free_text",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_free_text_blocking(building, part.files, part.examples_max);
       }},
      {"asked_sentences",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_asked_sentences_blocking(building, part.files, part.examples_max, part.passes);
       }},
      {"repetitions", [](Building& building, const Part& part,
                         TextEncoder&) { return add_repetitions(building, part.examples_max); }},
      {"matching",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_matching_blocking(building, part.files, part.examples_max);
       }},
      {"altered_claims",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_altered_claims_blocking(building, part.files, part.examples_max);
       }},
      {"relation_claims",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_relation_claims_blocking(building, part.files, part.passes);
       }},
      {"entity_relations",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_entity_relations_blocking(building, part.files, part.passes);
       }},
      {"directed_relations",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_directed_relations_blocking(building, part.files, part.passes);
       }},
      {"document_relations",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_document_relations_blocking(building, part.files, part.left_out, part.passes);
       }},
      {"tool_queries",
       [](Building& building, const Part& part, TextEncoder&) {
         return add_tool_queries_blocking(building, part.files, part.passes);
       }},
      {"tool_names", [](Building& building, const Part& part,
                        TextEncoder&) { return add_tool_names_blocking(building, part.files, part.passes); }},
  };
  return all;
}

Result<void> add_part(Building& building, const Part& part, TextEncoder& encoder) {
  const auto maker = makers().find(part.maker);
  if (maker != makers().end()) return maker->second(building, part, encoder);
  std::string names;
  for (const auto& [name, make] : makers()) names += (names.empty() ? "" : ", ") + name;
  return Error{Errc::invalid_argument,
               "mixture.parts.make: expected one of " + names + "; found " + part.maker};
}

}  // namespace

Result<Json> build_training_data_blocking(const Json& config, const std::string& data,
                                          const std::string& tokenizer_path, const std::string& output) {
  TRY(const Mixture mixture, parse_mixture(config));
  TRY(const Tokenizer tokenizer, open_tokenizer_blocking(tokenizer_path));
  TRY(const VerbRenderer verbs, VerbRenderer::make(tokenizer));
  TRY(const TestTexts tests, read_test_texts_blocking(data));
  DataWriter writer({.vocabulary_size = tokenizer.vocab_size(),
                     .tokens = verbs.tokens(),
                     .validation_share = mixture.validation_share,
                     .context_share = mixture.context_share,
                     .seed = mixture.seed});
  Building building(data, tests, verbs, writer, mixture.seed);
  TextEncoder encoder(tokenizer);
  for (const Part& part : mixture.parts) TRY_OK(add_part(building, part, encoder));
  TRY_OK(writer.write_blocking(output));
  Json summary = writer.summary();
  summary["sources"] = building.sources();
  summary["test_grams"] = tests.num_grams();
  return summary;
}

}  // namespace lyceum::model
