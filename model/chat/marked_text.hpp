#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lyceum::model::chat {

/// UTF-8 bytes, each of which knows whether the template's author wrote it. Everything that a template does
/// with texts keeps the marks, so that no detour turns a message's words into a special token.
class MarkedText {
 public:
  MarkedText() = default;

  MarkedText(std::string_view bytes, bool is_trusted)
      : bytes_(bytes), marks_(bytes.size(), mark(is_trusted)) {}

  std::string_view bytes() const { return bytes_; }

  std::size_t size() const { return bytes_.size(); }

  bool is_trusted(std::size_t at) const { return marks_[at] == mark(true); }

  MarkedText substr(std::size_t begin, std::size_t count = std::string::npos) const {
    MarkedText out;
    out.bytes_ = bytes_.substr(begin, count);
    out.marks_ = marks_.substr(begin, count);
    return out;
  }

  MarkedText& operator+=(const MarkedText& other) {
    bytes_ += other.bytes_;
    marks_ += other.marks_;
    return *this;
  }

  void append(std::string_view bytes, bool is_trusted) {
    bytes_ += bytes;
    marks_.append(bytes.size(), mark(is_trusted));
  }

 private:
  static char mark(bool is_trusted) { return is_trusted ? 't' : 'u'; }

  std::string bytes_{};
  std::string marks_{};  ///< One a byte
};

}  // namespace lyceum::model::chat
