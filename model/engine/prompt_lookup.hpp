#pragma once

#include <span>
#include <vector>

#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// What followed the last place where the end of `tokens` stood before (Saxena 2023, prompt lookup
/// decoding): at most `num_max` tokens, none when its last three have not been there.
std::vector<TokenId> look_up_continuation(std::span<const TokenId> tokens, std::size_t num_max);

}  // namespace lyceum::model
