#pragma once

#include "kernels/cuda/elementary.cuh"

namespace lyceum::kernels::cuda {

/// Eight neighbours of a row, as pairs of 16-bit values.
struct alignas(16) Eight {
  std::uint32_t pairs[4];
};

/// A lane's part of 16 outputs times 8 tokens: with row = lane / 4 and column = lane % 4 * 2 the elements
/// (row, column), (row, column + 1), (row + 8, column), (row + 8, column + 1).
struct Accumulator {
  float values[4];
};

/// sums += W X over 32 inputs. Of the 16 rows of weights this lane brings rows lane / 4 (`low`) and lane / 4
/// + 8 (`high`), of the 8 tokens token lane / 4 (`x`), each with inputs lane % 4 * 8 to + 7. So all three are
/// read 16 bytes at a time, and the matrix unit's own order of inputs is never needed: it is the same for
/// both sides. The order of the sum is the unit's, and depends on nothing else in the batch.
template <Narrow kind>
LYCEUM_DEVICE void multiply_add(Accumulator& sums, const Eight& low, const Eight& high, const Eight& x);

#if defined(__CUDACC__)

template <Narrow kind>
LYCEUM_DEVICE void multiply_add_16(Accumulator& sums, std::uint32_t a0, std::uint32_t a1, std::uint32_t a2,
                                   std::uint32_t a3, std::uint32_t b0, std::uint32_t b1) {
  if constexpr (kind == Narrow::bf16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(sums.values[0]), "+f"(sums.values[1]), "+f"(sums.values[2]), "+f"(sums.values[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  } else {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(sums.values[0]), "+f"(sums.values[1]), "+f"(sums.values[2]), "+f"(sums.values[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  }
}

template <Narrow kind>
LYCEUM_DEVICE void multiply_add(Accumulator& sums, const Eight& low, const Eight& high, const Eight& x) {
  multiply_add_16<kind>(sums, low.pairs[0], high.pairs[0], low.pairs[1], high.pairs[1], x.pairs[0],
                        x.pairs[1]);
  multiply_add_16<kind>(sums, low.pairs[2], high.pairs[2], low.pairs[3], high.pairs[3], x.pairs[2],
                        x.pairs[3]);
}

#else

template <Narrow kind>
void multiply_add(Accumulator& sums, const Eight& low, const Eight& high, const Eight& x) {
  struct Lane {
    Eight low;
    Eight high;
    Eight x;
  };

  emulation::show(Lane{low, high, x});
  const int lane = thread() % 32;
  for (int quarter = 0; quarter < 4; ++quarter) {
    const Lane weights = emulation::seen<Lane>(lane / 4 * 4 + quarter);
    const Eight first = emulation::seen<Lane>(lane % 4 * 8 + quarter).x;
    const Eight second = emulation::seen<Lane>(lane % 4 * 8 + 4 + quarter).x;
    for (unsigned i = 0; i < 8; ++i) {
      const auto value = [i](const Eight& eight) {
        return widened(kind, static_cast<std::uint16_t>(eight.pairs[i / 2] >> (i % 2 * 16)));
      };
      sums.values[0] += value(weights.low) * value(first);
      sums.values[1] += value(weights.low) * value(second);
      sums.values[2] += value(weights.high) * value(first);
      sums.values[3] += value(weights.high) * value(second);
    }
  }
}

#endif

}  // namespace lyceum::kernels::cuda
