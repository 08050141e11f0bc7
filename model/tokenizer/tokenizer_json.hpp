#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/files/gguf_writer.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

inline constexpr std::size_t kMaxTokenizerJsonBytes = 128 * 1024 * 1024;

/// Sets tokenizer.ggml.* from a Hugging Face tokenizer.json: byte-level pairs with a pre-tokenizer that
/// PreTokenizer knows, recognised by its patterns; pairs of SentencePiece pieces with bytes as fallback; or
/// unigrams (Metaspace; Precompiled maps, Unicode's forms and the removal of extra blanks are applied).
/// Where the text has the ids of fewer than `num_tokens_min` tokens, unused ones fill up. <|end|> and <|pad|>
/// are the end and the padding token when they are there. Of byte-level pairs NFC is not applied, as other
/// programs that read GGUF files do not apply it. Returns the number of tokens, the unused ones among
/// them. malformed and unsupported name `path` and the field.
Result<std::size_t> set_tokenizer_metadata(const Json& tokenizer, const std::string& path, GgufHeader& header,
                                           std::size_t num_tokens_min = 0);

/// The same from the text of such a file; `path` stands for its name.
Result<Tokenizer> tokenizer_from_json(std::string_view text, const std::string& path);

/// The tokenizer of such a file, or of a GGUF file (by its name's end). Errors: those of reading; as above.
Result<Tokenizer> open_tokenizer_blocking(const std::string& path);

}  // namespace lyceum::model
