#pragma once

namespace lyceum::kernels {

/// e^(x - n ln 2), n being the integer nearest to x / ln 2; for floats and vectors of them. Its order of
/// operations is `exp_f32`'s (elementary.hpp). Inlined wherever it is called, since files are compiled for
/// different instruction sets.
template <class T>
[[gnu::always_inline]] constexpr T exp_polynomial(T x, T n) {
  const T r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  T y = r * 1.9875691500e-4F + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  return (y * (r * r) + r) + 1.0F;
}

}  // namespace lyceum::kernels
