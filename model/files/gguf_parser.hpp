#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {

/// Fills a GgufFile from its bytes, front to back. Used once.
class GgufParser {
 public:
  explicit GgufParser(GgufFile& file) : file_(file), bytes_(file.bytes_) {}

  Result<void> parse();

 private:
  Result<void> parse_version();
  Result<void> parse_metadata(std::uint64_t count);
  Result<void> parse_tensors(std::uint64_t count);
  Result<GgufTensor> parse_tensor();
  Result<void> place_tensors();
  Result<void> place(GgufTensor& tensor, std::uint64_t data_begin) const;
  Result<void> check_overlaps() const;
  Result<std::uint64_t> alignment() const;

  Result<GgufValue> parse_value(GgufType type);
  Result<GgufArray> parse_array(int depth);
  Result<std::vector<GgufArray>> parse_arrays(std::uint64_t count, int depth);
  Result<std::vector<std::string_view>> parse_strings(std::uint64_t count);
  template <class Stored, class Wide>
  Result<std::vector<Wide>> parse_numbers(std::uint64_t count);
  Result<bool> parse_boolean();
  Result<GgufType> parse_type();
  Result<std::string_view> parse_string(std::string_view what, std::uint64_t size_bytes_max);
  template <class T>
  Result<T> read(std::string_view what);

  std::uint64_t remaining() const { return bytes_.size() - at_; }

  Error malformed(std::uint64_t offset, const std::string& expected) const;
  Error too_large(std::uint64_t offset, std::string_view what, std::uint64_t found, std::uint64_t max) const;
  Error at(Errc code, std::uint64_t offset, const std::string& text) const;

  GgufFile& file_;
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
  std::uint64_t num_array_elements_ = 0;
};

/// Text from a file, quoted for a message: cut, and without characters that a terminal would act on.
std::string quoted(std::string_view text);

}  // namespace lyceum::model
