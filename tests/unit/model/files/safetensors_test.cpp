#include "model/files/safetensors.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/model/files/gguf_bytes.hpp"

namespace lyceum::model {
namespace {

namespace fs = std::filesystem;

std::string file_of(const std::string& header, const std::string& data) {
  return GgufBytes().text(header).data() + data;
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  std::size_t begin, std::size_t end) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string small_file() {
  const float values[] = {1, 2, 3, 4, 5, 6};
  std::string data(sizeof(values), '\0');
  std::memcpy(data.data(), values, sizeof(values));
  return file_of("{\"__metadata__\":{\"format\":\"pt\"}," + entry("w", "F32", "[2,3]", 0, 24) + "," +
                     entry("b", "BF16", "[]", 24, 26) + "}",
                 data + "\x80\x3F");
}

Result<SafetensorsFile> parsed(const std::string& data) {
  return SafetensorsFile::parse(bytes_of(data), "x.safetensors");
}

std::string error_of(const std::string& header, std::size_t num_bytes = 64) {
  const std::string data = file_of(header, std::string(num_bytes, '\0'));
  const auto file = parsed(data);
  return file ? "no error" : file.error().message;
}

/// A folder that goes away.
class Folder {
 public:
  Folder() { fs::create_directories(path_); }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  ~Folder() { fs::remove_all(path_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

  std::string path() const { return path_.string(); }

 private:
  fs::path path_ = fs::temp_directory_path() / ("safetensors_test_" + std::to_string(::getpid()));
};

TEST(SafetensorsFile, GivesTensorsWithTheFastestDimensionFirst) {
  const std::string data = small_file();

  const auto file = parsed(data);

  ASSERT_TRUE(file) << file.error().message;
  const GgufTensor& matrix = file->tensors().at("w");
  EXPECT_EQ(matrix.shape, (std::array<std::uint64_t, 4>{3, 2, 1, 1}));
  EXPECT_EQ(matrix.name, "w");
  std::vector<float> row(3);
  ASSERT_TRUE(dequantize_row(matrix.type, matrix.bytes.subspan(12), row));
  EXPECT_EQ(row, (std::vector<float>{4, 5, 6}));
  const GgufTensor& scalar = file->tensors().at("b");
  EXPECT_EQ(scalar.num_dims, 1U);
  std::vector<float> one(1);
  ASSERT_TRUE(dequantize_row(scalar.type, scalar.bytes, one));
  EXPECT_EQ(one[0], 1.0F);
}

TEST(SafetensorsFile, RefusesWhatDoesNotFit) {
  EXPECT_NE(error_of("{" + entry("w", "F32", "[4]", 0, 12) + "}").find("4 values of 4 bytes, found 12 bytes"),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("w", "F32", "[4]", 60, 76) + "}").find("up to 64, found 60 and 76"),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("w", "F32", "[4]", 16, 0) + "}").find("data_offsets in order"),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("w", "F32", "[-4]", 0, 16) + "}").find("dimensions from 1"),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("w", "F32", "[4294967296,4294967296,4294967296]", 0, 16) + "}").find("2^60"),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("w", "F8_E4M3", "[4]", 0, 4) + "}").find("found \"F8_E4M3\""),
            std::string::npos);
  EXPECT_NE(error_of("{" + entry("a", "F32", "[4]", 0, 16) + "," + entry("b", "F32", "[4]", 12, 28) + "}")
                .find("\"b\" to begin after the end of \"a\""),
            std::string::npos);
  EXPECT_NE(error_of("[]").find("expected a JSON object"), std::string::npos);
  EXPECT_NE(error_of("{\"w\":7}").find("\"w\": expected an object"), std::string::npos);
}

TEST(SafetensorsFile, RefusesEveryPrefixAndSurvivesFlippedBits) {
  const std::string data = small_file();
  for (std::size_t size = 0; size < data.size(); ++size) {
    const std::string prefix = data.substr(0, size);
    const auto file = parsed(prefix);
    ASSERT_FALSE(file) << size;
    EXPECT_NE(file.error().message.find("x.safetensors: byte "), std::string::npos) << file.error().message;
  }

  std::mt19937_64 random(31);
  for (int round = 0; round < 5'000; ++round) {
    std::string flipped = data;
    char& byte = flipped[random() % flipped.size()];
    byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    const auto file = parsed(flipped);
    if (!file) continue;
    for (const auto& [name, tensor] : file->tensors())
      ASSERT_LE(tensor.offset + tensor.bytes.size(), flipped.size());
  }
}

TEST(SafetensorsModel, JoinsTheShardsOfAnIndex) {
  const Folder folder;
  folder.write("a.safetensors", small_file());
  folder.write("b.safetensors", file_of("{" + entry("v", "F16", "[2]", 0, 4) + "}", std::string(4, '\0')));
  folder.write("model.safetensors.index.json",
               R"({"weight_map":{"w":"a.safetensors","b":"a.safetensors","v":"b.safetensors"}})");

  const auto model = SafetensorsModel::open_blocking(folder.path());

  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->num_tensors(), 3U);
  EXPECT_EQ(model->find_tensor("v")->bytes.size(), 4U);
  EXPECT_EQ(model->find_tensor("x"), nullptr);
}

TEST(SafetensorsModel, RefusesAnIndexThatLeadsElsewhereOrDoesNotMatch) {
  const Folder folder;
  folder.write("a.safetensors", small_file());
  const auto error_with = [&folder](const std::string& weight_map) {
    folder.write("model.safetensors.index.json", "{\"weight_map\":" + weight_map + "}");
    return SafetensorsModel::open_blocking(folder.path()).error().message;
  };

  EXPECT_NE(error_with(R"({"w":"../a.safetensors"})").find("the name of a .safetensors file"),
            std::string::npos);
  EXPECT_NE(error_with(R"({"x":"a.safetensors"})").find("expected \"x\" in \"a.safetensors\""),
            std::string::npos);
  EXPECT_NE(error_with("3").find("expected an object weight_map"), std::string::npos);
}

TEST(SafetensorsModel, TakesTheOnlyFileWhereThereIsNoIndex) {
  const Folder folder;
  EXPECT_EQ(SafetensorsModel::open_blocking(folder.path()).error().code, Errc::not_found);

  folder.write("model.safetensors", small_file());

  EXPECT_EQ(SafetensorsModel::open_blocking(folder.path())->num_tensors(), 2U);
}

}  // namespace
}  // namespace lyceum::model
