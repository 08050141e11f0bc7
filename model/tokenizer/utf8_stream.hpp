#pragma once

#include <string>
#include <string_view>

namespace lyceum::model {

/// Makes whole characters of bytes that come in pieces, as tokens do. What can still become a character (at
/// most 3 bytes) waits; what cannot becomes U+FFFD, one for each byte. Concatenated results are well-formed
/// UTF-8 and depend on the bytes only, not on where they were cut. One thread at a time.
class Utf8Stream {
 public:
  std::string push(std::string_view bytes);
  /// What still waits, as U+FFFD. The stream may be used again.
  std::string finish();

 private:
  std::string pending_{};
};

}  // namespace lyceum::model
