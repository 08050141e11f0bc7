#include <cstdint>
#include <vector>

#include "base/check.hpp"
#include "model/files/gguf.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {
namespace {

constexpr std::uint64_t kMaxRowValues = 4096;

/// Every byte of a view can be read, and a row can be dequantised or is refused.
void read_tensor(const GgufFile& file, const GgufTensor& tensor) {
  LYCEUM_CHECK(tensor.offset + tensor.bytes.size() <= file.size_bytes());
  LYCEUM_CHECK(file.find_tensor(tensor.name) == &tensor);
  if (!file.tensor(tensor.name) || tensor.shape[0] > kMaxRowValues) return;
  const auto row_bytes = row_size_bytes(tensor.type, tensor.shape[0]);
  LYCEUM_CHECK(row_bytes && *row_bytes * tensor.num_rows() == tensor.bytes.size());
  std::vector<float> values(tensor.shape[0]);
  LYCEUM_CHECK(dequantize_row(tensor.type, tensor.bytes.last(*row_bytes), values).has_value());
}

void read_metadata(const GgufFile& file) {
  for (const auto& [key, value] : file.metadata()) {
    (void)file.get_u32(key).has_value();
    (void)file.get_f32s(key).has_value();
    (void)file.get_integers(key).has_value();
    (void)file.get_strings(key).has_value();
    (void)file.get_u32_per_layer(key, 3).has_value();
  }
}

void encode_with(const GgufFile& file) {
  const auto tokenizer = Tokenizer::from_gguf(file);
  if (!tokenizer) return;
  const auto tokens = tokenizer->encode("The \xFF answer's 1234 <|end|>\n\n", {true, true});
  LYCEUM_CHECK(tokens.has_value());
  for (const TokenId token : *tokens) {
    LYCEUM_CHECK(token >= 0 && static_cast<std::size_t>(token) < tokenizer->vocab_size());
  }
  (void)tokenizer->decode(*tokens, true);
}

}  // namespace
}  // namespace lyceum::model

/// Any bytes as a GGUF file: an error that says where, or a file all of whose parts can be used.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  const auto file = GgufFile::parse(std::as_bytes(std::span(data, size)), "fuzz");
  if (!file) {
    LYCEUM_CHECK(file.error().message.starts_with("fuzz: byte "));
    return 0;
  }
  for (const GgufTensor& tensor : file->tensors()) read_tensor(*file, tensor);
  read_metadata(*file);
  encode_with(*file);
  return 0;
}
