#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/decoding/token_constraint.hpp"
#include "model/decoding/token_trie.hpp"

namespace lyceum::model {

/// Compiled JSON Schemas, the last used ones kept: agents ask with the same few, and the masks that were
/// computed for one answer serve the next. Thread-safe; what it gives is to be cloned and used on the
/// engine's thread alone.
class SchemaConstraints {
 public:
  explicit SchemaConstraints(std::shared_ptr<const TokenTrie> vocabulary)
      : vocabulary_(std::move(vocabulary)) {}

  /// Errors as json_schema_constraint.
  Result<std::shared_ptr<const TokenConstraint>> find_or_compile(const Json& schema);

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const TokenConstraint>>;

  std::shared_ptr<const TokenTrie> vocabulary_;
  std::mutex mutex_{};
  std::deque<Entry> entries_{};  ///< The last used first.
};

}  // namespace lyceum::model
