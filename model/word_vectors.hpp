#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace lyceum::model {

class GgufFile;
class GgufHeader;

/// Which words mean alike: a vector for each word of a vocabulary, learned from plain text (`lyceum train
/// vectors`), a byte a number. Immutable and thread-safe.
class WordVectors {
 public:
  using Row = std::uint32_t;

  WordVectors() = default;
  WordVectors(WordVectors&&) noexcept = default;
  WordVectors& operator=(WordVectors&&) noexcept = default;
  ~WordVectors() = default;

  /// `values` are words.size() rows. invalid_argument when they do not make equal rows, for a word that
  /// stands there twice, or more than kMaxWords.
  static Result<WordVectors> make(std::vector<std::string> words, std::span<const float> values);
  /// Those of a model file; empty where it has none. malformed where they do not fit.
  static Result<WordVectors> from_gguf(const GgufFile& file);
  /// not_found, malformed.
  static Result<WordVectors> of_file_blocking(const std::string& path);

  void store(GgufHeader& header) const;

  bool empty() const { return words_.empty(); }

  std::size_t size() const { return words_.size(); }

  /// A word in lower case.
  std::optional<Row> find(std::string_view lower) const;
  /// The cosine of the angle between both vectors, -1..1.
  double similarity(Row a, Row b) const;

  std::size_t num_dimensions() const { return num_dimensions_; }

  /// Adds the word's vector, scaled to `length`, to `sum` of num_dimensions() numbers.
  void add_scaled(Row row, double length, std::span<double> sum) const;

 private:
  static Result<WordVectors> of_rows(std::vector<std::string> words, std::vector<std::int8_t> values);
  std::span<const std::int8_t> row(Row index) const;

  std::vector<std::string> words_{};
  std::size_t num_dimensions_ = 0;
  std::vector<std::int8_t> values_{};
  std::vector<float> inverse_lengths_{};
  std::unordered_map<std::string_view, Row> rows_{};  ///< Keys are `words_`
};

}  // namespace lyceum::model
