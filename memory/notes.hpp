#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace lyceum::memory {

/// Something the service has learnt and keeps across runs.
struct Note {
  std::string id{};       ///< ULID.
  std::string subject{};  ///< What it is about, the key for look-up.
  std::string text{};
  std::string run_id{};  ///< Where it came from.
  std::int64_t written_ms = 0;
};

/// Knowledge notes, shared by all runs. Thread-safe; blocks.
class Notes {
 public:
  Notes() = default;
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;
  virtual ~Notes() = default;

  virtual Result<void> put_blocking(const Note& note) = 0;
  virtual Result<std::vector<Note>> by_subject_blocking(const std::string& subject) const = 0;
  virtual Result<std::vector<Note>> list_blocking(const std::string& after, std::size_t limit) const = 0;
  virtual Result<void> remove_blocking(const std::string& id) = 0;
};

}  // namespace lyceum::memory
