#include "model/training/token_vectors.hpp"

#include <cmath>

#include "model/files/gguf.hpp"
#include "model/files/gguf_writer.hpp"

namespace lyceum::model {
namespace {

constexpr const char* kValuesKey = "lyceum.token_vectors";
constexpr const char* kDimensionsKey = "lyceum.token_vectors.dimensions";
/// Below this nothing was learned (see skip_gram.hpp).
constexpr double kLeastLength = 0.1;
/// Of what stands in the dimensions that no vector fills.
constexpr float kRandomShare = 0.4F;

double length_of(std::span<const float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * value;
  return std::sqrt(squares);
}

}  // namespace

void TokenVectors::store(GgufHeader& header) const {
  header.set_u32(kDimensionsKey, static_cast<std::uint32_t>(num_dimensions));
  header.set_f32s(kValuesKey, values);
}

Result<TokenVectors> TokenVectors::of_file_blocking(const std::string& path) {
  TRY(const GgufFile file, GgufFile::open_blocking(path));
  TokenVectors vectors;
  TRY(vectors.num_dimensions, file.get_u32(kDimensionsKey));
  TRY(vectors.values, file.get_f32s(kValuesKey));
  if (vectors.num_dimensions == 0 || vectors.values.size() % vectors.num_dimensions != 0)
    return Error{Errc::malformed,
                 path + ": " + kValuesKey + ": expected rows of " + kDimensionsKey + " numbers"};
  return vectors;
}

void centre_rows(std::size_t num_dimensions, std::span<float> rows) {
  std::vector<double> mean(num_dimensions, 0);
  const auto num_rows = static_cast<double>(rows.size() / num_dimensions);
  for (std::size_t i = 0; i < rows.size(); ++i)
    mean[i % num_dimensions] += static_cast<double>(rows[i]) / num_rows;
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] -= static_cast<float>(mean[i % num_dimensions]);
}

Result<void> begin_with_vectors(const TokenVectors& vectors, const DecoderShape& shape,
                                std::span<float> parameters) {
  const std::size_t width = vectors.num_dimensions;
  if (vectors.values.size() != shape.vocabulary_size * width || width > shape.num_hidden) {
    return Error{Errc::invalid_argument,
                 "vectors: " + std::to_string(vectors.values.size() / std::max<std::size_t>(width, 1)) +
                     " of " + std::to_string(width) + " dimensions do not fit a vocabulary of " +
                     std::to_string(shape.vocabulary_size) + " and " + std::to_string(shape.num_hidden) +
                     " hidden dimensions"};
  }
  std::vector<float> centred = vectors.values;
  centre_rows(width, centred);
  const ParameterLayout layout(shape);
  for (std::size_t token = 0; token < shape.vocabulary_size; ++token) {
    if (length_of(std::span(vectors.values).subspan(token * width, width)) < kLeastLength) continue;
    const auto row = std::span(centred).subspan(token * width, width);
    const auto embedding =
        parameters.subspan(layout.embedding() + token * shape.num_hidden, shape.num_hidden);
    const auto scale = static_cast<float>(length_of(embedding) / length_of(row));
    for (std::size_t i = 0; i < width; ++i) embedding[i] = row[i] * scale;
    for (float& value : embedding.subspan(width)) value *= kRandomShare;
  }
  return ok();
}

}  // namespace lyceum::model
