#pragma once

// The few words in which kernels are written, so that one source is compiled for the device and, by any
// C++ compiler, for the emulation that tests them where there is no device.
#include <cstdint>

#if defined(__CUDACC__)

#include <cuda_fp16.h>

#define LYCEUM_KERNEL __global__ void
#define LYCEUM_DEVICE __device__ __forceinline__
/// For the host's code as well.
#define LYCEUM_BOTH __host__ __device__ __forceinline__
#define LYCEUM_SHARED __shared__
/// Threads of a block, and blocks that shall share a processor.
#define LYCEUM_BOUNDS(threads, blocks) __launch_bounds__(threads, blocks)

namespace lyceum::kernels::cuda {

LYCEUM_DEVICE int thread() {
  return static_cast<int>(threadIdx.x);
}

LYCEUM_DEVICE int block_x() {
  return static_cast<int>(blockIdx.x);
}

LYCEUM_DEVICE int block_y() {
  return static_cast<int>(blockIdx.y);
}

LYCEUM_DEVICE int block_z() {
  return static_cast<int>(blockIdx.z);
}

LYCEUM_DEVICE int num_threads() {
  return static_cast<int>(blockDim.x);
}

LYCEUM_DEVICE void sync_block() {
  __syncthreads();
}

LYCEUM_DEVICE void sync_warp() {
  __syncwarp();
}

/// The value of the lane whose number differs in the bits of `mask`.
template <class T>
LYCEUM_DEVICE T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(0xFFFFFFFFU, value, mask);
}

/// The value of another lane.
template <class T>
LYCEUM_DEVICE T shuffle(T value, int lane) {
  return __shfl_sync(0xFFFFFFFFU, value, lane);
}

/// All lanes' values as one: lane l with l ^ 16, then 8, 4, 2, 1. `combine` is commutative.
template <class Combine>
LYCEUM_DEVICE float over_warp(float value, const Combine& combine) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) value = combine(value, shuffle_xor(value, mask));
  return value;
}

/// A bit a lane.
LYCEUM_DEVICE std::uint32_t ballot(bool holds) {
  return __ballot_sync(0xFFFFFFFFU, holds);
}

LYCEUM_DEVICE int count_bits(std::uint32_t bits) {
  return __popc(bits);
}

LYCEUM_DEVICE float float_of_bits(std::uint32_t bits) {
  return __uint_as_float(bits);
}

LYCEUM_DEVICE std::uint32_t bits_of_float(float value) {
  return __float_as_uint(value);
}

LYCEUM_DEVICE float wide_f16(std::uint16_t bits) {
  return __half2float(__ushort_as_half(bits));
}

LYCEUM_DEVICE std::uint16_t narrow_f16(float value) {
  return __half_as_ushort(__float2half_rn(fminf(fmaxf(value, -65504.0F), 65504.0F)));
}

/// 16 bytes from global to shared memory, both aligned, past the registers; zeros without `is_there`.
LYCEUM_DEVICE void copy_16_async(void* shared, const void* global, bool is_there) {
  const auto to = static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = is_there ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(bytes) : "memory");
}

LYCEUM_DEVICE void commit_copies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most kPending groups of this thread's copies are under way.
template <int kPending>
LYCEUM_DEVICE void wait_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace lyceum::kernels::cuda

#else

#include "kernels/cuda/emulation/threads.hpp"

#endif
