#include "kernels/matmul.hpp"

#include "base/check.hpp"
#include "kernels/dot.hpp"

namespace lyceum::kernels::reference {

void matmul(const MatmulShape& shape, std::span<const float> x, std::span<const float> w,
            std::span<float> y) {
  const auto [num_tokens, num_inputs, num_outputs] = shape;
  LYCEUM_CHECK(x.size() == num_tokens * num_inputs);
  LYCEUM_CHECK(w.size() == num_outputs * num_inputs);
  LYCEUM_CHECK(y.size() == num_tokens * num_outputs);
  // Outputs outside: a row of weights is read from memory once for all tokens.
  for (std::size_t output = 0; output < num_outputs; ++output) {
    const auto row = w.subspan(output * num_inputs, num_inputs);
    for (std::size_t token = 0; token < num_tokens; ++token)
      y[token * num_outputs + output] = dot(x.subspan(token * num_inputs, num_inputs), row);
  }
}

}  // namespace lyceum::kernels::reference
