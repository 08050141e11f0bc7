#include "kernels/cuda/emulation/runtime.hpp"

#include <cstdlib>
#include <cstring>

#include "kernels/cuda/context.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {
namespace {

DeviceContext* open(std::int32_t, Narrow narrow, char*, std::size_t) {
  return new DeviceContext{.narrow = narrow};
}

DeviceTable make_table() {
  DeviceTable table{};
  set_operations(table);
  table.count_devices = [] { return std::int32_t{1}; };
  table.open = open;
  table.close = [](DeviceContext* context) { delete context; };
  table.describe = [](DeviceContext*, DeviceDescription* description) {
    *description = {.name = "emulation", .memory_bytes = 1ULL << 32U, .free_bytes = 1ULL << 32U};
  };
  table.synchronize = [](DeviceContext*) -> const char* { return nullptr; };
  table.allocate = [](DeviceContext*, std::size_t bytes) {
    // As full of nonsense as a device's memory may be.
    void* const memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    return memory == nullptr ? nullptr : std::memset(memory, 0x7F, bytes);
  };
  table.release = [](DeviceContext*, void* memory) { std::free(memory); };
  const auto copy = [](DeviceContext*, void* to, const void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
  };
  table.upload = copy;
  table.download = copy;
  table.copy = copy;
  table.begin_graph = [](DeviceContext*) {};
  table.end_graph = [](DeviceContext*) -> DeviceGraph* { return nullptr; };
  table.launch_graph = [](DeviceContext*, DeviceGraph*) {};
  table.destroy_graph = [](DeviceContext*, DeviceGraph*) {};
  return table;
}

}  // namespace

const DeviceTable& emulated_table() {
  static const DeviceTable table = make_table();
  return table;
}

}  // namespace lyceum::kernels::cuda
