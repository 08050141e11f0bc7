#include "model/word_vectors.hpp"

#include <algorithm>
#include <cmath>

#include "model/files/gguf.hpp"
#include "model/files/gguf_writer.hpp"

namespace lyceum::model {
namespace {

constexpr const char* kWordsKey = "lyceum.words";
constexpr const char* kValuesKey = "lyceum.word_vectors";
constexpr std::size_t kMaxWords = 1U << 20U;
constexpr float kLargest = 127;

}  // namespace

Result<WordVectors> WordVectors::make(std::vector<std::string> words, std::span<const float> values) {
  if (words.empty() || values.size() % words.size() != 0)
    return Error{Errc::invalid_argument, "word vectors: the numbers do not make equal rows"};
  const std::size_t num_dimensions = values.size() / words.size();
  std::vector<std::int8_t> rounded;
  rounded.reserve(values.size());
  for (std::size_t begin = 0; begin < values.size(); begin += num_dimensions) {
    const auto row = values.subspan(begin, num_dimensions);
    float largest = 0;
    for (const float value : row) largest = std::max(largest, std::abs(value));
    const float scale = largest > 0 ? kLargest / largest : 0;
    for (const float value : row) rounded.push_back(static_cast<std::int8_t>(std::lround(value * scale)));
  }
  return of_rows(std::move(words), std::move(rounded));
}

Result<WordVectors> WordVectors::of_rows(std::vector<std::string> words, std::vector<std::int8_t> values) {
  if (words.empty() || words.size() > kMaxWords || values.size() % words.size() != 0)
    return Error{Errc::invalid_argument,
                 "word vectors: expected equal rows for 1 to 1,048,576 words, found " +
                     std::to_string(values.size()) + " numbers for " + std::to_string(words.size()) +
                     " words"};
  WordVectors vectors;
  vectors.num_dimensions_ = values.size() / words.size();
  vectors.words_ = std::move(words);
  vectors.values_ = std::move(values);
  for (std::size_t i = 0; i < vectors.words_.size(); ++i) {
    const auto index = static_cast<Row>(i);
    if (!vectors.rows_.emplace(vectors.words_[i], index).second)
      return Error{Errc::invalid_argument, "word vectors: \"" + vectors.words_[i] + "\" stands there twice"};
    double squares = 0;
    for (const std::int8_t value : vectors.row(index)) squares += static_cast<double>(value) * value;
    vectors.inverse_lengths_.push_back(squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 0);
  }
  return vectors;
}

Result<WordVectors> WordVectors::from_gguf(const GgufFile& file) {
  if (!file.has(kWordsKey)) return WordVectors();
  TRY(const auto texts, file.get_strings(kWordsKey));
  TRY(const auto numbers, file.get_integers(kValuesKey));
  std::vector<std::int8_t> values;
  values.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    if (number < -128 || number > 127)
      return Error{Errc::malformed, file.path() + ": " + kValuesKey + ": expected numbers of one byte"};
    values.push_back(static_cast<std::int8_t>(number));
  }
  auto vectors = of_rows({texts.begin(), texts.end()}, std::move(values));
  if (!vectors) return Error{Errc::malformed, file.path() + ": " + vectors.error().message};
  return vectors;
}

Result<WordVectors> WordVectors::of_file_blocking(const std::string& path) {
  TRY(const GgufFile file, GgufFile::open_blocking(path));
  return from_gguf(file);
}

void WordVectors::store(GgufHeader& header) const {
  header.set_strings(kWordsKey, words_);
  header.set_i8s(kValuesKey, values_);
}

std::optional<WordVectors::Row> WordVectors::find(std::string_view lower) const {
  const auto found = rows_.find(lower);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

std::span<const std::int8_t> WordVectors::row(Row index) const {
  return std::span(values_).subspan(index * num_dimensions_, num_dimensions_);
}

double WordVectors::similarity(Row a, Row b) const {
  const auto left = row(a);
  const auto right = row(b);
  int sum = 0;
  for (std::size_t i = 0; i < left.size(); ++i) sum += left[i] * right[i];
  return static_cast<double>(static_cast<float>(sum) * inverse_lengths_[a] * inverse_lengths_[b]);
}

void WordVectors::add_scaled(Row index, double length, std::span<double> sum) const {
  const double scale = length * static_cast<double>(inverse_lengths_[index]);
  const auto values = row(index);
  for (std::size_t i = 0; i < values.size(); ++i) sum[i] += scale * values[i];
}

}  // namespace lyceum::model
