#pragma once

#include <string>
#include <vector>

#include "model/language_model.hpp"

namespace lyceum::model {

/// One line of a prefix.
struct SlotText {
  std::string name{};
  std::string text{};  ///< Without line breaks.
};

/// A prompt's slots as texts: those of the catalogue first and in its order, then others by name. A list is
/// its items with " ; " between, an object its values with " | " between. Empty values are left out. A prompt
/// without slots has one, "request", with the user text.
std::vector<SlotText> slot_texts(const Prompt& prompt);

}  // namespace lyceum::model
