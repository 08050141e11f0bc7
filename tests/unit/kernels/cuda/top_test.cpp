// Goal: a device gives the highest logits of each row as a sort on the host does, with the lower id
// first among equals and what is no number first of all. Method: rows of one part and of several, with ties
// that span parts, both zeros and infinities.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/cuda/emulation/runtime.hpp"
#include "kernels/device.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

std::vector<std::int32_t> expected_ids(std::span<const float> row, std::size_t count) {
  std::vector<std::int32_t> ids(row.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto rank = [&](std::int32_t id) {
    const float value = row[static_cast<std::size_t>(id)];
    if (std::isnan(value)) return std::numeric_limits<double>::infinity();
    return std::min(static_cast<double>(value), std::numeric_limits<double>::max());
  };
  std::ranges::sort(
      ids, [&](std::int32_t a, std::int32_t b) { return rank(a) != rank(b) ? rank(a) > rank(b) : a < b; });
  ids.resize(count);
  return ids;
}

class DeviceTopOfRows : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const DeviceTable* table = &cuda::emulated_table();
    if (!GetParam()) {
      const auto loaded = load_device_table_blocking();
      if (!loaded) GTEST_SKIP() << loaded.error().message;
      table = *loaded;
    }
    auto opened = Device::open_blocking(*table, 0, Narrow::bf16);
    if (!opened && !GetParam()) GTEST_SKIP() << opened.error().message;
    ASSERT_TRUE(opened);
    device = *std::move(opened);
  }

  template <class T>
  T* room(std::size_t count) {
    auto memory = DeviceMemory::allocate(device, count * sizeof(T));
    EXPECT_TRUE(memory);
    kept.push_back(*std::move(memory));
    return reinterpret_cast<T*>(kept.back().data());
  }

  void expect_top(const std::vector<float>& logits, std::size_t num_rows, std::size_t count) {
    const std::size_t width = logits.size() / num_rows;
    DeviceTop asked{};
    float* const placed = room<float>(logits.size());
    device->table().upload(device->context(), placed, logits.data(), logits.size() * sizeof(float));
    asked.logits = placed;
    asked.keys = room<std::uint64_t>(static_cast<std::size_t>(top_keys(static_cast<std::int64_t>(num_rows),
                                                                       static_cast<std::int64_t>(width),
                                                                       static_cast<std::int64_t>(count))));
    asked.ids = room<std::int32_t>(num_rows * count);
    asked.values = room<float>(num_rows * count);
    asked.num_rows = static_cast<std::int32_t>(num_rows);
    asked.width = static_cast<std::int32_t>(width);
    asked.count = static_cast<std::int32_t>(count);
    device->table().top(device->context(), &asked);
    std::vector<std::int32_t> ids(num_rows * count);
    std::vector<float> values(num_rows * count);
    device->table().download(device->context(), ids.data(), asked.ids, ids.size() * sizeof(std::int32_t));
    device->table().download(device->context(), values.data(), asked.values, values.size() * sizeof(float));
    ASSERT_TRUE(device->synchronize());
    for (std::size_t row = 0; row < num_rows; ++row) {
      const auto expected = expected_ids(std::span(logits).subspan(row * width, width), count);
      for (std::size_t i = 0; i < count; ++i) {
        const float value = logits[row * width + static_cast<std::size_t>(expected[i])];
        ASSERT_EQ(ids[row * count + i], expected[i]) << "row " << row << ", rank " << i;
        if (!std::isnan(value)) ASSERT_EQ(values[row * count + i], value);
        if (std::isnan(value)) ASSERT_TRUE(std::isnan(values[row * count + i]));
      }
    }
  }

  std::shared_ptr<Device> device{};
  std::vector<DeviceMemory> kept{};
};

TEST_P(DeviceTopOfRows, AreThoseOfASort) {
  expect_top(random_values(3 * 333, 1), 3, 1);
  expect_top(random_values(3 * 333, 2), 3, 40);
  expect_top(random_values(2 * 9001, 3), 2, 1);
  expect_top(random_values(2 * 9001, 4), 2, static_cast<std::size_t>(kDeviceTopMax));
  expect_top({5.0F}, 1, 1);
}

TEST_P(DeviceTopOfRows, PutTheLowerIdFirstAmongEquals) {
  expect_top(std::vector<float>(9001, -2.5F), 1, 70);
  auto steps = random_values(9001, 5);
  for (float& value : steps) value = std::round(value * 4.0F) / 4.0F;
  expect_top(steps, 1, 128);
  std::vector<float> zeros(4100, 0.0F);
  for (std::size_t i = 0; i < zeros.size(); i += 2) zeros[i] = -0.0F;
  expect_top(zeros, 1, 10);
}

TEST_P(DeviceTopOfRows, ShowWhatIsNoNumberFirst) {
  auto logits = random_values(5000, 6);
  logits[4321] = std::numeric_limits<float>::quiet_NaN();
  logits[17] = -std::numeric_limits<float>::quiet_NaN();
  logits[99] = std::numeric_limits<float>::infinity();
  std::fill(logits.begin() + 1000, logits.begin() + 1100, -std::numeric_limits<float>::infinity());
  expect_top(logits, 1, 5);
  expect_top(std::vector<float>(300, -std::numeric_limits<float>::infinity()), 1, 3);
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceTopOfRows, testing::Bool(),
                         [](const auto& info) { return info.param ? "emulated" : "card"; });

}  // namespace
}  // namespace lyceum::kernels
