#pragma once

#include "base/result.hpp"
#include "model/decoding/grammar.hpp"

namespace lyceum::model {

/// Fills in what each state needs to end, drops chains of items that may be empty, and refuses
/// (invalid_argument, with rule names) left recursion and rules in use that cannot end. Linear in the grammar
/// but for deep recursion.
Result<void> check_grammar(Grammar& grammar);

}  // namespace lyceum::model
