#include <algorithm>

#include "base/json_lines.hpp"
#include "model/curriculum.hpp"
#include "model/curriculum/byte_pair_training.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxTextSources = 64;
constexpr std::size_t kMaxPathBytes = 300;

std::string text_of_row(const Json& row) {
  std::string text;
  for (const char* name : {"title", "text", "context", "question", "query", "claim"}) {
    const std::string field = text_field(row, name);
    if (!field.empty()) text += field + "\n";
  }
  return text;
}

Result<void> count_words(const std::string& data, const TokenizerTraining::Source& source,
                         WordCounts& words) {
  const auto slash = source.files.find('/');
  const std::string prefix = slash == std::string::npos ? std::string() : source.files.substr(slash + 1);
  TRY(const auto files, list_json_lines_blocking(data + "/" + source.files.substr(0, slash), prefix));
  std::vector<std::string> texts;
  std::uint64_t num_bytes = 0;
  for (const std::string& file : files) {
    TRY_OK(read_json_lines_blocking(file, [&](const Json& row) {
      texts.push_back(text_of_row(row));
      num_bytes += texts.back().size();
      return true;
    }));
  }
  const double share =
      std::min(1.0, static_cast<double>(source.bytes_max) / static_cast<double>(std::max(num_bytes, 1UL)));
  for (const std::string& text : texts) {
    const auto length = static_cast<std::size_t>(share * static_cast<double>(text.size()));
    words.add(std::string_view(text).substr(0, length));
  }
  return ok();
}

}  // namespace

Result<TokenizerTraining> parse_tokenizer_training(const Json& config, std::string data) {
  TokenizerTraining training{.data = std::move(data), .sources = {}};
  FieldReader fields(config, "tokenizer");
  training.vocabulary_size = static_cast<std::size_t>(
      fields.integer("vocabulary_size", 8192, 512, static_cast<std::int64_t>(kMaxTrainedVocabulary)));
  const Json& sources = fields.array("sources", kMaxTextSources);
  TRY_OK(fields.finish());
  for (const Json& item : sources) {
    FieldReader source(item, "tokenizer.sources");
    training.sources.push_back(
        {.files = source.required_string("files", kMaxPathBytes),
         .bytes_max = static_cast<std::uint64_t>(source.required_integer("bytes_max", 1, 1'000'000'000))});
    TRY_OK(source.finish());
  }
  if (training.sources.empty()) return Error{Errc::invalid_argument, "tokenizer.sources: none"};
  return training;
}

Result<Json> train_tokenizer_blocking(const TokenizerTraining& training) {
  WordCounts words;
  for (const auto& source : training.sources) TRY_OK(count_words(training.data, source, words));
  const auto special = special_token_texts();
  const std::size_t num_tokens = training.vocabulary_size - special.size();
  TRY(const BytePairVocabulary vocabulary, train_byte_pairs(words, num_tokens));
  if (vocabulary.tokens.size() < num_tokens) {
    return Error{Errc::invalid_argument, "vocabulary_size: the text gives only " +
                                             std::to_string(vocabulary.tokens.size()) + " of " +
                                             std::to_string(num_tokens) + " tokens"};
  }
  return tokenizer_json(vocabulary, {special.begin(), special.end()});
}

}  // namespace lyceum::model
