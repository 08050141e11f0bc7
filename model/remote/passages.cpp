#include "model/remote/passages.hpp"

#include <vector>

namespace lyceum::model::remote {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/// The text with every run of white space as one blank, and the byte each of its bytes came from.
struct Squeezed {
  std::string text{};
  std::vector<std::size_t> origin{};
};

Squeezed squeeze(std::string_view text) {
  Squeezed out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool blank = is_space(text[at]);
    if (blank && (out.text.empty() || out.text.back() == ' ')) continue;
    out.text += blank ? ' ' : text[at];
    out.origin.push_back(at);
  }
  if (!out.text.empty() && out.text.back() == ' ') {
    out.text.pop_back();
    out.origin.pop_back();
  }
  return out;
}

std::optional<TextRange> locate_exactly(const Squeezed& source, std::string_view passage) {
  if (passage.empty()) return std::nullopt;
  const auto at = source.text.find(passage);
  if (at == std::string::npos) return std::nullopt;
  return TextRange{source.origin[at], source.origin[at + passage.size() - 1] + 1};
}

std::string_view trim_marks(std::string_view text) {
  for (const std::string_view mark : {"\"", "'", "…", "...", "“", "”", "‘", "’", " "}) {
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    if (text.ends_with(mark)) text.remove_suffix(mark.size());
  }
  return text;
}

}  // namespace

std::optional<TextRange> locate(std::string_view source, std::string_view passage) {
  const Squeezed squeezed_source = squeeze(source);
  const Squeezed squeezed_passage = squeeze(passage);
  if (const auto found = locate_exactly(squeezed_source, squeezed_passage.text)) return found;
  return locate_exactly(squeezed_source, trim_marks(squeezed_passage.text));
}

}  // namespace lyceum::model::remote
