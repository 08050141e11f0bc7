#pragma once

#include <string>

#include "model/curriculum/building.hpp"
#include "model/curriculum/text_encoder.hpp"

namespace lyceum::model {

/// Free text in documents of at most kVerbContextTokens tokens, its last one ended by <|end|>. Paragraphs
/// that evaluation holds are left out. `bytes_max` of the set's text, from the beginnings of its files.
Result<void> add_language_blocking(Building& building, const std::string& files, std::uint64_t bytes_max,
                                   TextEncoder& encoder);

}  // namespace lyceum::model
