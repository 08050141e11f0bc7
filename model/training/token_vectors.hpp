#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/training/decoder_shape.hpp"

namespace lyceum::model {

class GgufHeader;

/// A vector for each token of a vocabulary, learned from its neighbours (`lyceum train vectors`): what a
/// decoder's embedding begins with, so that words of like meaning are near each other from the first step.
struct TokenVectors {
  std::size_t num_dimensions = 0;
  std::vector<float> values{};

  void store(GgufHeader& header) const;
  /// not_found, malformed.
  static Result<TokenVectors> of_file_blocking(const std::string& path);
};

/// Puts the vectors, as long as a random row is, into the first dimensions of the embedding's rows; what was
/// there in the others becomes smaller. Tokens that no text holds keep their random rows. invalid_argument
/// where the vocabulary or the number of dimensions does not fit.
Result<void> begin_with_vectors(const TokenVectors& vectors, const DecoderShape& shape,
                                std::span<float> parameters);

/// Takes the mean of all rows away from each: what all have in common says nothing of one.
void centre_rows(std::size_t num_dimensions, std::span<float> rows);

}  // namespace lyceum::model
