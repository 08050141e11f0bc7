#include <cstddef>
#include <cstdint>

#include <cublas_v2.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "bench/card_rates.hpp"

namespace lyceum {
namespace {

__global__ void sum_words(const uint4* words, std::size_t count, unsigned* sum) {
  unsigned total = 0;
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += step) {
    const uint4 word = words[i];
    total ^= word.x ^ word.y ^ word.z ^ word.w;
  }
  if (total == 1) atomicAdd(sum, total);  // Keeps the loads; for zeros it never happens.
}

/// Milliseconds of the fastest of several rounds.
template <class Work>
float fastest_ms(const Work& work) {
  cudaEvent_t begin = nullptr;
  cudaEvent_t end = nullptr;
  cudaEventCreate(&begin);
  cudaEventCreate(&end);
  float best = 1e30F;
  for (int round = 0; round < 10; ++round) {
    cudaEventRecord(begin);
    work();
    cudaEventRecord(end);
    cudaEventSynchronize(end);
    float ms = 0.0F;
    cudaEventElapsedTime(&ms, begin, end);
    best = ms < best ? ms : best;
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return best;
}

double read_rate() {
  constexpr std::size_t kBytes = std::size_t{4} << 30U;
  void* memory = nullptr;
  if (cudaMalloc(&memory, kBytes) != cudaSuccess) return 0.0;
  cudaMemset(memory, 0, kBytes);
  const float ms = fastest_ms([&] {
    sum_words<<<132 * 16, 512>>>(static_cast<const uint4*>(memory), kBytes / sizeof(uint4),
                                 static_cast<unsigned*>(memory));
  });
  cudaFree(memory);
  return static_cast<double>(kBytes) / ms * 1e-6;
}

double matrix_rate() {
  constexpr int kSize = 8192;
  constexpr std::size_t kBytes = std::size_t{kSize} * kSize * sizeof(__nv_bfloat16);
  void* memory = nullptr;
  cublasHandle_t handle = nullptr;
  if (cudaMalloc(&memory, 3 * kBytes) != cudaSuccess) return 0.0;
  if (cublasCreate(&handle) != CUBLAS_STATUS_SUCCESS) return 0.0;
  cudaMemset(memory, 0x3C, 3 * kBytes);
  auto* const bytes = static_cast<char*>(memory);
  const float one = 1.0F;
  const float zero = 0.0F;
  bool is_done = true;
  const float ms = fastest_ms([&] {
    is_done = is_done &&
              cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, kSize, kSize, kSize, &one, bytes, CUDA_R_16BF,
                           kSize, bytes + kBytes, CUDA_R_16BF, kSize, &zero, bytes + 2 * kBytes, CUDA_R_16BF,
                           kSize, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_SUCCESS;
  });
  cublasDestroy(handle);
  cudaFree(memory);
  return is_done ? 2.0 * kSize * kSize * kSize / ms * 1e-9 : 0.0;
}

}  // namespace

CardRates measure_card_rates() {
  return {read_rate(), matrix_rate()};
}

}  // namespace lyceum
