#include "tools/registry.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "base/json_schema.hpp"
#include "tools/schema.hpp"

namespace lyceum::tools {
namespace {

constexpr std::size_t kMaxSuggestions = 3;

/// Levenshtein's distance, two rows.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j + 1] + 1, row[j] + 1, above[j] + (a[i] == b[j] ? 0U : 1U)});
    }
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string nearest_names(const std::map<std::string, std::unique_ptr<Tool>>& tools, std::string_view name) {
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const auto& [known, tool] : tools) ranked.emplace_back(edit_distance(known, name), known);
  std::sort(ranked.begin(), ranked.end());
  std::string list;
  for (std::size_t i = 0; i < std::min(ranked.size(), kMaxSuggestions); ++i) {
    list += (i == 0 ? "" : ", ") + ranked[i].second;
  }
  return list;
}

}  // namespace

void Registry::add(std::unique_ptr<Tool> tool) {
  LYCEUM_CHECK(tool != nullptr);
  const Tool::Spec& spec = tool->spec();
  LYCEUM_CHECK(!spec.name.empty() && !spec.description.empty());
  LYCEUM_CHECK(is_usable_schema(spec.parameters) && spec.parameters.value("type", "") == "object");
  LYCEUM_CHECK(is_usable_schema(spec.result));
  const bool inserted = tools_.emplace(spec.name, std::move(tool)).second;
  LYCEUM_CHECK(inserted);
}

Tool* Registry::find(const std::string& name) const {
  const auto found = tools_.find(name);
  return found == tools_.end() ? nullptr : found->second.get();
}

std::vector<const Tool::Spec*> Registry::specs() const {
  std::vector<const Tool::Spec*> specs;
  specs.reserve(tools_.size());
  for (const auto& [name, tool] : tools_) specs.push_back(&tool->spec());
  return specs;
}

Result<void> Registry::validate(const std::string& name, const Json& args) const {
  const Tool* tool = find(name);
  if (tool == nullptr) {
    // A name from outside may be long: its distance to others is of no use then.
    const std::string shown = name.substr(0, 80);
    return Error{Errc::not_found,
                 "no tool is called \"" + shown + "\"; the nearest are " + nearest_names(tools_, shown)};
  }
  return validate_schema(args, tool->spec().parameters, "args");
}

}  // namespace lyceum::tools
