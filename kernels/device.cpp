#include "kernels/device.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include <dlfcn.h>

namespace lyceum::kernels {
namespace {

constexpr const char* kLibrary = "liblyceum_cuda.so";
constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

/// Where the library is looked for, best first.
std::string library_path() {
  if (const char* const named = std::getenv("LYCEUM_CUDA_LIBRARY"); named != nullptr) return named;
  std::error_code failed;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path() / kLibrary;
  return !failed && std::filesystem::exists(beside, failed) ? beside.string() : kLibrary;
}

Result<const DeviceTable*> table_of(const std::string& path) {
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Error{Errc::unavailable, "no CUDA here: " + std::string(dlerror())};
  // The one cast that dlsym's interface asks for.
  const auto entry = reinterpret_cast<DeviceTableEntry>(dlsym(library, kDeviceEntryName));
  if (entry == nullptr) return Error{Errc::unavailable, path + ": no Lyceum library of device kernels"};
  const DeviceTable* const table = entry(kDeviceAbi);
  if (table == nullptr || table->table_bytes != sizeof(DeviceTable))
    return Error{Errc::unavailable, path + ": built for another version of this program"};
  return table;
}

}  // namespace

Result<DeviceChoice> parse_device(std::string_view text) {
  constexpr std::string_view kCuda = "cuda";
  if (text == "cpu") return DeviceChoice{};
  if (text == "auto") return DeviceChoice{.kind = DeviceChoice::Kind::automatic};
  DeviceChoice choice{.kind = DeviceChoice::Kind::cuda};
  if (text == kCuda) return choice;
  if (text.starts_with("cuda:")) {
    const std::string_view number = text.substr(kCuda.size() + 1);
    const auto [end, failed] = std::from_chars(number.begin(), number.end(), choice.index);
    if (failed == std::errc{} && end == number.end() && choice.index >= 0) return choice;
  }
  return Error{Errc::invalid_argument,
               "expected cpu, cuda, cuda:N or auto, not \"" + std::string(text.substr(0, 64)) + "\""};
}

Result<const DeviceTable*> load_device_table_blocking() {
  // Once: CUDA keeps threads of its own, so that the library may never leave.
  static const Result<const DeviceTable*> loaded = table_of(library_path());
  return loaded;
}

Result<std::shared_ptr<Device>> Device::open_blocking(const DeviceTable& table, std::int32_t index,
                                                      Narrow narrow, std::uint64_t memory_limit) {
  const std::int32_t count = table.count_devices();
  if (index >= count)
    return Error{Errc::unavailable, "cuda:" + std::to_string(index) + " is not there: " +
                                        (count == 0 ? "no card or no driver"
                                                    : "the last one is cuda:" + std::to_string(count - 1))};
  std::array<char, 512> reason{};
  DeviceContext* const context = table.open(index, narrow, reason.data(), reason.size());
  if (context == nullptr)
    return Error{Errc::unavailable, "cuda:" + std::to_string(index) + ": " + reason.data()};
  return std::make_shared<Device>(table, context, memory_limit);
}

DeviceDescription Device::describe() const {
  DeviceDescription description{};
  table_.describe(context_, &description);
  const std::uint64_t used = used_bytes_;
  description.free_bytes = std::min(description.free_bytes, memory_limit_ - std::min(memory_limit_, used));
  return description;
}

void* Device::allocate(std::size_t bytes) {
  if (used_bytes_.fetch_add(bytes) + bytes <= memory_limit_) {
    void* const memory = table_.allocate(context_, bytes);
    if (memory != nullptr) return memory;
  }
  used_bytes_ -= bytes;
  return nullptr;
}

void Device::release(void* memory, std::size_t bytes) {
  table_.release(context_, memory);
  used_bytes_ -= bytes;
}

Result<void> Device::synchronize() const {
  const char* const failure = table_.synchronize(context_);
  if (failure == nullptr) return ok();
  return Error{Errc::internal, "the device failed: " + std::string(failure)};
}

Result<DeviceMemory> DeviceMemory::allocate(const std::shared_ptr<Device>& device, std::size_t bytes) {
  DeviceMemory allocated;
  void* const memory = device->allocate(bytes);
  if (memory == nullptr)
    return Error{Errc::overloaded,
                 "the device has " + std::to_string(device->describe().free_bytes / kMebibyte) +
                     " MiB free, " + std::to_string(bytes / kMebibyte + 1) + " MiB more are needed"};
  allocated.memory_ = {memory, [device, bytes](void* at) { device->release(at, bytes); }};
  allocated.size_bytes_ = bytes;
  return allocated;
}

}  // namespace lyceum::kernels
