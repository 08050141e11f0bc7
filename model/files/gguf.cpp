#include "model/files/gguf.hpp"

#include <cmath>
#include <optional>
#include <utility>

#include "model/files/gguf_parser.hpp"
#include "model/files/mapped_file.hpp"

namespace lyceum::model {
namespace {

template <class T>
std::optional<T> integer_of(const GgufValue& value) {
  if (const auto* number = std::get_if<std::uint64_t>(&value.value); number && std::in_range<T>(*number))
    return static_cast<T>(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value.value); number && std::in_range<T>(*number))
    return static_cast<T>(*number);
  return std::nullopt;
}

std::optional<float> float_of(const GgufValue& value) {
  if (const auto* number = std::get_if<double>(&value.value)) return static_cast<float>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value.value)) return static_cast<float>(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value.value)) return static_cast<float>(*number);
  return std::nullopt;
}

}  // namespace

std::string_view name_of(GgufType type) {
  switch (type) {
    case GgufType::u8:
      return "u8";
    case GgufType::i8:
      return "i8";
    case GgufType::u16:
      return "u16";
    case GgufType::i16:
      return "i16";
    case GgufType::u32:
      return "u32";
    case GgufType::i32:
      return "i32";
    case GgufType::f32:
      return "f32";
    case GgufType::boolean:
      return "boolean";
    case GgufType::string:
      return "string";
    case GgufType::array:
      return "array";
    case GgufType::u64:
      return "u64";
    case GgufType::i64:
      return "i64";
    case GgufType::f64:
      return "f64";
  }
  return "unknown";
}

std::size_t GgufArray::size() const {
  return std::visit([](const auto& all) { return all.size(); }, elements);
}

GgufFile::GgufFile(std::string path, std::span<const std::byte> bytes)
    : path_(std::move(path)), bytes_(bytes) {}

GgufFile::GgufFile(GgufFile&&) noexcept = default;
GgufFile& GgufFile::operator=(GgufFile&&) noexcept = default;
GgufFile::~GgufFile() = default;

Result<GgufFile> GgufFile::open_blocking(const std::string& path) {
  return open_blocking(path, path);
}

Result<GgufFile> GgufFile::open_blocking(const std::string& path, const std::string& name) {
  TRY(auto mapping, MappedFile::open_blocking(path));
  TRY(GgufFile file, parse(mapping->bytes(), name));
  file.mapping_ = std::move(mapping);
  return file;
}

Result<GgufFile> GgufFile::parse(std::span<const std::byte> bytes, std::string name) {
  GgufFile file(std::move(name), bytes);
  TRY_OK(GgufParser(file).parse());
  return file;
}

Error GgufFile::wrong_type(std::string_view key, const GgufValue& value, std::string_view expected) const {
  std::string found(name_of(value.type));
  if (const auto* array = std::get_if<GgufArray>(&value.value)) {
    found += " of " + std::to_string(array->size()) + " " + std::string(name_of(array->element_type));
  } else if (const auto* number = std::get_if<std::uint64_t>(&value.value)) {
    found += " " + std::to_string(*number);
  } else if (const auto* signed_number = std::get_if<std::int64_t>(&value.value)) {
    found += " " + std::to_string(*signed_number);
  }
  return {Errc::malformed, path_ + ": byte " + std::to_string(value.offset) + ": expected " +
                               std::string(key) + " to be " + std::string(expected) + ", found " + found};
}

Result<const GgufValue*> GgufFile::value(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return Error{Errc::not_found, path_ + ": no metadata entry " + quoted(key)};
  return &found->second;
}

Result<std::uint32_t> GgufFile::get_u32(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto number = integer_of<std::uint32_t>(*found)) return *number;
  return wrong_type(key, *found, "an integer that fits u32");
}

Result<std::uint64_t> GgufFile::get_u64(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto number = integer_of<std::uint64_t>(*found)) return *number;
  return wrong_type(key, *found, "an integer that fits u64");
}

Result<float> GgufFile::get_f32(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  const auto number = float_of(*found);
  if (!number) return wrong_type(key, *found, "a number");
  if (!std::isfinite(*number)) return wrong_type(key, *found, "a finite number");
  return *number;
}

Result<bool> GgufFile::get_bool(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto* flag = std::get_if<bool>(&found->value)) return *flag;
  return wrong_type(key, *found, "a boolean");
}

Result<std::string_view> GgufFile::get_string(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto* text = std::get_if<std::string_view>(&found->value)) return *text;
  return wrong_type(key, *found, "a string");
}

Result<std::uint32_t> GgufFile::get_u32_or(std::string_view key, std::uint32_t fallback) const {
  return has(key) ? get_u32(key) : fallback;
}

Result<float> GgufFile::get_f32_or(std::string_view key, float fallback) const {
  return has(key) ? get_f32(key) : fallback;
}

Result<bool> GgufFile::get_bool_or(std::string_view key, bool fallback) const {
  return has(key) ? get_bool(key) : fallback;
}

Result<std::string_view> GgufFile::get_string_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? get_string(key) : fallback;
}

Result<std::span<const std::string_view>> GgufFile::get_strings(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto* array = std::get_if<GgufArray>(&found->value)) {
    if (const auto* texts = std::get_if<std::vector<std::string_view>>(&array->elements))
      return std::span<const std::string_view>(*texts);
  }
  return wrong_type(key, *found, "an array of strings");
}

Result<std::vector<float>> GgufFile::get_f32s(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  const auto* array = std::get_if<GgufArray>(&found->value);
  const auto* numbers = array != nullptr ? std::get_if<std::vector<double>>(&array->elements) : nullptr;
  if (numbers == nullptr) return wrong_type(key, *found, "an array of floats");
  std::vector<float> out;
  out.reserve(numbers->size());
  for (const double number : *numbers) out.push_back(static_cast<float>(number));
  return out;
}

Result<std::vector<std::int64_t>> GgufFile::get_integers(std::string_view key) const {
  TRY(const GgufValue* found, value(key));
  if (const auto* array = std::get_if<GgufArray>(&found->value)) {
    if (const auto* numbers = std::get_if<std::vector<std::int64_t>>(&array->elements)) return *numbers;
    if (const auto* numbers = std::get_if<std::vector<std::uint64_t>>(&array->elements)) {
      std::vector<std::int64_t> out;
      out.reserve(numbers->size());
      for (const std::uint64_t number : *numbers) {
        if (!std::in_range<std::int64_t>(number))
          return wrong_type(key, *found, "an array of integers that fit i64");
        out.push_back(static_cast<std::int64_t>(number));
      }
      return out;
    }
  }
  return wrong_type(key, *found, "an array of integers");
}

Result<std::vector<std::uint32_t>> GgufFile::get_u32_per_layer(std::string_view key,
                                                               std::uint32_t num_layers) const {
  TRY(const GgufValue* found, value(key));
  if (found->type != GgufType::array) {
    TRY(const std::uint32_t number, get_u32(key));
    return std::vector<std::uint32_t>(num_layers, number);
  }
  TRY(const auto numbers, get_integers(key));
  std::vector<std::uint32_t> out;
  for (const std::int64_t number : numbers) {
    if (std::in_range<std::uint32_t>(number)) out.push_back(static_cast<std::uint32_t>(number));
  }
  if (numbers.size() != num_layers || out.size() != num_layers) {
    return wrong_type(key, *found, "an array of " + std::to_string(num_layers) + " integers that fit u32");
  }
  return out;
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = tensor_indices_.find(name);
  return found == tensor_indices_.end() ? nullptr : &tensors_[found->second];
}

Result<const GgufTensor*> GgufFile::tensor(std::string_view name) const {
  const GgufTensor* found = find_tensor(name);
  if (found == nullptr) return Error{Errc::not_found, path_ + ": no tensor " + quoted(name)};
  if (!is_supported(found->type)) {
    return Error{Errc::unsupported, path_ + ": byte " + std::to_string(found->offset) + ": tensor " +
                                        quoted(name) + " has type " + name_of(found->type) +
                                        "; expected F32, F16, BF16, Q8_0, Q4_0, Q4_K, Q5_K or Q6_K"};
  }
  return found;
}

}  // namespace lyceum::model
