#include "model/engine/schema_constraints.hpp"

#include <algorithm>

#include "model/decoding/grammar_constraint.hpp"

namespace lyceum::model {

constexpr std::size_t kMaxKept = 32;

Result<std::shared_ptr<const TokenConstraint>> SchemaConstraints::find_or_compile(const Json& schema) {
  std::string key = dump_json(schema);
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(entries_, key, &Entry::first);
    if (found != entries_.end()) {
      std::rotate(entries_.begin(), found, found + 1);
      return entries_.front().second;
    }
  }
  TRY(std::shared_ptr<const TokenConstraint> compiled, json_schema_constraint(schema, vocabulary_));
  const std::lock_guard lock(mutex_);
  entries_.emplace_front(std::move(key), compiled);
  if (entries_.size() > kMaxKept) entries_.pop_back();
  return compiled;
}

}  // namespace lyceum::model
