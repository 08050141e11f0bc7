#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "kernels/device.hpp"

namespace lyceum::model {

/// Lays parts out one after the other, of which empty ones are null; without a base it only counts.
class Layout {
 public:
  explicit Layout(std::byte* base) : base_(base) {}

  template <class T>
  T* take(std::size_t count) {
    if (count == 0) return nullptr;
    const std::size_t at = used_;
    // What the widest loads of the kernels ask for.
    used_ += (count * sizeof(T) + 255) / 256 * 256;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }

  std::size_t size_bytes() const { return used_; }

 private:
  std::byte* base_;
  std::size_t used_ = 0;
};

/// Memory that grows only; `generation` tells whether addresses are still those of before.
class GrowingMemory {
 public:
  explicit GrowingMemory(std::shared_ptr<kernels::Device> device) : device_(std::move(device)) {}

  /// At least `bytes`; overloaded when there is no room. The contents are lost when it grows.
  Result<std::byte*> of(std::size_t bytes) {
    if (bytes > memory_.size_bytes()) {
      memory_ = {};
      ++generation_;
      TRY(memory_, kernels::DeviceMemory::allocate(device_, bytes));
    }
    return memory_.data();
  }

  std::uint64_t generation() const { return generation_; }

 private:
  std::shared_ptr<kernels::Device> device_;  ///< Shared with all that lies on it
  kernels::DeviceMemory memory_{};
  std::uint64_t generation_ = 0;
};

}  // namespace lyceum::model
