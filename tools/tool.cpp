#include "tools/tool.hpp"

namespace lyceum::tools {

std::string_view name_of(Effect effect) {
  switch (effect) {
    case Effect::pure:
      return "pure";
    case Effect::idempotent:
      return "idempotent";
    case Effect::keyed:
      return "keyed";
    case Effect::compensable:
      return "compensable";
    case Effect::irreversible:
      return "irreversible";
  }
  return "irreversible";
}

std::string_view name_of(Risk risk) {
  switch (risk) {
    case Risk::low:
      return "low";
    case Risk::medium:
      return "medium";
    case Risk::high:
      return "high";
  }
  return "high";
}

}  // namespace lyceum::tools
