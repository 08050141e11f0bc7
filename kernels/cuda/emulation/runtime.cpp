#include "kernels/cuda/emulation/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.hpp"
#include "kernels/cuda/context.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels {

struct DeviceGraph {
  std::vector<std::function<void()>> operations{};
};

namespace cuda {
namespace {

/// Behind every allocation, so that a kernel that writes past an end is found.
constexpr std::size_t kGuardBytes = 4096;
constexpr int kGuard = 0x5A;
constexpr std::size_t kAlignment = 256;

DeviceContext* open(std::int32_t, Narrow narrow, char*, std::size_t) {
  return new DeviceContext{.narrow = narrow};
}

void* allocate(DeviceContext*, std::size_t bytes) {
  const std::size_t whole = (kAlignment + bytes + kGuardBytes + kAlignment - 1) / kAlignment * kAlignment;
  auto* const base = static_cast<std::byte*>(std::aligned_alloc(kAlignment, whole));
  if (base == nullptr) return nullptr;
  std::memcpy(base, &bytes, sizeof(bytes));  // How many were asked for
  std::byte* const memory = base + kAlignment;
  // As full of nonsense as a device's memory may be.
  std::memset(memory, 0x7F, bytes);
  std::memset(memory + bytes, kGuard, kGuardBytes);
  return memory;
}

void release(DeviceContext*, void* memory) {
  auto* const bytes = static_cast<std::byte*>(memory);
  std::byte* const base = bytes - kAlignment;
  std::size_t size = 0;
  std::memcpy(&size, base, sizeof(size));
  const std::byte* const guard = bytes + size;
  LYCEUM_CHECK(std::all_of(guard, guard + kGuardBytes, [](std::byte b) { return b == std::byte{kGuard}; }));
  std::free(base);
}

/// No graph holds it: its host's memory may be gone when the graph is launched.
void transfer(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  LYCEUM_CHECK(context->recorded == nullptr);
  std::memcpy(to, from, bytes);
}

// Fetches arrive as late as they may, and until then nothing is where they go.
void fetch(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  LYCEUM_CHECK(context->recorded == nullptr);
  std::memset(to, 0x7F, bytes);
  context->fetches.push_back({to, from, bytes});
}

void await_fetches(DeviceContext* context) {
  for (const auto& [to, from, bytes] : context->fetches) std::memcpy(to, from, bytes);
  context->fetches.clear();
}

/// Now and then they have arrived by themselves.
std::int32_t is_fetching(DeviceContext* context) {
  if (++context->num_looks % 3 == 0) await_fetches(context);
  return context->fetches.empty() ? 0 : 1;
}

void begin_graph(DeviceContext* context) {
  context->recorded = std::make_unique<std::vector<std::function<void()>>>();
}

DeviceGraph* end_graph(DeviceContext* context) {
  auto* const graph = new DeviceGraph{std::move(*context->recorded)};
  context->recorded = nullptr;
  return graph;
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
  table.allocate = allocate;
  table.release = release;
  table.upload = transfer;
  table.download = transfer;
  table.copy = transfer;
  table.pin = [](DeviceContext*, const void*, std::size_t) { return std::int32_t{1}; };
  table.unpin = [](DeviceContext*, const void*) {};
  table.fetch = fetch;
  table.hold_fetches = [](DeviceContext*) {};
  table.await_fetches = await_fetches;
  table.is_fetching = is_fetching;
  table.begin_graph = begin_graph;
  table.end_graph = end_graph;
  table.launch_graph = [](DeviceContext*, DeviceGraph* graph) {
    for (const auto& operation : graph->operations) operation();
  };
  table.destroy_graph = [](DeviceContext*, DeviceGraph* graph) { delete graph; };
  return table;
}

}  // namespace

const DeviceTable& emulated_table() {
  static const DeviceTable table = make_table();
  return table;
}

}  // namespace cuda
}  // namespace lyceum::kernels
