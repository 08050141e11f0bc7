#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include <gumbo.h>

#include "base/clock.hpp"
#include "memory/ingest/parse.hpp"
#include "memory/ingest/sections.hpp"

namespace lyceum::memory {
namespace {

/// Far above what real pages need: a tree of so many times the page, and so long to build it.
constexpr std::size_t kTreeBytesAtLeast = 64U << 20U;
constexpr std::size_t kTreeBytesPerByte = 64;
constexpr std::chrono::seconds kMaxParseTime{20};

struct TooCostly : std::exception {};

/// Gumbo's tree, freed at once. Gumbo frees a tree by recursion, which a deeply nested page would turn into a
/// stack overflow; misnested formatting can blow a small page up, and deep nesting takes quadratic time. The
/// arena, which gumbo asks at every token, stops that by an exception through gumbo's C frames, which hold
/// nothing that needs freeing.
class Arena {
 public:
  explicit Arena(std::size_t page_bytes)
      : max_bytes_(kTreeBytesAtLeast + kTreeBytesPerByte * page_bytes),
        deadline_(MonotonicClock::now() + kMaxParseTime) {}

  static void* allocate(void* arena, std::size_t size) { return static_cast<Arena*>(arena)->take(size); }

  static void deallocate(void*, void*) {}

 private:
  void* take(std::size_t size) {
    if (++num_taken_ % kTakesBetweenLooks == 0 && MonotonicClock::now() > deadline_) throw TooCostly();
    size = (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
    if (size > rest_) {
      const std::size_t block = std::max(size, kBlockBytes);
      if (total_ + block > max_bytes_) throw TooCostly();
      blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
      next_ = blocks_.back().get();
      rest_ = block;
      total_ += block;
    }
    void* taken = next_;
    next_ += size;
    rest_ -= size;
    return taken;
  }

  static constexpr std::size_t kBlockBytes = 256U << 10U;
  static constexpr std::size_t kTakesBetweenLooks = 64;
  std::size_t max_bytes_;
  MonotonicClock::time_point deadline_;
  std::size_t num_taken_ = 0;
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t rest_ = 0;
  std::size_t total_ = 0;
};

template <std::size_t N>
bool contains(const std::array<GumboTag, N>& tags, GumboTag tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

constexpr std::array kUnread{GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE,    GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE,
                             GUMBO_TAG_NAV,    GUMBO_TAG_HEAD,     GUMBO_TAG_SVG,      GUMBO_TAG_MATH,
                             GUMBO_TAG_IFRAME, GUMBO_TAG_OBJECT,   GUMBO_TAG_BUTTON,   GUMBO_TAG_SELECT,
                             GUMBO_TAG_CANVAS, GUMBO_TAG_TEXTAREA, GUMBO_TAG_AUDIO,    GUMBO_TAG_VIDEO};
constexpr std::array kParagraphs{GUMBO_TAG_P,          GUMBO_TAG_H1,      GUMBO_TAG_H2,      GUMBO_TAG_H3,
                                 GUMBO_TAG_H4,         GUMBO_TAG_H5,      GUMBO_TAG_H6,      GUMBO_TAG_UL,
                                 GUMBO_TAG_OL,         GUMBO_TAG_DL,      GUMBO_TAG_TABLE,   GUMBO_TAG_PRE,
                                 GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_SECTION, GUMBO_TAG_ARTICLE, GUMBO_TAG_HEADER,
                                 GUMBO_TAG_FOOTER,     GUMBO_TAG_ASIDE,   GUMBO_TAG_MAIN,    GUMBO_TAG_FIGURE,
                                 GUMBO_TAG_HR,         GUMBO_TAG_FORM,    GUMBO_TAG_DIV};
constexpr std::array kLines{GUMBO_TAG_LI, GUMBO_TAG_DT,      GUMBO_TAG_DD,     GUMBO_TAG_TR,
                            GUMBO_TAG_BR, GUMBO_TAG_CAPTION, GUMBO_TAG_OPTION, GUMBO_TAG_FIGCAPTION};

int heading_level(GumboTag tag) {
  return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6
             ? static_cast<int>(tag) - static_cast<int>(GUMBO_TAG_H1) + 1
             : 0;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// The text as it grows: white space collapses, and breaks wait until something follows them.
class ReadableText {
 public:
  void add(std::string_view text, bool is_preformatted) {
    for (const char c : text) {
      if (is_preformatted && c == '\n') {
        ++num_breaks_due_;
      } else if (is_space(c) && !is_preformatted) {
        is_space_due_ = true;
      } else {
        settle();
        text_ += c;
        if (is_in_heading_) sections_.add_title({&c, 1});
      }
    }
  }

  /// At least `count` line ends before whatever comes next.
  void break_lines(int count) { num_breaks_due_ = std::max(num_breaks_due_, count); }

  void begin_item() {
    break_lines(1);
    is_item_due_ = true;
  }

  void begin_cell() {
    if (!text_.empty() && num_breaks_due_ == 0) cell_due_ = true;
  }

  void begin_heading(int level) {
    break_lines(2);
    heading_due_ = level;
  }

  void end_heading() {
    is_in_heading_ = false;
    heading_due_ = 0;
  }

  ParsedText finish() && {
    if (!text_.empty()) text_ += '\n';
    ParsedText parsed;
    parsed.sections = std::move(sections_).finish(text_.size());
    parsed.text = std::move(text_);
    return parsed;
  }

 private:
  void settle() {
    if (num_breaks_due_ > 0 && !text_.empty()) {
      text_.append(static_cast<std::size_t>(num_breaks_due_), '\n');
    } else if (cell_due_) {
      text_ += " | ";
    } else if (is_space_due_ && !text_.empty()) {
      text_ += ' ';
      if (is_in_heading_) sections_.add_title(" ");
    }
    if (is_item_due_) text_ += "- ";
    if (heading_due_ > 0) {
      sections_.open(heading_due_, text_.size());
      is_in_heading_ = true;
    }
    num_breaks_due_ = 0;
    heading_due_ = 0;
    is_space_due_ = is_item_due_ = cell_due_ = false;
  }

  std::string text_;
  SectionBuilder sections_;
  int num_breaks_due_ = 0;
  int heading_due_ = 0;
  bool is_space_due_ = false;
  bool is_item_due_ = false;
  bool cell_due_ = false;
  bool is_in_heading_ = false;
};

/// Walks the tree with a stack of its own, so that no nesting can overflow the thread's.
class Reader {
 public:
  ParsedText read(const GumboNode* root) {
    stack_.push_back({root});
    while (!stack_.empty()) {
      Frame& top = stack_.back();
      const GumboVector& children = top.node->v.element.children;
      if (top.next_child == children.length) {
        leave(top.node->v.element.tag);
        stack_.pop_back();
        continue;
      }
      visit(static_cast<const GumboNode*>(children.data[top.next_child++]));
    }
    ParsedText parsed = std::move(text_).finish();
    parsed.title = tidy_title(title_);
    return parsed;
  }

 private:
  struct Frame {
    const GumboNode* node = nullptr;
    unsigned next_child = 0;
  };

  void visit(const GumboNode* node) {
    switch (node->type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        text_.add(node->v.text.text, num_preformatted_ > 0);
        break;
      case GUMBO_NODE_ELEMENT:
        enter(node);
        break;
      default:
        break;
    }
  }

  void enter(const GumboNode* node) {
    const GumboElement& element = node->v.element;
    if (element.tag == GUMBO_TAG_HEAD) title_ = title_in(element);
    if (contains(kUnread, element.tag) || gumbo_get_attribute(&element.attributes, "hidden") != nullptr)
      return;
    if (contains(kParagraphs, element.tag)) text_.break_lines(element.tag == GUMBO_TAG_DIV ? 1 : 2);
    if (contains(kLines, element.tag)) text_.break_lines(1);
    if (element.tag == GUMBO_TAG_LI) text_.begin_item();
    if (element.tag == GUMBO_TAG_TD || element.tag == GUMBO_TAG_TH) text_.begin_cell();
    if (element.tag == GUMBO_TAG_PRE) ++num_preformatted_;
    if (const int level = heading_level(element.tag)) text_.begin_heading(level);
    stack_.push_back({node});
  }

  void leave(GumboTag tag) {
    if (heading_level(tag) > 0) text_.end_heading();
    if (contains(kParagraphs, tag)) text_.break_lines(tag == GUMBO_TAG_DIV ? 1 : 2);
    if (contains(kLines, tag)) text_.break_lines(1);
    if (tag == GUMBO_TAG_PRE) --num_preformatted_;
  }

  static std::string title_in(const GumboElement& head) {
    std::string title;
    for (unsigned i = 0; i < head.children.length; ++i) {
      const auto* child = static_cast<const GumboNode*>(head.children.data[i]);
      if (child->type != GUMBO_NODE_ELEMENT || child->v.element.tag != GUMBO_TAG_TITLE) continue;
      const GumboVector& parts = child->v.element.children;
      for (unsigned k = 0; k < parts.length; ++k) {
        const auto* part = static_cast<const GumboNode*>(parts.data[k]);
        if (part->type == GUMBO_NODE_TEXT) title += part->v.text.text;
      }
    }
    return title;
  }

  std::vector<Frame> stack_;
  ReadableText text_;
  std::string title_;
  int num_preformatted_ = 0;
};

}  // namespace

Result<ParsedText> parse_html(std::string_view html) {
  if (html.size() > kMaxHtmlBytes) {
    return Error{Errc::too_large, "HTML of " + std::to_string(html.size()) + " bytes, the limit is " +
                                      std::to_string(kMaxHtmlBytes)};
  }
  Arena arena(html.size());
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = Arena::allocate;
  options.deallocator = Arena::deallocate;
  options.userdata = &arena;
  options.max_errors = 0;
  try {
    const GumboOutput* output = gumbo_parse_with_options(&options, html.data(), html.size());
    ParsedText parsed = Reader().read(output->root);
    if (parsed.text.empty()) return Error{Errc::unsupported, "the page has no readable text"};
    if (parsed.title.empty() && !parsed.sections.empty()) parsed.title = parsed.sections.front().title;
    return parsed;
  } catch (const TooCostly&) {
    return Error{Errc::unsupported, "the page is nested too deep or too wildly to read"};
  }
}

}  // namespace lyceum::memory
