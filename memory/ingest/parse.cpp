#include "memory/ingest/parse.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "memory/extract.hpp"

namespace lyceum::memory {
namespace {

constexpr std::string_view kSupported = "supported are plain text, Markdown, HTML, PDF, JSON and JSON Lines";

struct NamedFormat {
  std::string_view name{};
  Format format = Format::plain_text;
};

constexpr auto kMediaTypes = std::to_array<NamedFormat>({
    {"text/plain", Format::plain_text},
    {"text/markdown", Format::markdown},
    {"text/x-markdown", Format::markdown},
    {"text/html", Format::html},
    {"application/xhtml+xml", Format::html},
    {"application/pdf", Format::pdf},
    {"application/json", Format::json},
    {"application/jsonl", Format::json_lines},
    {"application/x-ndjson", Format::json_lines},
    {"application/jsonlines", Format::json_lines},
    {"application/x-jsonlines", Format::json_lines},
});

constexpr auto kExtensions = std::to_array<NamedFormat>({
    {"txt", Format::plain_text},
    {"text", Format::plain_text},
    {"rst", Format::plain_text},
    {"md", Format::markdown},
    {"markdown", Format::markdown},
    {"html", Format::html},
    {"htm", Format::html},
    {"xhtml", Format::html},
    {"pdf", Format::pdf},
    {"json", Format::json},
    {"jsonl", Format::json_lines},
    {"ndjson", Format::json_lines},
});

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

template <class Table>
const NamedFormat* find(const Table& table, std::string_view name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const NamedFormat& entry) { return entry.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string_view file_name(std::string_view source) {
  const std::size_t slash = source.find_last_of("/\\");
  return slash == std::string_view::npos ? source : source.substr(slash + 1);
}

std::string_view extension_of(std::string_view source) {
  const std::string_view name = file_name(source);
  const std::size_t point = name.rfind('.');
  return point == std::string_view::npos || point == 0 ? std::string_view{} : name.substr(point + 1);
}

Format format_of_bytes(std::string_view bytes) {
  if (bytes.substr(0, 5) == "%PDF-") return Format::pdf;
  const std::size_t first = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  const std::string head = lower(bytes.substr(first, 14));
  if (head == "<!doctype html" || head.substr(0, 5) == "<html") return Format::html;
  return Format::plain_text;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

Result<Format> format_of(std::string_view media_type, std::string_view source, std::string_view bytes) {
  const std::string type = lower(media_type.substr(0, media_type.find_first_of("; ")));
  if (const NamedFormat* named = find(kMediaTypes, type)) return named->format;
  const bool is_undecided = type.empty() || type == "application/octet-stream";
  if (!is_undecided && type.rfind("text/", 0) != 0) {
    return Error{Errc::unsupported, "media type " + type + " cannot be read; " + std::string(kSupported)};
  }
  const std::string extension = lower(extension_of(source));
  if (const NamedFormat* named = find(kExtensions, extension)) return named->format;
  return format_of_bytes(bytes);
}

std::string_view media_type_of(Format format) {
  switch (format) {
    case Format::plain_text:
      return "text/plain";
    case Format::markdown:
      return "text/markdown";
    case Format::html:
      return "text/html";
    case Format::pdf:
      return "application/pdf";
    case Format::json:
      return "application/json";
    case Format::json_lines:
      return "application/jsonl";
  }
  return "text/plain";
}

Result<ExtractedText> extract_text_blocking(const std::string& bytes, const std::string& media_type,
                                            const std::string& source) {
  if (bytes.size() > kMaxDocumentBytes) {
    return Error{Errc::too_large, source + ": " + std::to_string(bytes.size()) + " bytes, the limit is " +
                                      std::to_string(kMaxDocumentBytes)};
  }
  TRY(const Format format, format_of(media_type, source, bytes));
  TRY(ParsedText parsed, parse_file(format, bytes));
  if (parsed.title.empty()) parsed.title = title_from_source(source);
  return ExtractedText{.text = std::move(parsed.text),
                       .title = std::move(parsed.title),
                       .media_type = std::string(media_type_of(format)),
                       .sections = std::move(parsed.sections)};
}

Result<ParsedText> parse_file(Format format, std::string bytes) {
  if (format == Format::pdf) return parse_pdf(bytes);
  TRY(std::string text, to_utf8(std::move(bytes)));
  if (std::all_of(text.begin(), text.end(), is_space)) {
    return Error{Errc::unsupported, "there is no text in it"};
  }
  if (format == Format::html) return parse_html(text);
  if (format == Format::markdown) return parse_markdown(std::move(text));
  return ParsedText{.text = std::move(text)};
}

std::string tidy_title(std::string_view title) {
  std::string tidy;
  for (const char c : title) {
    const bool is_blank = is_space(c);
    if (is_blank && (tidy.empty() || tidy.back() == ' ')) continue;
    if (tidy.size() >= kMaxTitleBytes && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) break;
    tidy += is_blank ? ' ' : c;
  }
  while (!tidy.empty() && tidy.back() == ' ') tidy.pop_back();
  return tidy;
}

std::string title_from_source(std::string_view source) {
  const std::string_view name = file_name(source);
  const std::string_view extension = extension_of(source);
  const std::string title =
      tidy_title(extension.empty() ? name : name.substr(0, name.size() - extension.size() - 1));
  return title.empty() ? tidy_title(source) : title;
}

}  // namespace lyceum::memory
