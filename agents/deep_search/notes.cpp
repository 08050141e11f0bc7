#include "agents/deep_search/notes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "agents/common/terms.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr auto kExclude =
    std::to_array<std::string_view>({"ignore ", "exclude ", "leave out ", "without ", "not ", "avoid ",
                                     "skip ", "do not use ", "don't use "});
constexpr auto kOnly =
    std::to_array<std::string_view>({"only use ", "use only ", "only from ", "only in ", "only "});
constexpr auto kFillers =
    std::to_array<std::string_view>({"please ", "the ", "from ", "in ", "document ", "source ", "sources "});
constexpr std::size_t kMaxNoteBytes = 500;
constexpr std::size_t kMinNameBytes = 3;

template <std::size_t N>
bool strip_lead(std::string& text, const std::array<std::string_view, N>& leads) {
  for (const std::string_view lead : leads) {
    if (text.starts_with(lead)) {
      text.erase(0, lead.size());
      return true;
    }
  }
  return false;
}

std::string trimmed_name(std::string text) {
  while (strip_lead(text, kFillers)) {
  }
  const std::string_view edges = " .,;:!?\"'“”";
  const auto begin = text.find_first_not_of(edges);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(edges) - begin + 1);
}

bool holds(const std::string& text, const std::string& name) {
  return to_lower_ascii(text).find(name) != std::string::npos;
}

}  // namespace

void follow(const std::string& note, Guidance& guidance) {
  const std::string text = squeeze_blanks(clip(note, kMaxNoteBytes));
  std::string lower = to_lower_ascii(text);
  while (strip_lead(lower, std::array<std::string_view, 1>{"please "})) {
  }
  const bool excludes = strip_lead(lower, kExclude);
  const bool restricts = !excludes && strip_lead(lower, kOnly);
  const std::string name = trimmed_name(lower);
  // A name of a letter or two would match everywhere.
  if ((excludes || restricts) && name.size() >= kMinNameBytes) {
    (excludes ? guidance.excluded : guidance.only).push_back(name);
  } else if (!text.empty()) {
    guidance.queries.push_back(text);
  }
}

std::string refusal(const Guidance& guidance, const Passage& passage, const std::string& quote) {
  for (const std::string& name : guidance.excluded) {
    if (holds(quote, name) || holds(passage.title, name) || holds(passage.section, name) ||
        holds(passage.collection, name)) {
      return "a note asks to leave out \"" + name + "\"";
    }
  }
  const auto is_named = [&](const std::string& name) {
    return holds(passage.title, name) || holds(passage.section, name) || holds(passage.collection, name) ||
           holds(passage.url, name);
  };
  if (!guidance.only.empty() && std::none_of(guidance.only.begin(), guidance.only.end(), is_named)) {
    return "a note asks for \"" + guidance.only.front() + "\" only";
  }
  return {};
}

}  // namespace lyceum::agents::deep_search
