// Devices, memory and graphs by the CUDA runtime, and the one symbol of the library.
#include <cstdio>
#include <cstring>

#include "kernels/cuda/context.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels {

struct DeviceGraph {
  cudaGraphExec_t executable;
};

namespace cuda {

void note(DeviceContext& context, cudaError_t status, const char* what) {
  if (status == cudaSuccess || context.failure[0] != '\0') return;
  std::snprintf(context.failure, sizeof(context.failure), "%s: %s", what, cudaGetErrorString(status));
}

namespace {

std::int32_t count_devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

DeviceContext* open(std::int32_t index, Narrow narrow, char* error, std::size_t error_bytes) {
  auto* const context = new DeviceContext{};
  context->narrow = narrow;
  context->index = index;
  note(*context, cudaSetDevice(index), "cudaSetDevice");
  note(*context, cudaStreamCreateWithFlags(&context->stream, cudaStreamNonBlocking), "cudaStreamCreate");
  if (context->failure[0] == '\0') return context;
  std::snprintf(error, error_bytes, "%s", context->failure);
  delete context;
  return nullptr;
}

void close(DeviceContext* context) {
  cudaSetDevice(context->index);
  cudaStreamSynchronize(context->stream);
  cudaStreamDestroy(context->stream);
  delete context;
}

void describe(DeviceContext* context, DeviceDescription* description) {
  *description = {};
  cudaDeviceProp properties{};
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  note(*context, cudaSetDevice(context->index), "cudaSetDevice");
  note(*context, cudaGetDeviceProperties(&properties, context->index), "cudaGetDeviceProperties");
  note(*context, cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  std::snprintf(description->name, sizeof(description->name), "%s", properties.name);
  description->memory_bytes = total_bytes;
  description->free_bytes = free_bytes;
}

const char* synchronize(DeviceContext* context) {
  note(*context, cudaStreamSynchronize(context->stream), "cudaStreamSynchronize");
  return context->failure[0] == '\0' ? nullptr : context->failure;
}

// The calling thread may never have met this device.
void* allocate(DeviceContext* context, std::size_t bytes) {
  void* memory = nullptr;
  if (cudaSetDevice(context->index) == cudaSuccess && cudaMalloc(&memory, bytes) == cudaSuccess)
    return memory;
  cudaGetLastError();  // Told by the null; it must not be found again behind the next launch.
  return nullptr;
}

void release(DeviceContext* context, void* memory) {
  cudaSetDevice(context->index);
  note(*context, cudaFree(memory), "cudaFree");
}

void upload(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  note(*context, cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, context->stream), "upload");
}

void download(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  note(*context, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, context->stream), "download");
}

void copy(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  note(*context, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, context->stream), "copy");
}

void begin_graph(DeviceContext* context) {
  note(*context, cudaStreamBeginCapture(context->stream, cudaStreamCaptureModeThreadLocal), "begin_graph");
}

DeviceGraph* end_graph(DeviceContext* context) {
  cudaGraph_t graph = nullptr;
  note(*context, cudaStreamEndCapture(context->stream, &graph), "end_graph");
  auto* const made = new DeviceGraph{};
  note(*context, cudaGraphInstantiate(&made->executable, graph, 0), "cudaGraphInstantiate");
  if (graph != nullptr) cudaGraphDestroy(graph);
  return made;
}

void launch_graph(DeviceContext* context, DeviceGraph* graph) {
  note(*context, cudaGraphLaunch(graph->executable, context->stream), "launch_graph");
}

void destroy_graph(DeviceContext*, DeviceGraph* graph) {
  if (graph->executable != nullptr) cudaGraphExecDestroy(graph->executable);
  delete graph;
}

const DeviceTable& table() {
  static const DeviceTable table = [] {
    DeviceTable made{};
    set_operations(made);
    made.count_devices = count_devices;
    made.open = open;
    made.close = close;
    made.describe = describe;
    made.synchronize = synchronize;
    made.allocate = allocate;
    made.release = release;
    made.upload = upload;
    made.download = download;
    made.copy = copy;
    made.begin_graph = begin_graph;
    made.end_graph = end_graph;
    made.launch_graph = launch_graph;
    made.destroy_graph = destroy_graph;
    return made;
  }();
  return table;
}

}  // namespace
}  // namespace cuda
}  // namespace lyceum::kernels

extern "C" __attribute__((visibility("default"))) const lyceum::kernels::DeviceTable* lyceum_device_table(
    std::uint32_t abi) {
  return abi == lyceum::kernels::kDeviceAbi ? &lyceum::kernels::cuda::table() : nullptr;
}
