#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/files/gguf_writer.hpp"

namespace lyceum::model {

/// A tensor of a source file as part of one of the model's.
struct TensorPart {
  const GgufTensor* tensor = nullptr;
  /// Not 0: the rows of each head come in two halves that turn together; in the model, the two of a pair
  /// stand side by side.
  std::uint64_t num_heads_in_halves = 0;
};

/// One tensor of the model: the rows of its parts, one after another. All parts have equally many.
struct SourceTensor {
  std::string name{};                  ///< As in GGUF files
  std::vector<std::uint64_t> shape{};  ///< Fastest dimension first
  std::vector<TensorPart> parts{};

  std::uint64_t num_rows() const;
  /// True when all parts have this type and no row moves: its bytes can be copied.
  bool is_plain(TensorType type) const;
  /// Writes the values of the rows from `first_row` on; `values` is a whole number of rows.
  Result<void> read_rows(std::uint64_t first_row, std::span<float> values) const;
};

/// A model to be written as GGUF, whatever files it lies in: its metadata in GGUF's words and its tensors,
/// which are read from the mapped files when they are asked for. Immutable.
struct SourceModel {
  std::string path{};
  GgufHeader metadata{};  ///< Without tensors
  std::uint32_t num_layers = 0;
  std::vector<SourceTensor> tensors{};
  std::uint64_t size_bytes = 0;         ///< Of the tensors, as they are
  std::shared_ptr<const void> files{};  ///< Owns what the parts point to; shared by copies of this
};

/// A GGUF file, or a folder with config.json, tokenizer.json and safetensors files. Errors as
/// GgufFile::open_blocking and open_hugging_face_blocking.
Result<SourceModel> open_source_model_blocking(const std::string& path);

}  // namespace lyceum::model
