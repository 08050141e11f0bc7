#include "model/word_vectors.hpp"

#include <gmock/gmock.h>

#include "model/files/gguf.hpp"
#include "model/files/gguf_writer.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

const std::vector<float> kValues = {1, 0, 0.9F, 0.1F, 0, -2};

WordVectors town_city_tax() {
  return *WordVectors::make({"town", "city", "tax"}, kValues);
}

Result<WordVectors> read_back(const GgufHeader& header) {
  const std::string bytes = header.metadata_bytes();
  const auto file = GgufFile::parse(std::as_bytes(std::span(bytes)), "vectors.gguf");
  if (!file) return file.error();
  return WordVectors::from_gguf(*file);
}

TEST(WordVectors, AreAsAlikeAsTheirAngleSays) {
  const WordVectors vectors = town_city_tax();

  const auto town = *vectors.find("town");
  EXPECT_NEAR(vectors.similarity(town, town), 1, 1e-3);
  EXPECT_NEAR(vectors.similarity(town, *vectors.find("city")), 0.9939, 1e-2);
  EXPECT_NEAR(vectors.similarity(town, *vectors.find("tax")), 0, 1e-2);
  EXPECT_FALSE(vectors.find("Town"));
}

TEST(WordVectors, AddUpAtTheWantedLength) {
  const WordVectors vectors = town_city_tax();
  std::vector<double> sum(vectors.num_dimensions(), 0);
  vectors.add_scaled(*vectors.find("tax"), 3, sum);
  EXPECT_NEAR(sum[0], 0, 1e-6);
  EXPECT_NEAR(sum[1], -3, 1e-5);
}

TEST(WordVectors, AModelFileBringsThemAlong) {
  GgufHeader header;
  town_city_tax().store(header);
  const auto vectors = read_back(header);
  ASSERT_TRUE(vectors) << vectors.error().message;
  EXPECT_EQ(vectors->size(), 3U);
  EXPECT_NEAR(vectors->similarity(*vectors->find("town"), *vectors->find("city")), 0.9939, 1e-2);

  GgufHeader other;
  other.set_string("general.name", "another");
  EXPECT_TRUE(read_back(other)->empty());
}

TEST(WordVectors, WhatDoesNotFitIsNamed) {
  EXPECT_THAT(WordVectors::make({"a", "b"}, std::vector<float>{1, 2, 3}).error().message,
              HasSubstr("equal rows"));
  EXPECT_THAT(WordVectors::make({"a", "a"}, std::vector<float>{1, 2}).error().message, HasSubstr("\"a\""));

  GgufHeader header;
  const std::vector<std::string> words = {"a"};
  const std::vector<std::int32_t> numbers = {1, 300};
  header.set_strings("lyceum.words", words);
  header.set_i32s("lyceum.word_vectors", numbers);
  const auto vectors = read_back(header);
  ASSERT_FALSE(vectors);
  EXPECT_EQ(vectors.error().code, Errc::malformed);
  EXPECT_THAT(vectors.error().message, HasSubstr("vectors.gguf"));
}

}  // namespace
}  // namespace lyceum::model
