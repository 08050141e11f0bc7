#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/files/gguf_writer.hpp"

namespace lyceum::model {

/// Sets the keys that say what happens to a text before a unigram vocabulary's pieces are found in it:
/// Precompiled maps, Unicode's forms, the removal of extra blanks, Metaspace. Returns whether a piece may
/// reach over the beginning of a word. malformed and unsupported name the step.
Result<bool> set_unigram_text_steps(const Json& tokenizer, const std::string& path, GgufHeader& header);

}  // namespace lyceum::model
