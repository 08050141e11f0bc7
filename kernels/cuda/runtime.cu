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

cudaError_t enter(const DeviceContext& context) {
  thread_local int entered = -1;
  if (entered == context.index) return cudaSuccess;
  const cudaError_t status = cudaSetDevice(context.index);
  if (status == cudaSuccess) entered = context.index;
  return status;
}

namespace {

std::int32_t count_devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

void destroy(DeviceContext* context) {
  if (context->done != nullptr) cudaEventDestroy(context->done);
  if (context->arrived != nullptr) cudaEventDestroy(context->arrived);
  if (context->stream != nullptr) cudaStreamDestroy(context->stream);
  if (context->fetches != nullptr) cudaStreamDestroy(context->fetches);
  delete context;
}

DeviceContext* open(std::int32_t index, Narrow narrow, char* error, std::size_t error_bytes) {
  auto* const context = new DeviceContext{};
  context->narrow = narrow;
  context->index = index;
  note(*context, enter(*context), "cudaSetDevice");
  for (cudaStream_t* stream : {&context->stream, &context->fetches})
    note(*context, cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking), "cudaStreamCreate");
  for (cudaEvent_t* event : {&context->done, &context->arrived})
    note(*context, cudaEventCreateWithFlags(event, cudaEventDisableTiming), "cudaEventCreate");
  if (context->failure[0] == '\0') return context;
  std::snprintf(error, error_bytes, "%s", context->failure);
  destroy(context);
  cudaGetLastError();
  return nullptr;
}

void close(DeviceContext* context) {
  enter(*context);
  cudaStreamSynchronize(context->fetches);
  cudaStreamSynchronize(context->stream);
  destroy(context);
}

void describe(DeviceContext* context, DeviceDescription* description) {
  *description = {};
  cudaDeviceProp properties{};
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
  enter(*context);
  note(*context, cudaGetDeviceProperties(&properties, context->index), "cudaGetDeviceProperties");
  note(*context, cudaMemGetInfo(&free_bytes, &total_bytes), "cudaMemGetInfo");
  std::snprintf(description->name, sizeof(description->name), "%s", properties.name);
  description->memory_bytes = total_bytes;
  description->free_bytes = free_bytes;
}

const char* synchronize(DeviceContext* context) {
  enter(*context);
  note(*context, cudaStreamSynchronize(context->stream), "cudaStreamSynchronize");
  return context->failure[0] == '\0' ? nullptr : context->failure;
}

// The calling thread may never have met this device.
void* allocate(DeviceContext* context, std::size_t bytes) {
  void* memory = nullptr;
  enter(*context);
  if (cudaMalloc(&memory, bytes) == cudaSuccess) return memory;
  cudaGetLastError();  // Told by the null; it must not be found again behind the next launch.
  return nullptr;
}

void release(DeviceContext* context, void* memory) {
  enter(*context);
  note(*context, cudaFree(memory), "cudaFree");
}

void transfer(DeviceContext* context, void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  enter(*context);
  note(*context, cudaMemcpyAsync(to, from, bytes, kind, context->stream), "cudaMemcpyAsync");
}

void upload(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  transfer(context, to, from, bytes, cudaMemcpyHostToDevice);
}

void download(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  transfer(context, to, from, bytes, cudaMemcpyDeviceToHost);
}

void copy(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  transfer(context, to, from, bytes, cudaMemcpyDeviceToDevice);
}

// A file is mapped for reading only, which not every system can register.
std::int32_t pin(DeviceContext* context, const void* memory, std::size_t bytes) {
  enter(*context);
  int may_be_read_only = 0;
  cudaDeviceGetAttribute(&may_be_read_only, cudaDevAttrHostRegisterReadOnlySupported, context->index);
  const unsigned flags = may_be_read_only != 0 ? cudaHostRegisterReadOnly : cudaHostRegisterDefault;
  if (cudaHostRegister(const_cast<void*>(memory), bytes, flags) == cudaSuccess) return 1;
  cudaGetLastError();
  return 0;
}

void unpin(DeviceContext* context, const void* memory) {
  enter(*context);
  note(*context, cudaHostUnregister(const_cast<void*>(memory)), "cudaHostUnregister");
}

void fetch(DeviceContext* context, void* to, const void* from, std::size_t bytes) {
  enter(*context);
  note(*context, cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, context->fetches), "fetch");
}

void hold_fetches(DeviceContext* context) {
  enter(*context);
  note(*context, cudaEventRecord(context->done, context->stream), "cudaEventRecord");
  note(*context, cudaStreamWaitEvent(context->fetches, context->done, 0), "cudaStreamWaitEvent");
}

void await_fetches(DeviceContext* context) {
  enter(*context);
  note(*context, cudaEventRecord(context->arrived, context->fetches), "cudaEventRecord");
  note(*context, cudaStreamWaitEvent(context->stream, context->arrived, 0), "cudaStreamWaitEvent");
}

std::int32_t is_fetching(DeviceContext* context) {
  enter(*context);
  const cudaError_t status = cudaStreamQuery(context->fetches);
  if (status == cudaErrorNotReady) {
    cudaGetLastError();  // No failure, but the next launch would take it for one.
    return 1;
  }
  note(*context, status, "cudaStreamQuery");
  return 0;
}

void begin_graph(DeviceContext* context) {
  enter(*context);
  note(*context, cudaStreamBeginCapture(context->stream, cudaStreamCaptureModeThreadLocal), "begin_graph");
}

// A failure is told by the next `synchronize`.
DeviceGraph* end_graph(DeviceContext* context) {
  cudaGraph_t graph = nullptr;
  note(*context, cudaStreamEndCapture(context->stream, &graph), "end_graph");
  auto* const made = new DeviceGraph{};
  if (graph == nullptr) return made;
  note(*context, cudaGraphInstantiate(&made->executable, graph, 0), "cudaGraphInstantiate");
  cudaGraphDestroy(graph);
  return made;
}

void launch_graph(DeviceContext* context, DeviceGraph* graph) {
  enter(*context);
  if (graph->executable == nullptr) return;
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
    made.pin = pin;
    made.unpin = unpin;
    made.fetch = fetch;
    made.hold_fetches = hold_fetches;
    made.await_fetches = await_fetches;
    made.is_fetching = is_fetching;
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
