#include "model/files/source_model.hpp"

#include <algorithm>
#include <filesystem>

#include "model/files/hugging_face.hpp"

namespace lyceum::model {
namespace {

/// Where row `row` of a part in the model's order stands in the file.
std::uint64_t stored_row(const TensorPart& part, std::uint64_t row) {
  if (part.num_heads_in_halves == 0) return row;
  const std::uint64_t head_rows = part.tensor->num_rows() / part.num_heads_in_halves;
  const std::uint64_t in_head = row % head_rows;
  return row - in_head + in_head % 2 * (head_rows / 2) + in_head / 2;
}

Result<SourceModel> open_gguf_blocking(const std::string& path) {
  TRY(GgufFile opened, GgufFile::open_blocking(path));
  const auto file = std::make_shared<const GgufFile>(std::move(opened));
  SourceModel source{.path = path, .files = file};
  for (const auto& [key, value] : file->metadata()) source.metadata.set(key, value);
  TRY(const auto architecture, file->get_string("general.architecture"));
  TRY(source.num_layers, file->get_u32(std::string(architecture) + ".block_count"));
  for (const GgufTensor& each : file->tensors()) {
    TRY(const GgufTensor* const tensor, file->tensor(each.name));
    source.tensors.push_back({.name = std::string(tensor->name),
                              .shape = {tensor->shape.begin(), tensor->shape.begin() + tensor->num_dims},
                              .parts = {{.tensor = tensor}}});
    source.size_bytes += tensor->bytes.size();
  }
  return source;
}

}  // namespace

std::uint64_t SourceTensor::num_rows() const {
  return parts.size() * parts.front().tensor->num_rows();
}

bool SourceTensor::is_plain(TensorType type) const {
  return std::ranges::all_of(parts, [type](const TensorPart& part) {
    return part.tensor->type == type && part.num_heads_in_halves == 0;
  });
}

Result<void> SourceTensor::read_rows(std::uint64_t first_row, std::span<float> values) const {
  const std::uint64_t row_values = shape[0];
  const std::uint64_t part_rows = parts.front().tensor->num_rows();
  for (std::uint64_t i = 0; i < values.size() / row_values; ++i) {
    const TensorPart& part = parts[(first_row + i) / part_rows];
    const std::uint64_t row_bytes = part.tensor->bytes.size() / part_rows;
    const std::uint64_t row = stored_row(part, (first_row + i) % part_rows);
    TRY_OK(dequantize_row(part.tensor->type, part.tensor->bytes.subspan(row * row_bytes, row_bytes),
                          values.subspan(i * row_values, row_values)));
  }
  return ok();
}

Result<SourceModel> open_source_model_blocking(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? open_hugging_face_blocking(path)
                                                      : open_gguf_blocking(path);
}

}  // namespace lyceum::model
