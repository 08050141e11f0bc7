#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "kernels/device_table.hpp"

namespace lyceum::kernels {

/// Where a model computes.
struct DeviceChoice {
  enum class Kind : std::uint8_t {
    cpu,
    cuda,
    automatic,  ///< The first card where there is one, else the processor
  };
  Kind kind = Kind::cpu;
  std::int32_t index = 0;  ///< Of the card
};

/// "cpu", "cuda", "cuda:N" or "auto". invalid_argument.
Result<DeviceChoice> parse_device(std::string_view text);

/// The table of liblyceum_cuda.so, which stays loaded: the file that the environment's LYCEUM_CUDA_LIBRARY
/// names, else the one beside the program, else where the system's loader looks. unavailable says what was
/// missing: the library, its ABI, a driver or a card.
Result<const DeviceTable*> load_device_table_blocking();

/// A device with its queue. Calls come from one thread at a time; memory may be allocated from any.
class Device {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  /// unavailable with the device's reason. All that is allocated together has at most `memory_limit` bytes.
  static Result<std::shared_ptr<Device>> open_blocking(const DeviceTable& table, std::int32_t index,
                                                       Narrow narrow, std::uint64_t memory_limit = kNoLimit);

  Device(const DeviceTable& table, DeviceContext* context, std::uint64_t memory_limit)
      : table_(table), context_(context), memory_limit_(memory_limit) {}

  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  ~Device() { table_.close(context_); }

  const DeviceTable& table() const { return table_; }

  DeviceContext* context() const { return context_; }

  /// What is free is at most what the limit leaves.
  DeviceDescription describe() const;

  /// Null when there is no room.
  void* allocate(std::size_t bytes);
  void release(void* memory, std::size_t bytes);

  /// Waits for all that was asked. internal with the device's words.
  Result<void> synchronize() const;

 private:
  const DeviceTable& table_;
  DeviceContext* context_;
  const std::uint64_t memory_limit_;
  std::atomic<std::uint64_t> used_bytes_ = 0;
};

/// Memory on a device; the device is shared by all that lies on it.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  /// overloaded, with what was asked for and what is free.
  static Result<DeviceMemory> allocate(const std::shared_ptr<Device>& device, std::size_t bytes);

  std::byte* data() const { return static_cast<std::byte*>(memory_.get()); }

  std::size_t size_bytes() const { return size_bytes_; }

 private:
  std::shared_ptr<void> memory_{};  ///< Shared with nobody: the type keeps its deleter
  std::size_t size_bytes_ = 0;
};

}  // namespace lyceum::kernels
