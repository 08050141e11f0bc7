#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {

inline constexpr std::uint64_t kGgufWriterAlignment = 32;

/// What stands before the data of a GGUF file (version 3, little endian): metadata, in the order in which it
/// was first set, and the list of tensors.
class GgufHeader {
 public:
  struct Tensor {
    std::string name{};
    std::vector<std::uint64_t> shape{};  ///< Fastest dimension first
    TensorType type = TensorType::f32;
  };

  /// A second value under a key takes the first one's place.
  void set_u32(std::string_view key, std::uint32_t value);
  void set_f32(std::string_view key, float value);
  void set_bool(std::string_view key, bool value);
  void set_string(std::string_view key, std::string_view value);
  void set_strings(std::string_view key, std::span<const std::string> values);
  void set_f32s(std::string_view key, std::span<const float> values);
  void set_i8s(std::string_view key, std::span<const std::int8_t> values);
  void set_i32s(std::string_view key, std::span<const std::int32_t> values);
  /// A value read from another file, of any type. general.alignment is left out: it is that file's.
  void set(std::string_view key, const GgufValue& value);

  bool has(std::string_view key) const;

  /// A file with the metadata alone, in memory.
  std::string metadata_bytes() const;

  /// The data is written in the order of these calls.
  void add_tensor(std::string name, std::vector<std::uint64_t> shape, TensorType type);

  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  friend class GgufWriter;
  std::string front_bytes() const;
  void store(std::string_view key, GgufType type, std::string value);

  /// Key, and the value as it stands in the file, type included.
  std::vector<std::pair<std::string, std::string>> metadata_{};
  std::vector<Tensor> tensors_{};
};

/// Writes one GGUF file front to back, holding no more of it than a buffer. The bytes go into a temporary
/// file beside the target, which `finish_blocking` renames: the target is whole or not there. Without
/// `finish_blocking` the destructor removes the temporary file. One thread at a time.
///
///   GgufHeader header;
///   header.set_string("general.architecture", "qwen3moe");
///   header.add_tensor("token_embd.weight", {256, 8192}, TensorType::q8_0);
///   TRY(GgufWriter writer, GgufWriter::create_blocking("model.gguf", header));
///   TRY_OK(writer.write_values_blocking(embedding));
///   TRY_OK(writer.finish_blocking());
class GgufWriter {
 public:
  struct Options {
    bool may_replace = false;  ///< A file under the target's name
  };

  /// conflict when the target exists and may not be replaced; invalid_argument for a tensor without a name,
  /// twice, of a shape that its type does not permit, or without a type that this engine computes with; io.
  static Result<GgufWriter> create_blocking(const std::string& path, const GgufHeader& header,
                                            Options options);

  static Result<GgufWriter> create_blocking(const std::string& path, const GgufHeader& header) {
    return create_blocking(path, header, Options{});
  }

  /// The same into a file that is already open and that the caller keeps: written from its beginning, nothing
  /// is renamed. `name` stands for the path in messages.
  static Result<GgufWriter> write_to_blocking(int file_descriptor, const std::string& name,
                                              const GgufHeader& header);

  GgufWriter(GgufWriter&&) noexcept;
  GgufWriter& operator=(GgufWriter&&) noexcept;
  ~GgufWriter();

  /// The next values of the tensor that is being written, in whole rows; quantised into its type. The tensor
  /// after it begins when it is complete. invalid_argument for more than it holds, and as quantize_row; io.
  Result<void> write_values_blocking(std::span<const float> values);
  /// The same with the bytes of its type.
  Result<void> write_bytes_blocking(std::span<const std::byte> bytes);
  /// Puts the file into its place, on the disk. invalid_argument when data is missing; io.
  Result<void> finish_blocking();

  /// Of the whole file when all is written.
  std::uint64_t size_bytes() const;

 private:
  struct State;
  explicit GgufWriter(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace lyceum::model
