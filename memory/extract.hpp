#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "memory/documents.hpp"

namespace lyceum::memory {

/// What a reader would see of a file: the same text, title and sections that ingesting it would store.
struct ExtractedText {
  std::string text{};  ///< UTF-8.
  std::string title{};
  std::string media_type{};  ///< As decided from the argument, the source's extension and the bytes.
  std::vector<Section> sections{};
};

/// Parses plain text, Markdown, HTML, JSON, JSON Lines or PDF. `media_type` may be empty or carry parameters
/// (";charset=…"). Stores nothing. Blocks. Errors: unsupported (binary or unreadable), too_large.
Result<ExtractedText> extract_text_blocking(const std::string& bytes, const std::string& media_type,
                                            const std::string& source);

}  // namespace lyceum::memory
