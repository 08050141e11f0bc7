#include <filesystem>
#include <fstream>

#include "model/curriculum.hpp"
#include "model/curriculum/building.hpp"
#include "model/curriculum/language.hpp"
#include "model/curriculum/reading.hpp"

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
  std::size_t passes = 1;
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
        {.maker = part.choice("make", "language", {"language", "reading", "facts"}),
         .files = part.required_string("files", kMaxPathBytes),
         .bytes_max = static_cast<std::uint64_t>(part.integer("bytes_max", 1'000'000'000, 1, 1'000'000'000)),
         .passes = static_cast<std::size_t>(part.integer("passes", 1, 1, kMaxPasses))});
    TRY_OK(part.finish());
  }
  return mixture;
}

Result<void> add_part(Building& building, const Part& part, TextEncoder& encoder) {
  if (part.maker == "reading") {
    TRY(const PassageSet set, read_passage_set_blocking(building, part.files));
    return add_reading(building, set, {.has_short_answers = true, .passes = part.passes});
  }
  if (part.maker == "facts") {
    TRY(const PassageSet set, read_supporting_facts_blocking(building, part.files));
    return add_reading(building, set, {.has_short_answers = false, .passes = part.passes});
  }
  return add_language_blocking(building, part.files, part.bytes_max, encoder);
}

}  // namespace

Result<Json> build_training_data_blocking(const Json& config, const std::string& data,
                                          const Tokenizer& tokenizer, const std::string& output) {
  TRY(const Mixture mixture, parse_mixture(config));
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
