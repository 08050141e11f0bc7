#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {

/// A GGUF file as it is. A Hugging Face folder becomes one in memory (RAM, that can be swapped), its weights
/// in `type` (see quantization_types) or, when that is empty, in the type that its first matrix has. Errors
/// as open_source_model_blocking and quantize_model_blocking.
Result<GgufFile> open_model_file_blocking(const std::string& path, std::string_view type = {});

}  // namespace lyceum::model
