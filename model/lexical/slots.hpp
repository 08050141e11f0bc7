#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

/// Slots come from agents, but their texts from documents and people: every reader clips and skips what does
/// not fit.
namespace lyceum::model::lexical {

inline constexpr std::size_t kMaxSlotBytes = 64U << 10U;
inline constexpr std::size_t kMaxSlotItems = 256;

/// The text under `name`; empty when absent or not a text.
std::string text_slot(const Json& slots, const char* name);

/// The texts in the array under `name`; other items are skipped.
std::vector<std::string> texts_slot(const Json& slots, const char* name);

/// The array under `name`, or an empty one.
const Json& array_slot(const Json& slots, const char* name);

/// Every text anywhere in the slots, in key order, one a line: what an unknown task is about.
std::string all_text(const Json& slots);

}  // namespace lyceum::model::lexical
