#include "model/architectures/device_memory.hpp"

#include <array>

#include <gtest/gtest.h>

#include "kernels/cuda/emulation/runtime.hpp"
#include "kernels/device.hpp"

namespace lyceum::model {
namespace {

TEST(Layout, GivesPartsOneAfterTheOtherAndNullForEmptyOnes) {
  alignas(256) std::array<std::byte, 1024> memory{};
  Layout layout(memory.data());

  float* const first = layout.take<float>(3);
  // Null says that there is no such part: operations choose by it.
  float* const none = layout.take<float>(0);
  float* const second = layout.take<float>(65);

  EXPECT_EQ(reinterpret_cast<std::byte*>(first), memory.data());
  EXPECT_EQ(none, nullptr);
  EXPECT_EQ(reinterpret_cast<std::byte*>(second), memory.data() + 256);
  EXPECT_EQ(layout.size_bytes(), 768U);
}

TEST(DeviceMemoryLimit, CountsWhatIsThereAndRefusesMore) {
  const auto device =
      kernels::Device::open_blocking(kernels::cuda::emulated_table(), 0, kernels::Narrow::bf16, 1000);
  ASSERT_TRUE(device);
  EXPECT_EQ((*device)->describe().free_bytes, 1000U);
  {
    const auto most = kernels::DeviceMemory::allocate(*device, 800);
    ASSERT_TRUE(most);
    EXPECT_EQ((*device)->describe().free_bytes, 200U);

    const auto refused = kernels::DeviceMemory::allocate(*device, 201);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_EQ((*device)->describe().free_bytes, 200U);
  }
  EXPECT_EQ((*device)->describe().free_bytes, 1000U);
  EXPECT_TRUE(kernels::DeviceMemory::allocate(*device, 1000));
}

}  // namespace
}  // namespace lyceum::model
