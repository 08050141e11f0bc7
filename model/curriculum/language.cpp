#include "model/curriculum/language.hpp"

#include <algorithm>

#include "base/json_lines.hpp"

namespace lyceum::model {
namespace {

/// Lines with what evaluation holds taken out.
std::string clean_text(Building& building, const std::string& files, std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (!building.is_known(files, text.substr(0, end))) clean += text.substr(0, end);
    text.remove_prefix(end);
  }
  return clean;
}

}  // namespace

Result<void> add_language_blocking(Building& building, const std::string& files, std::uint64_t bytes_max,
                                   TextEncoder& encoder) {
  TRY(const auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  const std::string kind = "language." + files.substr(0, files.find('/'));
  std::uint64_t num_bytes = 0;
  std::vector<TokenId> tokens;
  for (const Json& row : rows) {
    const std::string title = text_field(row, "title");
    const std::string text = clean_text(building, files, text_field(row, "text"));
    if (num_bytes += text.size(); num_bytes > bytes_max) break;
    tokens.clear();
    encoder.append(title + "\n" + text, tokens);
    tokens.push_back(building.verbs.tokens().end);
    std::span<const TokenId> left = tokens;
    while (left.size() > 1) {
      const std::size_t length = std::min(left.size(), kVerbContextTokens);
      TRY_OK(building.writer.add_language(kind, title, left.first(length)));
      left = left.subspan(length);
    }
  }
  return ok();
}

}  // namespace lyceum::model
