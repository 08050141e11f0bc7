#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/tool.hpp"

namespace lyceum::tools {

/// The tools of the service by name. Filled at start, then read from any thread.
class Registry {
 public:
  /// A duplicate name or an unusable schema is a bug: LYCEUM_CHECK.
  void add(std::unique_ptr<Tool> tool);

  Tool* find(const std::string& name) const;     ///< Null when unknown.
  std::vector<const Tool::Spec*> specs() const;  ///< By rising name.

  /// Errors: not_found (unknown tool, with the nearest names), invalid_argument (names the field that breaks
  /// the schema).
  Result<void> validate(const std::string& name, const Json& args) const;

 private:
  std::map<std::string, std::unique_ptr<Tool>> tools_;
};

}  // namespace lyceum::tools
