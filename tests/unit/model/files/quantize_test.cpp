#include "model/files/quantize.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/files/gguf.hpp"
#include "tests/unit/kernels/random_values.hpp"

namespace lyceum::model {
namespace {

std::vector<std::byte> quantized(TensorType type, std::span<const float> values) {
  std::vector<std::byte> bytes(*row_size_bytes(type, values.size()));
  const auto done = quantize_row(type, values, bytes);
  EXPECT_TRUE(done) << done.error().message;
  return bytes;
}

std::vector<float> round_trip(TensorType type, std::span<const float> values) {
  std::vector<float> out(values.size());
  EXPECT_TRUE(dequantize_row(type, quantized(type, values), out));
  return out;
}

/// Normally distributed, by Box and Muller.
std::vector<float> normal_values(std::size_t count, std::uint64_t seed) {
  const auto uniform = kernels::random_values(2 * count, seed);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double radius = std::sqrt(-2 * std::log(1e-9 + std::abs(static_cast<double>(uniform[2 * i]))));
    values[i] =
        static_cast<float>(radius * std::cos(std::numbers::pi * static_cast<double>(uniform[2 * i + 1])));
  }
  return values;
}

/// Root of squared error by root of squares.
double relative_error(std::span<const float> values, std::span<const float> found) {
  double error = 0;
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - static_cast<double>(found[i]), 2);
    squares += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(error / squares);
}

TEST(Quantize, EveryF16ComesBackToTheBit) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if (std::isnan(float_of_f16(half))) continue;
    ASSERT_EQ(f16_of_float(float_of_f16(half)), half);
  }
}

TEST(Quantize, F16TiesGoToEven) {
  EXPECT_EQ(float_of_f16(f16_of_float(1.0F + 0x1p-11F)), 1.0F);
  EXPECT_EQ(float_of_f16(f16_of_float(1.0F + 0x3p-11F)), 1.0F + 0x1p-9F);
  EXPECT_EQ(float_of_f16(f16_of_float(0x1.8p-24F)), 0x1p-23F);
  EXPECT_EQ(float_of_f16(f16_of_float(0x1p-25F)), 0.0F);
  EXPECT_EQ(float_of_f16(f16_of_float(65519.0F)), 65504.0F);
  EXPECT_TRUE(std::isinf(float_of_f16(f16_of_float(65520.0F))));
}

TEST(Quantize, Bf16TiesGoToEven) {
  EXPECT_EQ(bf16_of_float(std::bit_cast<float>(0x3F808000U)), 0x3F80);
  EXPECT_EQ(bf16_of_float(std::bit_cast<float>(0x3F818000U)), 0x3F82);
  EXPECT_EQ(bf16_of_float(std::bit_cast<float>(0x3F808001U)), 0x3F81);
}

TEST(Quantize, BlocksOf32KeepWithinTheErrorOfTheirPeak) {
  const auto values = normal_values(4096, 7);
  for (const auto& [type, share] : {std::pair(TensorType::q8_0, 1.0 / 127), {TensorType::q4_0, 1.0 / 8}}) {
    const auto found = round_trip(type, values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      float peak = 0;
      for (std::size_t k = i / 32 * 32; k < i / 32 * 32 + 32; ++k) peak = std::max(peak, std::abs(values[k]));
      // 2^-10: the block's scale is itself rounded to F16.
      const double bound = static_cast<double>(peak) * (share + 0x1p-10);
      ASSERT_LE(std::abs(values[i] - found[i]), bound) << name_of(type) << " value " << i;
    }
  }
}

TEST(Quantize, KTypesKeepWithinTheDocumentedErrorOnNormalValues) {
  const auto values = normal_values(64 * 1024, 11);

  EXPECT_LT(relative_error(values, round_trip(TensorType::q6_k, values)), 0.018);
  EXPECT_LT(relative_error(values, round_trip(TensorType::q5_k, values)), 0.036);
  EXPECT_LT(relative_error(values, round_trip(TensorType::q4_k, values)), 0.072);
  EXPECT_GT(relative_error(values, round_trip(TensorType::q4_k, values)), 0.036);
}

TEST(Quantize, ValuesThatAFormatHoldsComeBackExactly) {
  std::vector<float> values(256);
  // 63 is the largest factor of a group, so that the block's own scale is a power of two.
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 16) * 63.0F / 256.0F;
  EXPECT_EQ(round_trip(TensorType::q4_k, values), values);
  EXPECT_EQ(round_trip(TensorType::q5_k, values), values);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(static_cast<int>(i % 16) - 8);
  EXPECT_EQ(round_trip(TensorType::q4_0, values), values);
}

TEST(Quantize, ConstantTinyAndZeroRowsStayWhatTheyAre) {
  for (const auto type :
       {TensorType::q8_0, TensorType::q4_0, TensorType::q4_k, TensorType::q5_k, TensorType::q6_k}) {
    for (const float constant : {0.0F, -2.0F, 3.0F}) {
      const std::vector<float> values(256, constant);
      for (const float found : round_trip(type, values))
        ASSERT_NEAR(found, constant, std::abs(constant) * 0.002F) << name_of(type);
    }
    for (const float tiny : {1e-45F, 1e-38F, -1e-30F, 1e-12F}) {
      std::vector<float> values(256, 0.0F);
      for (std::size_t i = 0; i < values.size(); i += 3) values[i] = tiny;
      for (const float found : round_trip(type, values)) ASSERT_LE(std::abs(found), 1e-7F) << name_of(type);
    }
  }
}

TEST(Quantize, RefusesWhatIsNotFiniteOrTooLarge) {
  std::vector<float> values(256, 1.0F);
  std::vector<std::byte> bytes(*row_size_bytes(TensorType::q4_k, 256));
  values[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(quantize_row(TensorType::q4_k, values, bytes).error().message,
            "value 5 of the row is not finite");
  values[5] = 70'000.0F;
  EXPECT_EQ(quantize_row(TensorType::q4_k, values, bytes).error().code, Errc::too_large);
  EXPECT_EQ(quantize_row(TensorType::q6_k, values, bytes).error().code, Errc::invalid_argument);
}

/// The first rows of a tensor in a file, as numbers.
std::vector<float> values_of(const GgufFile& file, const GgufTensor& tensor) {
  const std::size_t num_rows = std::min<std::size_t>(tensor.num_rows(), 64);
  std::vector<float> values(num_rows * tensor.shape[0]);
  const std::size_t row_bytes = tensor.bytes.size() / tensor.num_rows();
  for (std::size_t row = 0; row < num_rows; ++row) {
    const auto done = dequantize_row(tensor.type, tensor.bytes.subspan(row * row_bytes, row_bytes),
                                     std::span(values).subspan(row * tensor.shape[0], tensor.shape[0]));
    EXPECT_TRUE(done) << file.path();
  }
  return values;
}

std::string model_path(const std::string& name) {
  return std::string(LYCEUM_SHARED_MODELS) + "/tiny-qwen3moe-" + name + ".gguf";
}

bool lacks_models() {
  return !std::filesystem::exists(model_path("f32"));
}

/// Goal: files of another program in F16, BF16 and Q8_0 are what this quantiser makes of the F32 file.
TEST(Quantize, MakesTheBytesOfReferenceFilesFromTheirF32Twin) {
  if (lacks_models()) GTEST_SKIP() << "no model files at " << LYCEUM_SHARED_MODELS;
  const auto source = GgufFile::open_blocking(model_path("f32"));
  ASSERT_TRUE(source);
  for (const char* name : {"f16", "bf16", "q8_0"}) {
    const auto file = GgufFile::open_blocking(model_path(name));
    ASSERT_TRUE(file);
    std::size_t num_compared = 0;
    for (const GgufTensor& tensor : file->tensors()) {
      if (tensor.type == TensorType::f32) continue;
      const auto values = values_of(*source, *source->find_tensor(tensor.name));
      const auto bytes = quantized(tensor.type, values);
      ASSERT_TRUE(std::ranges::equal(bytes, tensor.bytes.first(bytes.size()))) << name << " " << tensor.name;
      ++num_compared;
    }
    EXPECT_GT(num_compared, 10U);
  }
}

/// Goal: the K types lose no more than the reference converter does. Method: the same weights in Q8_0, which
/// stand for the originals, quantised here and by the other program.
TEST(Quantize, LosesNoMoreThanTheReferenceConverter) {
  if (lacks_models()) GTEST_SKIP() << "no model files at " << LYCEUM_SHARED_MODELS;
  const auto source = GgufFile::open_blocking(model_path("k256-q8_0"));
  ASSERT_TRUE(source);
  for (const char* name : {"k256-q4_0", "k256-q4_k_m", "k256-q5_k_m", "k256-q6_k"}) {
    const auto file = GgufFile::open_blocking(model_path(name));
    ASSERT_TRUE(file);
    for (const GgufTensor& tensor : file->tensors()) {
      if (tensor.type == TensorType::f32) continue;
      const auto values = values_of(*source, *source->find_tensor(tensor.name));
      const double ours = relative_error(values, round_trip(tensor.type, values));
      const double theirs = relative_error(values, values_of(*file, tensor));
      ASSERT_LE(ours, theirs * 1.01) << name << " " << tensor.name << " " << name_of(tensor.type);
    }
  }
}

}  // namespace
}  // namespace lyceum::model
