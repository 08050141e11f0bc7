#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace lyceum::web {

using Query = std::map<std::string, std::string>;

/// A request target taken apart. `path` is still percent-encoded, so that an encoded slash stays inside its
/// segment.
struct Target {
  std::string path{};
  Query query{};
};

/// Errors: malformed, saying what is wrong with the target.
Result<Target> parse_target(std::string_view target);

/// Errors: malformed (bad escape, control character, not UTF-8).
Result<std::string> percent_decode(std::string_view text);

/// Reads query parameters as FieldReader reads a body: the first error wins, unknown parameters are refused.
class QueryReader {
 public:
  explicit QueryReader(const Query& query) : query_(query) {}

  std::string string(const std::string& name, std::string fallback, std::size_t size_bytes_max);
  std::string required_string(const std::string& name, std::size_t size_bytes_max);
  std::string choice(const std::string& name, std::string fallback,
                     std::initializer_list<std::string_view> allowed);
  std::uint64_t number(const std::string& name, std::uint64_t fallback, std::uint64_t min, std::uint64_t max);

  /// invalid_argument naming the first bad, missing or unknown parameter.
  Result<void> finish();

 private:
  void fail(const std::string& name, std::string_view why);

  const Query& query_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace lyceum::web
