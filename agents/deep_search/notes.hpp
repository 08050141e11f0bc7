#pragma once

#include <string>
#include <vector>

#include "agents/deep_search/verbs.hpp"
#include "agents/step_context.hpp"

namespace lyceum::agents::deep_search {

/// What a person's notes ask of a search.
struct Guidance {
  std::vector<std::string> queries{};   ///< Further words to search by.
  std::vector<std::string> excluded{};  ///< Lower case: passages that hold one of these are left out.
  std::vector<std::string>
      only{};  ///< Lower case: when not empty, only passages whose source holds one of these.
};

/// "ignore X", "without X", "not X", "leave out X" exclude; "only X" restricts to sources so named; anything
/// else is words to search by.
void follow(const std::string& note, Guidance& guidance);

/// Why the passage may not be used, or empty.
std::string refusal(const Guidance& guidance, const Passage& passage, const std::string& quote);

}  // namespace lyceum::agents::deep_search
