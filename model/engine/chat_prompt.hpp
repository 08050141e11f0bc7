#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// A system text and a request as tokens, up to where the answer begins. No special token is read from them.
inline Result<std::vector<TokenId>> render_chat(const Tokenizer& tokenizer, const std::string& system,
                                                const std::string& user) {
  return tokenizer.encode(system.empty() ? user + "\n\n" : system + "\n\n" + user + "\n\n",
                          {.add_special = true});
}

}  // namespace lyceum::model
