#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.hpp"

namespace lyceum {

/// Objects keep their keys sorted, so `dump()` is canonical and fit for fingerprints.
using Json = nlohmann::json;

/// Nesting that `parse_json` accepts: dump() recurses, so depth must be bounded before it.
inline constexpr int kMaxJsonDepth = 64;

/// Parses one JSON document. Errors: malformed, with the byte position; too_large when nested too deep.
Result<Json> parse_json(std::string_view text);

/// Compact text with invalid UTF-8 replaced, so that it never throws.
std::string dump_json(const Json& value);

/// Reads the fields of one JSON object from an untrusted caller. Every miss names the field by its path,
/// and `finish` refuses fields that nobody asked for. The first error wins and later reads return defaults:
///
///   FieldReader fields(body, "body");
///   request.question = fields.required_string("question", kMaxQuestionBytes);
///   request.limit = fields.integer("limit", 20, 1, 100);
///   TRY_OK(fields.finish());
class FieldReader {
 public:
  FieldReader(const Json& object, std::string path);

  std::string required_string(const char* name, std::size_t size_bytes_max);
  std::string string(const char* name, std::string fallback, std::size_t size_bytes_max);
  /// One of `allowed`; `fallback` when absent.
  std::string choice(const char* name, std::string fallback, std::initializer_list<std::string_view> allowed);
  std::int64_t integer(const char* name, std::int64_t fallback, std::int64_t min, std::int64_t max);
  std::int64_t required_integer(const char* name, std::int64_t min, std::int64_t max);
  double number(const char* name, double fallback, double min, double max);
  bool boolean(const char* name, bool fallback);
  std::vector<std::string> strings(const char* name, std::size_t count_max, std::size_t size_bytes_max);
  /// The object under `name`, or an empty object when absent.
  const Json& object(const char* name);
  /// The array under `name`, or an empty array when absent.
  const Json& array(const char* name, std::size_t count_max);
  /// Any value under `name`, or null when absent.
  const Json& any(const char* name);
  bool has(const char* name) const;

  /// Adds an error of the caller's own to field `name`.
  void fail(const char* name, std::string_view why);

  /// invalid_argument naming the first bad, missing or unknown field.
  Result<void> finish();

 private:
  const Json* find(const char* name);

  const Json& object_;
  std::string path_;
  std::vector<std::string_view> seen_;
  std::string error_;
};

}  // namespace lyceum
