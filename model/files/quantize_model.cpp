#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>

#include <sys/mman.h>
#include <unistd.h>

#include "model/files/gguf_parser.hpp"
#include "model/files/gguf_writer.hpp"
#include "model/files/model_file.hpp"
#include "model/files/quantization_mix.hpp"
#include "model/files/quantize.hpp"
#include "model/files/source_model.hpp"
#include "model/quantize.hpp"

namespace lyceum::model {
namespace {

/// Values in memory at a time, all threads together.
constexpr std::uint64_t kChunkValues = 4 * 1024 * 1024;
constexpr unsigned kMaxThreads = 64;

/// Quantises rows of a tensor; each thread has some of them.
class RowQuantizer {
 public:
  RowQuantizer(const SourceTensor& tensor, TensorType type, std::uint64_t row_bytes)
      : tensor_(tensor), type_(type), row_bytes_(row_bytes) {}

  Result<std::vector<std::byte>> rows_blocking(std::uint64_t first_row, std::uint64_t num_rows) const {
    std::vector<std::byte> bytes(num_rows * row_bytes_);
    const std::uint64_t num_threads =
        std::clamp<std::uint64_t>(std::min(std::thread::hardware_concurrency(), kMaxThreads), 1, num_rows);
    std::vector<std::optional<Error>> errors(num_threads);
    {
      std::vector<std::jthread> threads;
      for (std::uint64_t i = 0; i < num_threads; ++i) {
        const std::uint64_t begin = num_rows * i / num_threads;
        const std::uint64_t end = num_rows * (i + 1) / num_threads;
        const auto part = std::span(bytes).subspan(begin * row_bytes_, (end - begin) * row_bytes_);
        threads.emplace_back([this, &errors, i, part, row = first_row + begin] {
          if (const auto done = quantize(row, part); !done) errors[i] = done.error();
        });
      }
    }
    for (const auto& error : errors) {
      if (error) return *error;
    }
    return bytes;
  }

 private:
  Result<void> quantize(std::uint64_t first_row, std::span<std::byte> bytes) const {
    std::vector<float> values(tensor_.shape[0]);
    for (std::uint64_t i = 0; i < bytes.size() / row_bytes_; ++i) {
      TRY_OK(tensor_.read_rows(first_row + i, values));
      TRY_OK(quantize_row(type_, values, bytes.subspan(i * row_bytes_, row_bytes_)));
    }
    return ok();
  }

  const SourceTensor& tensor_;
  TensorType type_;
  std::uint64_t row_bytes_;
};

Result<void> write_tensor_blocking(const SourceTensor& tensor, TensorType type, GgufWriter& writer) {
  if (tensor.is_plain(type)) {
    for (const TensorPart& part : tensor.parts) TRY_OK(writer.write_bytes_blocking(part.tensor->bytes));
    return ok();
  }
  TRY(const std::uint64_t row_bytes, row_size_bytes(type, tensor.shape[0]));
  const RowQuantizer quantizer(tensor, type, row_bytes);
  const std::uint64_t step = std::max<std::uint64_t>(1, kChunkValues / tensor.shape[0]);
  for (std::uint64_t row = 0; row < tensor.num_rows(); row += step) {
    const auto bytes = quantizer.rows_blocking(row, std::min(step, tensor.num_rows() - row));
    if (!bytes) {
      return Error{bytes.error().code, "tensor " + model::quoted(tensor.name) + ", rows from " +
                                           std::to_string(row) + ": " + bytes.error().message};
    }
    TRY_OK(writer.write_bytes_blocking(*bytes));
  }
  return ok();
}

bool is_exact(TensorType type) {
  return type == TensorType::f32 || type == TensorType::f16 || type == TensorType::bf16;
}

/// The header of the output; counts into the report.
GgufHeader plan(const SourceModel& source, const QuantizationMix& mix, QuantizeReport& report) {
  GgufHeader header = source.metadata;
  header.set_u32("general.file_type", mix.file_type);
  header.set_u32("general.quantization_version", 2);
  const auto is_output = [](const SourceTensor& tensor) { return tensor.name == "output.weight"; };
  const MixPlace place{.num_layers = source.num_layers,
                       .has_output = std::ranges::any_of(source.tensors, is_output)};
  std::map<TensorType, TypeShare> shares;
  for (const SourceTensor& tensor : source.tensors) {
    const TensorType type = type_in_mix(mix, tensor.name, tensor.shape, place);
    const std::uint64_t num_values = tensor.num_rows() * tensor.shape[0];
    const BlockLayout layout = block_layout(type);
    TypeShare& share = shares[type];
    ++share.num_tensors;
    share.num_parameters += num_values;
    share.size_bytes += num_values / layout.num_values * layout.size_bytes;
    const bool fits = tensor.shape[0] % block_layout(mix.type).num_values == 0;
    if (!fits && type != TensorType::f32) ++report.num_fallbacks;
    const TensorType found = tensor.parts.front().tensor->type;
    if (!is_exact(found) && found != type) ++report.num_requantized;
    header.add_tensor(tensor.name, tensor.shape, type);
  }
  for (auto& [type, share] : shares) {
    share.type = name_of(type);
    share.is_supported = true;
    report.types.push_back(share);
  }
  std::ranges::sort(report.types, [](const TypeShare& a, const TypeShare& b) {
    return std::tie(b.size_bytes, a.type) < std::tie(a.size_bytes, b.type);
  });
  return header;
}

Result<void> write_tensors_blocking(const SourceModel& source, const GgufHeader& header, GgufWriter& writer) {
  for (std::size_t i = 0; i < source.tensors.size(); ++i) {
    const auto done = write_tensor_blocking(source.tensors[i], header.tensors()[i].type, writer);
    if (!done) return Error{done.error().code, source.path + ": " + done.error().message};
  }
  return writer.finish_blocking();
}

/// The exact type that the first matrix has.
std::string_view type_of_weights(const SourceModel& source) {
  for (const SourceTensor& tensor : source.tensors) {
    if (tensor.shape.size() < 2) continue;
    const TensorType type = tensor.parts.front().tensor->type;
    return type == TensorType::f16 ? "f16" : type == TensorType::bf16 ? "bf16" : "f32";
  }
  return "f32";
}

/// A file without a name, in memory, which goes with its last mapping.
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("model", MFD_CLOEXEC)) {}

  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  ~MemoryFile() {
    if (file_ >= 0) ::close(file_);
  }

  int number() const { return file_; }

  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

}  // namespace

std::string quantization_types() {
  return mix_names();
}

Result<QuantizeReport> quantize_model_blocking(const QuantizeRequest& request) {
  TRY(const QuantizationMix mix, find_mix(request.type));
  TRY(const SourceModel source, open_source_model_blocking(request.input));
  QuantizeReport report{.input_bytes = source.size_bytes};
  const GgufHeader header = plan(source, mix, report);
  TRY(GgufWriter writer,
      GgufWriter::create_blocking(request.output, header, {.may_replace = request.may_replace}));
  TRY_OK(write_tensors_blocking(source, header, writer));
  report.output_bytes = writer.size_bytes();
  return report;
}

Result<GgufFile> open_model_file_blocking(const std::string& path, std::string_view type) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return GgufFile::open_blocking(path);
  TRY(const SourceModel source, open_source_model_blocking(path));
  TRY(const QuantizationMix mix, find_mix(type.empty() ? type_of_weights(source) : type));
  QuantizeReport report;
  const GgufHeader header = plan(source, mix, report);
  const MemoryFile memory;
  if (memory.number() < 0)
    return Error{Errc::io, path + ": no memory file: " + std::generic_category().message(errno)};
  TRY(GgufWriter writer, GgufWriter::write_to_blocking(memory.number(), path, header));
  TRY_OK(write_tensors_blocking(source, header, writer));
  return GgufFile::open_blocking(memory.path(), path);
}

}  // namespace lyceum::model
