#include "cli/terminal.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lyceum::cli {
namespace {

constexpr std::size_t kBarWidth = 24;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::string Terminal::styled(const char* code, std::string_view text) const {
  if (!has_colours) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  terminal.is_terminal = isatty(descriptor) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.has_colours = terminal.is_terminal && (no_colour == nullptr || *no_colour == '\0');
  winsize size{};
  if (terminal.is_terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
    terminal.width = size.ws_col;
  return terminal;
}

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are two bytes in UTF-8: C2 80 to C2 9F.
    const bool is_c1 =
        byte == 0xC2U && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0U;
    if (is_c1) {
      ++i;
    } else if (byte == '\n' || byte == '\t' || byte == '\r') {
      clean += ' ';
    } else if (byte >= 0x20U && byte != 0x7FU) {
      clean += text[i];
    }
  }
  return clean;
}

std::string shortened(std::string_view text, std::size_t count_max) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_continuation(text[i])) continue;
    if (++count > count_max) return std::string(text.substr(0, i)) + "…";
  }
  return std::string(text);
}

void ProgressLine::show(std::uint64_t done, std::uint64_t total, const std::string& text) {
  if (!terminal_.is_terminal) return;
  const std::uint64_t filled = total == 0 ? 0 : kBarWidth * std::min(done, total) / total;
  std::string line = "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] " +
                     std::to_string(done) + "/" + std::to_string(total) + " ";
  line += shortened(printable(text), terminal_.width - std::min(terminal_.width - 1, line.size() + 2));
  std::cerr << "\r\033[K" << line << std::flush;
  is_shown_ = true;
}

void ProgressLine::clear() {
  if (is_shown_) std::cerr << "\r\033[K" << std::flush;
  is_shown_ = false;
}

}  // namespace lyceum::cli
