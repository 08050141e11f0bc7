#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "memory/documents.hpp"

namespace lyceum::memory {

/// Their parsers hold a tree that is many times the text.
inline constexpr std::size_t kMaxMarkdownBytes = 16U << 20U;
inline constexpr std::size_t kMaxHtmlBytes = 16U << 20U;
/// Further headings are not told as sections.
inline constexpr std::size_t kMaxSections = 20'000;
inline constexpr std::size_t kMaxTitleBytes = 500;

/// What a reader would see of one file. `title` is empty where the file names none.
struct ParsedText {
  std::string title{};
  std::string text{};  ///< Well-formed UTF-8.
  std::vector<Section> sections{};
};

enum class Format { plain_text, markdown, html, pdf, json, json_lines };

/// By the media type, else the source's extension, else the bytes. Errors: unsupported, naming what can be
/// read.
Result<Format> format_of(std::string_view media_type, std::string_view source, std::string_view bytes);
std::string_view media_type_of(Format format);

/// UTF-8 without a byte order mark, from UTF-8, UTF-16 with a mark, or Windows-1252. Errors: unsupported
/// (binary).
Result<std::string> to_utf8(std::string bytes);

/// Parses a file as one document; JSON and JSON Lines as the text that they are. `bytes` are the file's.
/// Errors: unsupported (binary, unreadable, without text), too_large, deadline_exceeded, io.
Result<ParsedText> parse_file(Format format, std::string bytes);

Result<ParsedText> parse_markdown(std::string text);
Result<ParsedText> parse_html(std::string_view html);
Result<ParsedText> parse_pdf(std::string_view bytes);

/// One line, without runs of white space, at most kMaxTitleBytes.
std::string tidy_title(std::string_view title);
/// The source's last part without its extension: the title of a file that names none.
std::string title_from_source(std::string_view source);

}  // namespace lyceum::memory
