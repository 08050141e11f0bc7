#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::model {

/// Turns schemas into equal ones that say everything at their own level.
class SchemaMerger {
 public:
  /// `root`: where references look; it must outlive this.
  explicit SchemaMerger(const Json& root) : root_(root) {}

  /// Without annotations, `$ref` and `allOf` at its own level; true, false or an object. unsupported where
  /// two schemas that must both hold cannot be put into one, invalid_argument as check_keywords.
  Result<Json> flatten(const Json& schema, const std::string& path);

  /// False only if no value fits both.
  Result<bool> may_overlap(const Json& a, const Json& b, const std::string& path);

 private:
  Result<Json> flatten_below(const Json& schema, const std::string& path, int depth);
  Result<Json> merge(const Json& a, const Json& b, const std::string& path);
  Result<bool> overlap_below(const Json& a, const Json& b, const std::string& path, int depth);

  const Json& root_;
  std::size_t num_merges_ = 0;
};

/// The names of types that a flat schema allows, "integer" only where "number" is not: from `type`, else all.
std::vector<std::string> types_of(const Json& flat);

}  // namespace lyceum::model
