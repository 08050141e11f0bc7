#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "model/tokenizer/tokenizer_json.hpp"

/// Any bytes as tokenizer.json: an error that names the file, or a tokenizer whose tokens lie in its
/// vocabulary.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  const void* text = data;
  const auto tokenizer = tokenizer_from_json({static_cast<const char*>(text), size}, "fuzz");
  if (!tokenizer) {
    LYCEUM_CHECK(tokenizer.error().message.starts_with("fuzz: "));
    return 0;
  }
  const auto tokens = tokenizer->encode("The \xFF answer's 1234 <|end|>\n\n", {true, true});
  LYCEUM_CHECK(tokens.has_value());
  for (const TokenId token : *tokens)
    LYCEUM_CHECK(token >= 0 && static_cast<std::size_t>(token) < tokenizer->vocab_size());
  (void)tokenizer->decode(*tokens, true);
  return 0;
}
