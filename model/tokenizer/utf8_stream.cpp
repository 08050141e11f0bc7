#include "model/tokenizer/utf8_stream.hpp"

#include "model/tokenizer/characters.hpp"

namespace lyceum::model {
namespace {

/// True when more bytes could complete `tail`. Tries the smallest and the largest continuation: the second
/// byte alone decides about over-long forms, surrogates and the upper limit.
bool may_continue(std::string_view tail) {
  for (const char filler : {'\x80', '\xBF'}) {
    std::string completed(tail);
    while (completed.size() < 4) {
      completed += filler;
      const Character first = first_character(completed);
      if (first.num_bytes == completed.size()) return true;
    }
  }
  return false;
}

}  // namespace

std::string Utf8Stream::push(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const Character first = first_character(rest);
    const bool is_whole = first.value != kReplacementCharacter || first.num_bytes > 1;
    if (!is_whole && rest.size() < 4 && may_continue(rest)) break;
    if (is_whole) {
      out += rest.substr(0, first.num_bytes);
    } else {
      append_utf8(kReplacementCharacter, out);
    }
    rest.remove_prefix(first.num_bytes);
  }
  pending_ = std::string(rest);
  return out;
}

std::string Utf8Stream::finish() {
  std::string out;
  for (std::size_t i = 0; i < pending_.size(); ++i) append_utf8(kReplacementCharacter, out);
  pending_.clear();
  return out;
}

}  // namespace lyceum::model
