#include <cstdint>

#include "base/check.hpp"
#include "model/files/safetensors.hpp"

/// Any bytes as a safetensors file: an error that says where, or tensors that lie within the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  const auto file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), "fuzz");
  if (!file) {
    LYCEUM_CHECK(file.error().message.starts_with("fuzz: byte "));
    return 0;
  }
  for (const auto& [name, tensor] : file->tensors()) {
    LYCEUM_CHECK(tensor.name == name && tensor.offset + tensor.bytes.size() <= size);
    const auto row_bytes = row_size_bytes(tensor.type, tensor.shape[0]);
    LYCEUM_CHECK(row_bytes && *row_bytes * tensor.num_rows() == tensor.bytes.size());
  }
  return 0;
}
