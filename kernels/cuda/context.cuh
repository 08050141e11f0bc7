#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/cuda/platform.cuh"
#include "kernels/device_table.hpp"

namespace lyceum::kernels::cuda {

/// Blocks of a launch.
struct Grid {
  int x = 1;
  int y = 1;
  int z = 1;
};

constexpr int blocks_for(std::int64_t items, int per_block) {
  return static_cast<int>((items + per_block - 1) / per_block);
}

}  // namespace lyceum::kernels::cuda

namespace lyceum::kernels {

/// What a table's functions share.
struct DeviceContext {
  Narrow narrow = Narrow::bf16;
  int index = 0;
#if defined(__CUDACC__)
  cudaStream_t stream = nullptr;   ///< Of operations
  cudaStream_t fetches = nullptr;  ///< Of what comes beside them
  cudaEvent_t done = nullptr;      ///< Of operations, for fetches
  cudaEvent_t arrived = nullptr;   ///< Of fetches, for operations
#else
  struct Fetch {
    void* to;
    const void* from;
    std::size_t bytes;
  };

  std::vector<Fetch> fetches{};  ///< Under way
  unsigned num_looks = 0;        ///< Whether they are
  std::unique_ptr<std::vector<std::function<void()>>>
      recorded{};  ///< Operations of a graph; null: they are done
#endif
  char failure[512] = {};  ///< The first, or empty
};

}  // namespace lyceum::kernels

namespace lyceum::kernels::cuda {

#if defined(__CUDACC__)

void note(DeviceContext& context, cudaError_t status, const char* what);

/// The device is a thread's own choice, and any thread may ask for operations.
cudaError_t enter(const DeviceContext& context);

template <class... Parameters, class... Values>
void launch(DeviceContext* context, const char* name, void (*kernel)(Parameters...), const Grid& grid,
            int threads, const Values&... values) {
  if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return;
  const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y),
                    static_cast<unsigned>(grid.z));
  enter(*context);
  kernel<<<blocks, static_cast<unsigned>(threads), 0, context->stream>>>(values...);
  note(*context, cudaPeekAtLastError(), name);
}

#else

template <class... Parameters, class... Values>
void launch(DeviceContext* context, const char*, void (*kernel)(Parameters...), const Grid& grid, int threads,
            const Values&... values) {
  if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return;
  const auto work = [=] { emulation::run({grid.x, grid.y, grid.z}, threads, [&] { kernel(values...); }); };
  if (context->recorded != nullptr) {
    context->recorded->push_back(work);
  } else {
    work();
  }
}

#endif

}  // namespace lyceum::kernels::cuda
