#pragma once

/// The only transcendental functions that kernels use between loading and logits, so that results do not
/// depend on the C library and every instruction set can return the same bits.
namespace lyceum::kernels {

/// e^x within 2 units in the last place; 0 below -87.33, infinity above 88.72, NaN for NaN.
///
/// Order of operations, all in f32, products and sums rounded apart:
///   n = floor(x * log2(e) + 0.5);  r = (x - n * c1) - n * c2,  c1 + c2 = ln 2
///   y = ((((((p0 r + p1) r + p2) r + p3) r + p4) r + p5) (r r) + r) + 1
///   result = (y * 2^(n / 2)) * 2^(n - n / 2), integer division
/// Source of the constants: Cephes expf (Moshier).
float exp_f32(float x);

/// 1 / (1 + e^-x).
float sigmoid_f32(float x);

/// x / (1 + e^-x), also called swish.
float silu_f32(float x);

}  // namespace lyceum::kernels
