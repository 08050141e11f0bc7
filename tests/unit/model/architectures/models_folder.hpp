#pragma once

#include <cstdlib>
#include <string>

namespace lyceum::model {

/// Where the tiny models of the tests lie: where the environment's LYCEUM_MODELS says, else beside the
/// checkout.
inline std::string models_folder() {
  const char* const named = std::getenv("LYCEUM_MODELS");
  return named != nullptr ? named : LYCEUM_SHARED_MODELS;
}

}  // namespace lyceum::model
