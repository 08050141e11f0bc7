// Goal: products on a device agree with the reference for all types and odd sizes, and a token's results are
// the same bits alone, among few and among many. Method: several segments of inputs, outputs that fill no
// tile, and numbers of rows on both sides of the choice between the kernels; over the emulation everywhere,
// on a card where there is one. The bound: weights and activations are rounded to bf16, each by 2^-9 at most,
// so that a sum of n products errs by less than 2^-8 times the sum of their sizes, and the sums in f32 by
// less than n 2^-24 times that.
#include <gtest/gtest.h>

#include "kernels/cuda/emulation/runtime.hpp"
#include "kernels/device.hpp"
#include "kernels/matmul.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::kernels {
namespace {

constexpr std::int32_t kOutputs = 150;

struct Case {
  WeightType type;
  std::size_t num_inputs;
  bool is_emulated;
};

void PrintTo(const Case& shown, std::ostream* out) {
  *out << "type " << static_cast<int>(shown.type) << (shown.is_emulated ? ", emulated" : ", card");
}

class ProductsOnDevice : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const DeviceTable* table = &cuda::emulated_table();
    if (!GetParam().is_emulated) {
      const auto loaded = load_device_table_blocking();
      if (!loaded) GTEST_SKIP() << loaded.error().message;
      table = *loaded;
    }
    const Narrow narrow = GetParam().type == WeightType::f16 ? Narrow::f16 : Narrow::bf16;
    auto opened = Device::open_blocking(*table, 0, narrow);
    if (!opened && !GetParam().is_emulated) GTEST_SKIP() << opened.error().message;
    ASSERT_TRUE(opened);
    device = *std::move(opened);
  }

  template <class T>
  T* placed(std::span<const T> values) {
    auto memory = DeviceMemory::allocate(device, values.size_bytes());
    EXPECT_TRUE(memory);
    device->table().upload(device->context(), memory->data(), values.data(), values.size_bytes());
    kept.push_back(*std::move(memory));
    return reinterpret_cast<T*>(kept.back().data());
  }

  void narrow(const DeviceProducts& products) const {
    const DeviceCopyRows narrowed{
        products.x.wide,   nullptr, products.x.narrow, products.num_rows, products.x_stride,
        products.x_stride, 0};
    device->table().copy_rows(device->context(), &narrowed);
  }

  std::vector<float> multiply(const WeightMatrix& weight, std::span<const float> x) {
    const auto num_inputs = static_cast<std::int32_t>(weight.num_inputs);
    const auto num_rows = static_cast<std::int32_t>(x.size() / weight.num_inputs);
    std::vector<float> y(static_cast<std::size_t>(num_rows * kOutputs));
    const std::vector<std::uint16_t> room(static_cast<std::size_t>(num_rows * narrow_stride(num_inputs)));
    DeviceProducts products{};
    products.x = {placed(x), placed(std::span(room))};
    products.num_rows = num_rows;
    products.x_stride = num_inputs;
    products.num_parts = 1;
    DeviceProduct& product = products.parts[0];
    product.weight = {placed(std::span(weight.data, weight.num_outputs * weight.row_bytes())),
                      static_cast<std::int32_t>(weight.type), num_inputs, kOutputs};
    product.y = placed(std::span<const float>(y));
    product.y_stride = kOutputs;
    narrow(products);
    device->table().multiply(device->context(), &products);
    device->table().download(device->context(), y.data(), product.y, y.size() * sizeof(float));
    EXPECT_TRUE(device->synchronize());
    return y;
  }

  std::shared_ptr<Device> device{};
  std::vector<DeviceMemory> kept{};
};

TEST_P(ProductsOnDevice, AgreeWithTheReferenceAndAreTheSameBitsInAnyNumber) {
  constexpr std::size_t kRows = 70;
  const std::size_t num_inputs = GetParam().num_inputs;
  const RandomMatrix matrix = random_matrix(GetParam().type, num_inputs, kOutputs, 5);
  const auto x = random_values(kRows * num_inputs, 6);
  const auto many = multiply(matrix.view, x);
  std::vector<float> row(num_inputs);
  for (std::size_t output = 0; output < kOutputs; ++output) {
    reference::widen_row(matrix.view, output, row);
    for (std::size_t token = 0; token < kRows; ++token) {
      double exact = 0.0;
      double size = 0.0;
      for (std::size_t i = 0; i < num_inputs; ++i) {
        const double product = static_cast<double>(row[i]) * static_cast<double>(x[token * num_inputs + i]);
        exact += product;
        size += std::abs(product);
      }
      ASSERT_NEAR(static_cast<double>(many[token * kOutputs + output]), exact, size * 0x1p-8)
          << "token " << token << ", output " << output;
    }
  }
  for (const std::size_t count : {1U, 9U}) {
    const auto few = multiply(matrix.view, std::span(x).subspan(3 * num_inputs, count * num_inputs));
    EXPECT_TRUE(std::ranges::equal(few, std::span(many).subspan(3 * kOutputs, count * kOutputs))) << count;
  }
}

// Goal: products of the same rows, of which one has another type and one a bias, give together what they give
// apart. Method: for few rows and for many, with extents that fill no tile.
TEST_P(ProductsOnDevice, GiveTheSameBitsTogetherAndApart) {
  const std::size_t num_inputs = GetParam().num_inputs;
  const RandomMatrix first = random_matrix(GetParam().type, num_inputs, kOutputs, 7);
  const RandomMatrix second = random_matrix(WeightType::f32, num_inputs, 33, 8);
  const RandomMatrix third = random_matrix(GetParam().type, num_inputs, 70, 9);
  const auto bias = random_values(70, 10);
  for (const std::int32_t num_rows : {3, 70}) {
    const auto x = random_values(static_cast<std::size_t>(num_rows) * num_inputs, 11);
    const auto width = static_cast<std::int32_t>(num_inputs);
    const std::vector<std::uint16_t> room(static_cast<std::size_t>(num_rows * narrow_stride(width)));
    DeviceProducts together{};
    together.x = {placed(std::span<const float>(x)), placed(std::span(room))};
    together.num_rows = num_rows;
    together.x_stride = width;
    std::vector<std::vector<float>> expected;
    for (const RandomMatrix* matrix : {&first, &second, &third}) {
      const auto num_outputs = static_cast<std::int32_t>(matrix->view.num_outputs);
      const std::vector<float> nothing(static_cast<std::size_t>(num_rows * num_outputs));
      expected.push_back(nothing);
      DeviceProduct& part = together.parts[together.num_parts++];
      part.weight = {
          placed(std::span(matrix->view.data, matrix->view.num_outputs * matrix->view.row_bytes())),
          static_cast<std::int32_t>(matrix->view.type), width, num_outputs};
      part.bias = matrix == &third ? placed(std::span<const float>(bias)) : nullptr;
      part.y = placed(std::span<const float>(nothing));
      part.y_stride = num_outputs;
    }
    narrow(together);
    const auto results = [&](std::size_t part) {
      std::vector<float> y(expected[part].size());
      device->table().download(device->context(), y.data(), together.parts[part].y, y.size() * sizeof(float));
      EXPECT_TRUE(device->synchronize());
      return y;
    };
    for (std::size_t part = 0; part < expected.size(); ++part) {
      DeviceProducts apart = together;
      apart.num_parts = 1;
      apart.parts[0] = together.parts[part];
      device->table().multiply(device->context(), &apart);
      expected[part] = results(part);
      const std::vector<float> nothing(expected[part].size());
      device->table().upload(device->context(), together.parts[part].y, nothing.data(),
                             nothing.size() * sizeof(float));
    }
    device->table().multiply(device->context(), &together);
    for (std::size_t part = 0; part < expected.size(); ++part)
      EXPECT_EQ(results(part), expected[part]) << part;
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool is_emulated : {true, false}) {
    for (const auto& [type, num_inputs] :
         {std::pair{WeightType::f32, 333U}, std::pair{WeightType::f16, 600U},
          std::pair{WeightType::f16, 555U}, std::pair{WeightType::bf16, 608U},
          std::pair{WeightType::q8_0, 608U}, std::pair{WeightType::q4_0, 544U},
          std::pair{WeightType::q4_k, 768U}, std::pair{WeightType::q5_k, 768U},
          std::pair{WeightType::q6_k, 768U}})
      all.push_back({type, num_inputs, is_emulated});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Types, ProductsOnDevice, testing::ValuesIn(cases()), [](const auto& info) {
  return std::string(info.param.is_emulated ? "emulated_" : "card_") + "type_" +
         std::to_string(static_cast<int>(info.param.type)) + "_of_" + std::to_string(info.param.num_inputs);
});

}  // namespace
}  // namespace lyceum::kernels
