#include "model/files/gguf_writer.hpp"

#include <gtest/gtest.h>

#include "tests/unit/model/files/gguf_bytes.hpp"
#include "tests/unit/model/files/temporary_folder.hpp"

namespace lyceum::model {
namespace {

GgufHeader small_header() {
  GgufHeader header;
  header.set_string("general.architecture", "tiny");
  header.add_tensor("a", {3, 2}, TensorType::f32);
  header.add_tensor("b", {32}, TensorType::q8_0);
  return header;
}

std::string error_of(const GgufHeader& header) {
  const TemporaryFolder folder;
  const auto writer = GgufWriter::create_blocking(folder / "x", header);
  EXPECT_EQ(folder.num_files(), writer ? 1U : 0U);
  return writer ? "no error" : writer.error().message.substr(folder.path().size() + 1);
}

TEST(GgufWriter, WritesAFileThatReadsBack) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.gguf";
  auto writer = GgufWriter::create_blocking(path, small_header());
  ASSERT_TRUE(writer) << writer.error().message;

  ASSERT_TRUE(writer->write_values_blocking(std::vector<float>{1, 2, 3}));
  ASSERT_TRUE(writer->write_values_blocking(std::vector<float>{4, 5, 6}));
  ASSERT_TRUE(writer->write_values_blocking(std::vector<float>(32, 0.5F)));
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto done = writer->finish_blocking();

  ASSERT_TRUE(done) << done.error().message;
  const auto file = GgufFile::open_blocking(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 3U);
  EXPECT_EQ(file->size_bytes(), writer->size_bytes());
  EXPECT_EQ(*file->get_string("general.architecture"), "tiny");
  EXPECT_EQ(file->tensors().size(), 2U);
  const GgufTensor& a = *file->find_tensor("a");
  float last = 0;
  std::memcpy(&last, a.bytes.last(4).data(), 4);
  EXPECT_EQ(a.shape[0], 3U);
  EXPECT_EQ(last, 6.0F);
  EXPECT_EQ(file->find_tensor("b")->offset % kGgufWriterAlignment, 0U);
  EXPECT_EQ(folder.num_files(), 1U);
}

TEST(GgufWriter, CopiesEveryKindOfMetadata) {
  const TemporaryFolder folder;
  const std::string source_bytes = small_gguf();
  const auto source = GgufFile::parse(bytes_of(source_bytes), "source");
  ASSERT_TRUE(source);
  GgufHeader header;
  for (const auto& [key, value] : source->metadata()) header.set(key, value);
  auto writer = GgufWriter::create_blocking(folder / "copy", header);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->finish_blocking());

  const auto copy = GgufFile::open_blocking(folder / "copy");

  ASSERT_TRUE(copy) << copy.error().message;
  ASSERT_EQ(copy->metadata().size(), source->metadata().size());
  EXPECT_EQ(*copy->get_u32("a.u8"), 200U);
  EXPECT_EQ(*copy->get_f32("a.i16"), -300.0F);
  EXPECT_EQ(*copy->get_u64("a.u64"), 1ULL << 40U);
  EXPECT_EQ(*copy->get_f32("a.f64"), 0.25F);
  EXPECT_TRUE(*copy->get_bool("a.bool"));
  EXPECT_EQ((*copy->get_strings("a.texts"))[2], "three");
  EXPECT_EQ(*copy->get_integers("a.integers"), (std::vector<std::int64_t>{7, 8, 9}));
  const auto& nested = std::get<GgufArray>(copy->metadata().at("a.nested").value);
  EXPECT_EQ(std::get<std::vector<GgufArray>>(nested.elements)[1].element_type, GgufType::string);
  for (const auto& [key, value] : source->metadata()) EXPECT_EQ(copy->metadata().at(key).type, value.type);
}

TEST(GgufWriter, SetsEveryKindOfMetadata) {
  const TemporaryFolder folder;
  GgufHeader header;
  header.set_u32("n", 1);
  header.set_u32("n", 2);
  header.set_f32("f", 0.5F);
  header.set_bool("b", true);
  header.set_strings("s", std::vector<std::string>{"x", ""});
  header.set_f32s("fs", std::vector<float>{1.5F});
  header.set_i32s("is", std::vector<std::int32_t>{-1, 7});
  auto writer = GgufWriter::create_blocking(folder / "x", header);
  ASSERT_TRUE(writer && writer->finish_blocking());

  const auto file = GgufFile::open_blocking(folder / "x");

  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(*file->get_u32("n"), 2U);
  EXPECT_EQ(*file->get_f32("f"), 0.5F);
  EXPECT_TRUE(*file->get_bool("b"));
  EXPECT_EQ((*file->get_strings("s"))[0], "x");
  EXPECT_EQ((*file->get_f32s("fs"))[0], 1.5F);
  EXPECT_EQ((*file->get_integers("is"))[0], -1);
}

TEST(GgufWriter, ReplacesAFileOnlyWhenItMay) {
  const TemporaryFolder folder;
  folder.write("x", "old");
  GgufHeader header;

  const auto refused = GgufWriter::create_blocking(folder / "x", header);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(folder.read("x"), "old");

  auto writer = GgufWriter::create_blocking(folder / "x", header, {.may_replace = true});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->finish_blocking());
  EXPECT_TRUE(folder.read("x").starts_with("GGUF"));
}

TEST(GgufWriter, DoesNotReplaceAFileThatAppearedMeanwhile) {
  const TemporaryFolder folder;
  {
    auto writer = GgufWriter::create_blocking(folder / "x", GgufHeader());
    ASSERT_TRUE(writer);
    folder.write("x", "new");

    EXPECT_EQ(writer->finish_blocking().error().code, Errc::conflict);
  }
  EXPECT_EQ(folder.read("x"), "new");
  EXPECT_EQ(folder.num_files(), 1U);
}

TEST(GgufWriter, LeavesNothingBehindWhenItIsNotFinished) {
  const TemporaryFolder folder;
  {
    auto writer = GgufWriter::create_blocking(folder / "x", small_header());
    ASSERT_TRUE(writer);
    EXPECT_EQ(folder.num_files(), 1U);
    ASSERT_TRUE(writer->write_values_blocking(std::vector<float>{1, 2, 3}));
    EXPECT_NE(writer->finish_blocking().error().message.find("\"a\" is not complete"), std::string::npos);
  }
  EXPECT_EQ(folder.num_files(), 0U);
}

TEST(GgufWriter, TakesWholeRowsAndNoMoreThanATensorHolds) {
  const TemporaryFolder folder;
  auto writer = GgufWriter::create_blocking(folder / "x", small_header());
  ASSERT_TRUE(writer);

  EXPECT_EQ(writer->write_values_blocking(std::vector<float>(4)).error().code, Errc::invalid_argument);
  EXPECT_EQ(writer->write_values_blocking(std::vector<float>(9)).error().code, Errc::invalid_argument);
  ASSERT_TRUE(writer->write_values_blocking(std::vector<float>(6)));
  ASSERT_TRUE(writer->write_bytes_blocking(std::vector<std::byte>(34)));
  EXPECT_EQ(writer->write_values_blocking(std::vector<float>(3)).error().code, Errc::invalid_argument);
}

TEST(GgufWriter, RefusesTensorsThatNoFileCanHold) {
  const auto with = [](const std::string& name, std::vector<std::uint64_t> shape, TensorType type) {
    GgufHeader header;
    header.add_tensor("a", {1}, TensorType::f32);
    header.add_tensor(name, std::move(shape), type);
    return error_of(header);
  };
  EXPECT_EQ(with("a", {1}, TensorType::f32), "x: tensor \"a\" is there twice");
  EXPECT_EQ(with("", {1}, TensorType::f32), "x: tensor \"\": expected a name of 1 to 65535 bytes");
  EXPECT_EQ(with("b", {}, TensorType::f32), "x: tensor \"b\": expected 1 to 4 dimensions");
  EXPECT_EQ(with("b", {100}, TensorType::q4_k),
            "x: tensor \"b\": a row of 100 values is no multiple of Q4_K's block of 256");
  EXPECT_EQ(with("b", {1ULL << 40U, 1ULL << 40U}, TensorType::f32), "x: tensor \"b\": its size overflows");
  EXPECT_EQ(with("b", {0}, TensorType::f32),
            "x: tensor \"b\": expected dimensions from 1 and up to 2^60 bytes");
  EXPECT_EQ(with("b", {256}, static_cast<TensorType>(10)), "x: tensor \"b\": type Q2_K is not supported");
}

}  // namespace
}  // namespace lyceum::model
