#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "model/files/quantized.hpp"

namespace lyceum::model {

inline constexpr std::uint64_t kMaxGgufMetadata = 65'536;
inline constexpr std::uint64_t kMaxGgufTensors = 1'048'576;
inline constexpr std::uint64_t kMaxGgufNameBytes = 65'535;
/// Of all arrays of a file together, nested ones included.
inline constexpr std::uint64_t kMaxGgufArrayElements = 32 * 1024 * 1024;
inline constexpr int kMaxGgufArrayDepth = 4;
inline constexpr std::uint32_t kMaxGgufDims = 4;
inline constexpr std::uint64_t kMaxGgufAlignment = 1024 * 1024;

/// The numbers are the file format's.
enum class GgufType : std::uint32_t {
  u8 = 0,
  i8 = 1,
  u16 = 2,
  i16 = 3,
  u32 = 4,
  i32 = 5,
  f32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  u64 = 10,
  i64 = 11,
  f64 = 12,
};

/// "u32", "string", …
std::string_view name_of(GgufType type);

/// Elements are widened to 64 bits; booleans are 0 or 1 among the unsigned. Texts point into the file.
struct GgufArray {
  GgufType element_type = GgufType::u8;
  std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>,
               std::vector<std::string_view>, std::vector<GgufArray>>
      elements{};

  std::size_t size() const;
};

struct GgufValue {
  GgufType type = GgufType::u8;
  std::uint64_t offset = 0;  ///< Of the value in the file, for messages.
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string_view, GgufArray> value{};
};

struct GgufTensor {
  std::string_view name{};
  TensorType type = TensorType::f32;
  std::uint32_t num_dims = 0;
  /// Fastest dimension first: shape[0] is the length of a row; dimensions beyond num_dims are 1.
  std::array<std::uint64_t, kMaxGgufDims> shape{1, 1, 1, 1};
  std::uint64_t offset = 0;  ///< Of the first byte in the file.
  /// The data in the mapping; empty for a type whose layout is not known.
  std::span<const std::byte> bytes{};

  std::uint64_t num_values() const { return shape[0] * shape[1] * shape[2] * shape[3]; }

  std::uint64_t num_rows() const { return shape[1] * shape[2] * shape[3]; }
};

class MappedFile;

/// A GGUF file (version 2 or 3, little endian), mapped read-only. All of the header is checked before it is
/// used: counts, lengths, alignment, and that tensors lie within the file and do not overlap. Errors
/// (malformed, too_large) name the file, the byte offset and what was expected there.
///
/// Texts, spans and pointers stay valid while the GgufFile lives, moves included. Immutable, so any number of
/// threads may read. A file that another process truncates while it is mapped ends this process (SIGBUS).
class GgufFile {
 public:
  /// not_found, io, malformed or too_large. Reads the header only.
  static Result<GgufFile> open_blocking(const std::string& path);
  /// The same with `name` for the path in messages.
  static Result<GgufFile> open_blocking(const std::string& path, const std::string& name);
  /// Over bytes that the caller keeps alive; `name` stands for the path in messages.
  static Result<GgufFile> parse(std::span<const std::byte> bytes, std::string name);

  GgufFile(GgufFile&&) noexcept;
  GgufFile& operator=(GgufFile&&) noexcept;
  ~GgufFile();

  const std::string& path() const { return path_; }

  std::uint32_t version() const { return version_; }

  std::uint64_t size_bytes() const { return bytes_.size(); }

  const std::map<std::string_view, GgufValue>& metadata() const { return metadata_; }

  bool has(std::string_view key) const { return metadata_.contains(key); }

  /// The value under `key`: not_found when it is missing, malformed when it has another type or does not fit.
  /// Any integer type will do for an integer, any number for a float.
  Result<std::uint32_t> get_u32(std::string_view key) const;
  Result<std::uint64_t> get_u64(std::string_view key) const;
  Result<float> get_f32(std::string_view key) const;
  Result<bool> get_bool(std::string_view key) const;
  Result<std::string_view> get_string(std::string_view key) const;
  /// The same with a value for a missing key; a wrong type stays an error.
  Result<std::uint32_t> get_u32_or(std::string_view key, std::uint32_t fallback) const;
  Result<float> get_f32_or(std::string_view key, float fallback) const;
  Result<bool> get_bool_or(std::string_view key, bool fallback) const;
  Result<std::string_view> get_string_or(std::string_view key, std::string_view fallback) const;
  /// Arrays of texts, of numbers and of integers.
  Result<std::span<const std::string_view>> get_strings(std::string_view key) const;
  Result<std::vector<float>> get_f32s(std::string_view key) const;
  Result<std::vector<std::int64_t>> get_integers(std::string_view key) const;
  /// One value a layer: an array of `num_layers` integers, or one integer that holds for every layer.
  Result<std::vector<std::uint32_t>> get_u32_per_layer(std::string_view key, std::uint32_t num_layers) const;

  /// In the file's order.
  const std::vector<GgufTensor>& tensors() const { return tensors_; }

  /// nullptr when there is none; it may have an unsupported type.
  const GgufTensor* find_tensor(std::string_view name) const;
  /// Borrowed from this. not_found, or unsupported with the type's name.
  Result<const GgufTensor*> tensor(std::string_view name) const;

 private:
  friend class GgufParser;
  GgufFile(std::string path, std::span<const std::byte> bytes);
  Result<const GgufValue*> value(std::string_view key) const;
  Error wrong_type(std::string_view key, const GgufValue& value, std::string_view expected) const;

  std::string path_;
  std::span<const std::byte> bytes_;
  std::unique_ptr<const MappedFile> mapping_{};
  std::uint32_t version_ = 0;
  std::map<std::string_view, GgufValue> metadata_{};
  std::vector<GgufTensor> tensors_{};
  std::map<std::string_view, std::size_t> tensor_indices_{};
};

}  // namespace lyceum::model
