#include "memory/codec/keys.hpp"

#include <algorithm>

#include "memory/codec/bytes.hpp"

namespace lyceum::memory {
namespace {

bool is_id_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
         c == '.';
}

}  // namespace

Result<void> check_run_id(std::string_view run_id) {
  if (!run_id.empty() && run_id.size() <= kMaxRunIdBytes &&
      std::all_of(run_id.begin(), run_id.end(), is_id_character)) {
    return ok();
  }
  return Error{Errc::invalid_argument, "run_id: 1 to " + std::to_string(kMaxRunIdBytes) +
                                           " letters, digits, '-', '_' or '.' expected"};
}

std::string event_key(std::string_view run_id, Seq seq) {
  ByteWriter writer;
  writer.raw(run_id).integer(std::uint8_t{0}).integer(seq);
  return std::move(writer).bytes();
}

std::string unfinished_key(std::string_view run_id) {
  return "u" + std::string(run_id);
}

std::string unfinished_end() {
  return "v";
}

std::string fork_count_key(std::string_view run_id) {
  return "f" + std::string(run_id);
}

}  // namespace lyceum::memory
