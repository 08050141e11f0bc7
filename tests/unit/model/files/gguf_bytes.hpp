#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/files/gguf.hpp"

namespace lyceum::model {

/// Writes GGUF files, also broken ones, part by part.
class GgufBytes {
 public:
  template <class T>
  GgufBytes& number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    data_.append(bytes, sizeof(T));
    return *this;
  }

  GgufBytes& text(std::string_view value) {
    number<std::uint64_t>(value.size());
    data_ += value;
    return *this;
  }

  GgufBytes& header(std::uint64_t num_tensors, std::uint64_t num_metadata, std::uint32_t version = 3) {
    data_ += "GGUF";
    return number(version).number(num_tensors).number(num_metadata);
  }

  GgufBytes& key(std::string_view name, GgufType type) {
    return text(name).number(static_cast<std::uint32_t>(type));
  }

  GgufBytes& array(GgufType element_type, std::uint64_t count) {
    return number(static_cast<std::uint32_t>(element_type)).number(count);
  }

  GgufBytes& texts(std::string_view name, const std::vector<std::string>& all) {
    key(name, GgufType::array).array(GgufType::string, all.size());
    for (const std::string& each : all) text(each);
    return *this;
  }

  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& shape, TensorType type,
                    std::uint64_t offset) {
    text(name).number(static_cast<std::uint32_t>(shape.size()));
    for (const std::uint64_t dim : shape) number(dim);
    return number(static_cast<std::uint32_t>(type)).number(offset);
  }

  GgufBytes& pad(std::size_t alignment = 32) {
    while (data_.size() % alignment != 0) data_ += '\0';
    return *this;
  }

  GgufBytes& zeros(std::size_t count) {
    data_.append(count, '\0');
    return *this;
  }

  std::string data() const { return data_; }

 private:
  std::string data_{};
};

inline std::span<const std::byte> bytes_of(const std::string& data) {
  return std::as_bytes(std::span(data.data(), data.size()));
}

/// A small file with every kind of value and three tensors.
inline std::string small_gguf() {
  GgufBytes file;
  file.header(3, 14)
      .key("general.architecture", GgufType::string)
      .text("tiny")
      .key("a.u8", GgufType::u8)
      .number<std::uint8_t>(200)
      .key("a.i8", GgufType::i8)
      .number<std::int8_t>(-3)
      .key("a.u16", GgufType::u16)
      .number<std::uint16_t>(60'000)
      .key("a.i16", GgufType::i16)
      .number<std::int16_t>(-300)
      .key("a.u32", GgufType::u32)
      .number<std::uint32_t>(4'000'000'000)
      .key("a.i32", GgufType::i32)
      .number<std::int32_t>(-70'000)
      .key("a.f32", GgufType::f32)
      .number<float>(0.5F)
      .key("a.bool", GgufType::boolean)
      .number<std::uint8_t>(1)
      .key("a.u64", GgufType::u64)
      .number<std::uint64_t>(1ULL << 40U)
      .key("a.f64", GgufType::f64)
      .number<double>(0.25)
      .texts("a.texts", {"one", "", "three"})
      .key("a.integers", GgufType::array)
      .array(GgufType::i32, 3)
      .number<std::int32_t>(7)
      .number<std::int32_t>(8)
      .number<std::int32_t>(9)
      .key("a.nested", GgufType::array)
      .array(GgufType::array, 2)
      .array(GgufType::f32, 1)
      .number<float>(1.5F)
      .array(GgufType::string, 1)
      .text("deep")
      .tensor("first", {4, 2}, TensorType::f32, 0)
      .tensor("second", {32, 2}, TensorType::q8_0, 32)
      .tensor("third", {256}, static_cast<TensorType>(10), 128)
      .pad()
      .number<float>(1)
      .number<float>(2)
      .number<float>(3)
      .number<float>(4)
      .number<float>(5)
      .number<float>(6)
      .number<float>(7)
      .number<float>(8)
      .zeros(68 + 28 + 84);
  return file.data();
}

}  // namespace lyceum::model
