#include "kernels/swiglu.hpp"

#include "base/check.hpp"
#include "kernels/elementary.hpp"

namespace lyceum::kernels::reference {

void swiglu(std::span<float> gate, std::span<const float> up) {
  LYCEUM_CHECK(gate.size() == up.size());
  for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = silu_f32(gate[i]) * up[i];
}

}  // namespace lyceum::kernels::reference
