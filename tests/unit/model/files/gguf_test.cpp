#include "model/files/gguf.hpp"

#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/model/files/gguf_bytes.hpp"

namespace lyceum::model {
namespace {

Result<GgufFile> parsed(const std::string& data) {
  return GgufFile::parse(bytes_of(data), "x.gguf");
}

std::string message_of(const std::string& data) {
  const auto file = parsed(data);
  return file ? "no error" : file.error().message;
}

TEST(GgufFile, GivesEveryKindOfValue) {
  const std::string data = small_gguf();

  const auto file = parsed(data);

  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*file->get_string("general.architecture"), "tiny");
  EXPECT_EQ(*file->get_u32("a.u8"), 200U);
  EXPECT_EQ(*file->get_u32("a.u16"), 60'000U);
  EXPECT_EQ(*file->get_u32("a.u32"), 4'000'000'000U);
  EXPECT_EQ(*file->get_u64("a.u64"), 1ULL << 40U);
  EXPECT_EQ(std::get<std::int64_t>(file->metadata().at("a.i8").value), -3);
  EXPECT_EQ(std::get<std::int64_t>(file->metadata().at("a.i16").value), -300);
  EXPECT_EQ(std::get<std::int64_t>(file->metadata().at("a.i32").value), -70'000);
  EXPECT_EQ(*file->get_f32("a.f32"), 0.5F);
  EXPECT_EQ(*file->get_f32("a.f64"), 0.25F);
  EXPECT_TRUE(*file->get_bool("a.bool"));
  const auto texts = *file->get_strings("a.texts");
  EXPECT_EQ(std::vector<std::string_view>(texts.begin(), texts.end()),
            (std::vector<std::string_view>{"one", "", "three"}));
  EXPECT_EQ(*file->get_integers("a.integers"), (std::vector<std::int64_t>{7, 8, 9}));
  const auto& nested = std::get<GgufArray>(file->metadata().at("a.nested").value);
  const auto& inner = std::get<std::vector<GgufArray>>(nested.elements);
  EXPECT_EQ(std::get<std::vector<std::string_view>>(inner.at(1).elements).at(0), "deep");
}

TEST(GgufFile, GivesTensorsAsViewsOfTheirBytes) {
  const std::string data = small_gguf();
  const auto file = parsed(data);
  ASSERT_TRUE(file) << file.error().message;

  const GgufTensor* first = *file->tensor("first");

  EXPECT_EQ(first->shape, (std::array<std::uint64_t, 4>{4, 2, 1, 1}));
  EXPECT_EQ(first->num_dims, 2U);
  EXPECT_EQ(first->bytes.size(), 32U);
  EXPECT_EQ(first->offset % 32, 0U);
  std::vector<float> values(4);
  ASSERT_TRUE(dequantize_row(first->type, first->bytes.subspan(16), values));
  EXPECT_EQ(values, (std::vector<float>{5, 6, 7, 8}));
  EXPECT_EQ((*file->tensor("second"))->bytes.size(), 68U);
}

TEST(GgufFile, NamesATypeThatItCannotComputeWithWhenTheTensorIsAskedFor) {
  const std::string data = small_gguf();
  const auto file = parsed(data);

  const auto third = file->tensor("third");

  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Errc::unsupported);
  EXPECT_NE(third.error().message.find("\"third\" has type Q2_K"), std::string::npos)
      << third.error().message;
  EXPECT_EQ(file->find_tensor("third")->bytes.size(), 84U);
}

TEST(GgufFile, SaysWhichKeyIsMissingOrOfAnotherType) {
  const std::string data = small_gguf();
  const auto file = parsed(data);

  EXPECT_EQ(file->get_u32("tiny.block_count").error().code, Errc::not_found);
  EXPECT_EQ(file->get_u32("tiny.block_count").error().message,
            "x.gguf: no metadata entry \"tiny.block_count\"");
  EXPECT_EQ(file->get_u32("a.i8").error().message,
            "x.gguf: byte " + std::to_string(file->metadata().at("a.i8").offset) +
                ": expected a.i8 to be an integer that fits u32, found i8 -3");
  EXPECT_EQ(file->get_u32("a.u64").error().code, Errc::malformed);
  EXPECT_EQ(file->get_strings("a.integers").error().code, Errc::malformed);
  EXPECT_EQ(file->get_bool("a.u8").error().code, Errc::malformed);
  EXPECT_EQ(*file->get_u32_or("tiny.block_count", 5), 5U);
  EXPECT_FALSE(file->get_u32_or("a.f32", 5));
}

TEST(GgufFile, GivesOneValueALayerFromAnIntegerOrAnArray) {
  const std::string data = small_gguf();
  const auto file = parsed(data);

  EXPECT_EQ(*file->get_u32_per_layer("a.u8", 2), (std::vector<std::uint32_t>{200, 200}));
  EXPECT_EQ(*file->get_u32_per_layer("a.integers", 3), (std::vector<std::uint32_t>{7, 8, 9}));
  EXPECT_FALSE(file->get_u32_per_layer("a.integers", 4));
}

TEST(GgufFile, RefusesEveryPrefixWithAnOffset) {
  const std::string data = small_gguf();

  for (std::size_t size = 0; size < data.size(); ++size) {
    const std::string prefix = data.substr(0, size);
    const auto file = parsed(prefix);
    ASSERT_FALSE(file) << size;
    EXPECT_NE(file.error().message.find("x.gguf: byte "), std::string::npos) << file.error().message;
  }
}

TEST(GgufFile, SurvivesFlippedBits) {
  const std::string data = small_gguf();
  std::mt19937_64 random(20'240'817);
  std::size_t num_refused = 0;

  for (int round = 0; round < 20'000; ++round) {
    std::string flipped = data;
    for (int i = 0; i <= round % 4; ++i) {
      char& byte = flipped[random() % flipped.size()];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    }
    const auto file = parsed(flipped);
    if (!file) {
      ++num_refused;
      EXPECT_NE(file.error().message.find(": byte "), std::string::npos) << file.error().message;
      continue;
    }
    for (const GgufTensor& tensor : file->tensors()) {
      ASSERT_LE(tensor.offset + tensor.bytes.size(), flipped.size());
    }
  }

  EXPECT_GT(num_refused, 10'000U);
}

TEST(GgufFile, RefusesCountsBeyondTheFileBeforeItAllocates) {
  const auto array_of = [](GgufType type, std::uint64_t count) {
    return GgufBytes().header(0, 1).key("k", GgufType::array).array(type, count).zeros(64).data();
  };

  EXPECT_NE(message_of(array_of(GgufType::u8, 65)).find("byte 49: expected 65 elements"), std::string::npos);
  EXPECT_NE(message_of(array_of(GgufType::string, 9)).find("expected 9 texts"), std::string::npos);
  EXPECT_NE(message_of(array_of(GgufType::array, 6)).find("expected 6 arrays"), std::string::npos);
  EXPECT_NE(message_of(array_of(GgufType::u8, ~0ULL)).find("at most 33554432 array elements"),
            std::string::npos);
  EXPECT_NE(message_of(GgufBytes().header(~0ULL, 0).data()).find("at most 1048576 tensors"),
            std::string::npos);
  EXPECT_NE(message_of(GgufBytes().header(0, 1).number(~0ULL).data()).find("found a length of"),
            std::string::npos);
}

TEST(GgufFile, RefusesArraysNestedTooDeep) {
  GgufBytes file;
  file.header(0, 1).key("k", GgufType::array);
  for (int i = 0; i < 6; ++i) file.array(GgufType::array, 1);

  EXPECT_NE(message_of(file.zeros(64).data()).find("nested at most 4 deep"), std::string::npos);
}

TEST(GgufFile, RefusesOtherFormatsAndVersions) {
  EXPECT_NE(message_of("PK\3\4 not a model").find("magic number"), std::string::npos);
  EXPECT_NE(message_of(GgufBytes().header(0, 0, 1).data()).find("version 2 or 3, found 1"),
            std::string::npos);
  EXPECT_NE(message_of(GgufBytes().header(0, 0, 3U << 24U).data()).find("big-endian"), std::string::npos);
  const std::string second_version = GgufBytes().header(0, 0, 2).data();
  EXPECT_TRUE(parsed(second_version));
}

TEST(GgufFile, RefusesTensorsThatOverlapOrLeaveTheFile) {
  const auto two = [](std::uint64_t offset, std::size_t num_bytes) {
    return GgufBytes()
        .header(2, 0)
        .tensor("a", {16}, TensorType::f32, 0)
        .tensor("b", {8}, TensorType::f32, offset)
        .pad()
        .zeros(num_bytes)
        .data();
  };

  const std::string good = two(64, 96);
  EXPECT_TRUE(parsed(good));
  EXPECT_NE(message_of(two(32, 96)).find("\"b\" to begin after the end of \"a\""), std::string::npos);
  EXPECT_NE(message_of(two(0, 96)).find("to begin after the end of"), std::string::npos);
  EXPECT_NE(message_of(two(64, 95)).find("8 blocks of 4 bytes for \"b\""), std::string::npos);
  EXPECT_NE(message_of(two(1ULL << 63U, 96)).find("found the file's end"), std::string::npos);
  EXPECT_NE(message_of(two(65, 200)).find("multiple of 32, found 65"), std::string::npos);
}

TEST(GgufFile, RefusesShapesThatOverflowOrDoNotFitTheirBlocks) {
  const auto one = [](const std::vector<std::uint64_t>& shape, TensorType type) {
    return message_of(GgufBytes().header(1, 0).tensor("a", shape, type, 0).pad().zeros(64).data());
  };

  EXPECT_NE(one({1ULL << 40U, 1ULL << 40U}, TensorType::f32).find("product up to 2^60"), std::string::npos);
  EXPECT_NE(one({0, 4}, TensorType::f32).find("from 1"), std::string::npos);
  EXPECT_NE(one({33}, TensorType::q8_0).find("whole Q8_0 blocks of 32 values, found 33"), std::string::npos);
  EXPECT_NE(one({1, 1, 1, 1, 1}, TensorType::f32).find("1 to 4 dimensions"), std::string::npos);
  EXPECT_NE(one({}, TensorType::f32).find("1 to 4 dimensions"), std::string::npos);
}

TEST(GgufFile, RefusesKeysAndTensorsThatComeTwice) {
  GgufBytes keys;
  keys.header(0, 2)
      .key("k", GgufType::u8)
      .number<std::uint8_t>(1)
      .key("k", GgufType::u8)
      .number<std::uint8_t>(1);
  GgufBytes tensors;
  tensors.header(2, 0).tensor("t", {1}, TensorType::f32, 0).tensor("t", {1}, TensorType::f32, 32).zeros(128);

  EXPECT_NE(message_of(keys.data()).find("every key once, found \"k\""), std::string::npos);
  EXPECT_NE(message_of(tensors.data()).find("every tensor once, found \"t\""), std::string::npos);
}

TEST(GgufFile, HonoursTheAlignmentAndRefusesOneThatIsNoPowerOfTwo) {
  const auto aligned = [](std::uint32_t alignment) {
    return GgufBytes()
        .header(1, 1)
        .key("general.alignment", GgufType::u32)
        .number(alignment)
        .tensor("a", {1}, TensorType::f32, 0)
        .pad(256)
        .number<float>(7)
        .data();
  };

  const std::string data = aligned(256);
  const auto file = parsed(data);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ((*file->tensor("a"))->offset, 256U);
  EXPECT_NE(message_of(aligned(48)).find("power of two"), std::string::npos);
  EXPECT_NE(message_of(aligned(0)).find("power of two"), std::string::npos);
}

TEST(GgufFile, MapsAFileAndStaysValidWhenMoved) {
  const auto path = std::filesystem::temp_directory_path() / ("gguf_test_" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << small_gguf();
  auto opened = GgufFile::open_blocking(path.string());
  std::filesystem::remove(path);
  ASSERT_TRUE(opened) << opened.error().message;

  const GgufFile file = *std::move(opened);

  EXPECT_EQ(*file.get_string("general.architecture"), "tiny");
  EXPECT_EQ(file.find_tensor("first")->bytes[3], std::byte{0x3F});
}

TEST(GgufFile, SaysThatAFileIsMissingEmptyOrAFolder) {
  EXPECT_EQ(GgufFile::open_blocking("/nowhere/x.gguf").error().code, Errc::not_found);
  EXPECT_EQ(GgufFile::open_blocking("/").error().code, Errc::io);
  EXPECT_EQ(GgufFile::open_blocking("/dev/null").error().code, Errc::io);
}

}  // namespace
}  // namespace lyceum::model
