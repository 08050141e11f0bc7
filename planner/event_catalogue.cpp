#include "planner/event_catalogue.hpp"

#include <set>
#include <string>

#include "base/check.hpp"
#include "base/json.hpp"

namespace lyceum::planner {
namespace {

// The file itself, by the assembler: no copy of it in another form can fall behind.
__asm__(
    ".section .rodata\n"
    ".global lyceum_event_catalogue\n"
    "lyceum_event_catalogue:\n"
    ".incbin \"" LYCEUM_EVENT_CATALOGUE
    "\"\n"
    ".global lyceum_event_catalogue_end\n"
    "lyceum_event_catalogue_end:\n"
    ".previous\n");

extern "C" const char lyceum_event_catalogue[];
extern "C" const char lyceum_event_catalogue_end[];

std::set<std::string, std::less<>> facts() {
  const auto catalogue = parse_json(event_catalogue_json());
  LYCEUM_CHECK(catalogue.has_value());
  std::set<std::string, std::less<>> names;
  for (const auto& [name, entry] : (*catalogue)["events"].items()) {
    if (entry.value("tier", "") == "fact") names.insert(name);
  }
  return names;
}

}  // namespace

std::string_view event_catalogue_json() {
  return {lyceum_event_catalogue,
          static_cast<std::size_t>(lyceum_event_catalogue_end - lyceum_event_catalogue)};
}

bool is_fact(std::string_view type) {
  static const std::set<std::string, std::less<>> kFacts = facts();
  return kFacts.contains(type);
}

}  // namespace lyceum::planner
