#include <algorithm>
#include <memory>
#include <utility>

#include <cmark-gfm.h>

#include "memory/ingest/parse.hpp"
#include "memory/ingest/sections.hpp"

namespace lyceum::memory {
namespace {

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};

struct IteratorDeleter {
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
};

/// Where each line begins. A line ends as CommonMark says: by \n, \r or \r\n.
std::vector<std::size_t> line_begins(std::string_view text) {
  std::vector<std::size_t> begins{0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_line_end =
        text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    if (is_line_end) begins.push_back(i + 1);
  }
  return begins;
}

}  // namespace

Result<ParsedText> parse_markdown(std::string text) {
  if (text.size() > kMaxMarkdownBytes) {
    return Error{Errc::too_large, "Markdown of " + std::to_string(text.size()) + " bytes, the limit is " +
                                      std::to_string(kMaxMarkdownBytes) + "; send it as plain text"};
  }
  const std::unique_ptr<cmark_node, NodeDeleter> root(
      cmark_parse_document(text.data(), text.size(), CMARK_OPT_DEFAULT));
  const std::unique_ptr<cmark_iter, IteratorDeleter> iterator(cmark_iter_new(root.get()));
  const std::vector<std::size_t> lines = line_begins(text);

  SectionBuilder sections;
  bool is_in_heading = false;
  for (cmark_event_type event = cmark_iter_next(iterator.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iterator.get())) {
    cmark_node* node = cmark_iter_get_node(iterator.get());
    if (cmark_node_get_type(node) == CMARK_NODE_HEADING) {
      is_in_heading = event == CMARK_EVENT_ENTER;
      if (is_in_heading) {
        const auto line = static_cast<std::size_t>(std::max(1, cmark_node_get_start_line(node))) - 1;
        sections.open(cmark_node_get_heading_level(node), lines[std::min(line, lines.size() - 1)]);
      }
    } else if (is_in_heading && event == CMARK_EVENT_ENTER) {
      const char* literal = cmark_node_get_literal(node);
      sections.add_title(literal != nullptr ? literal : " ");
    }
  }

  ParsedText parsed;
  parsed.sections = std::move(sections).finish(text.size());
  if (!parsed.sections.empty()) parsed.title = parsed.sections.front().title;
  parsed.text = std::move(text);
  return parsed;
}

}  // namespace lyceum::memory
