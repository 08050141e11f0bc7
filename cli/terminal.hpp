#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lyceum::cli {

/// How text may look on one output. Colours only on a terminal, and not when NO_COLOR is set.
struct Terminal {
  bool is_terminal = false;
  bool has_colours = false;
  std::size_t width = 80;

  std::string dim(std::string_view text) const { return styled("2", text); }

  std::string bold(std::string_view text) const { return styled("1", text); }

  std::string warning(std::string_view text) const { return styled("33", text); }

  std::string failure(std::string_view text) const { return styled("31", text); }

 private:
  std::string styled(const char* code, std::string_view text) const;
};

/// Of a file descriptor of this process.
Terminal terminal_of(int descriptor);

/// Without control characters: what comes from documents and models must not steer the terminal.
std::string printable(std::string_view text);

/// The first `count_max` characters, with an ellipsis when some are missing. Cuts at character borders.
std::string shortened(std::string_view text, std::size_t count_max);

/// One line of progress that overwrites itself on a terminal and is not there elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(const Terminal& terminal) : terminal_(terminal) {}

  ~ProgressLine() { clear(); }

  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::uint64_t done, std::uint64_t total, const std::string& text);
  void clear();

 private:
  const Terminal& terminal_;
  bool is_shown_ = false;
};

}  // namespace lyceum::cli
