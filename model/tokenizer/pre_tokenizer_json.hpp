#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::model {

/// The name, as in tokenizer.ggml.pre, of the pre-tokenizer that a byte-level tokenizer.json describes by its
/// patterns. unsupported names a normaliser, a step or a pattern that is not known.
Result<std::string> recognize_pre_tokenizer(const Json& tokenizer, const std::string& path);

}  // namespace lyceum::model
