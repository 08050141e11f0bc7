#include "model/training/token_vectors.hpp"

#include <cmath>

#include <gmock/gmock.h>

#include "model/files/gguf_writer.hpp"
#include "model/training/trainer.hpp"
#include "tests/unit/model/training/training_folder.hpp"

namespace lyceum::model {
namespace {

using testing::HasSubstr;

class TokenVectorsTest : public TrainingFolder {
 protected:
  /// Of 64 tokens; the last one was never seen.
  static TokenVectors vectors() {
    TokenVectors vectors{.num_dimensions = 4, .values = {}};
    for (int token = 0; token < 63; ++token) {
      for (int i = 0; i < 4; ++i) vectors.values.push_back(static_cast<float>(std::sin(3 * token + i)));
    }
    vectors.values.resize(64 * 4, 0.001F);
    return vectors;
  }

  std::string write(const TokenVectors& vectors) const {
    GgufHeader header;
    vectors.store(header);
    auto writer = GgufWriter::create_blocking(path("vectors.gguf"), header, {.may_replace = true});
    EXPECT_TRUE(writer && writer->finish_blocking());
    return path("vectors.gguf");
  }

  Result<std::unique_ptr<Trainer>> trainer(const std::string& vectors) {
    auto with_vectors = config();
    with_vectors.vectors = vectors;
    data_.emplace(*TrainingDataFile::open_blocking(path("train.lytd")));
    return Trainer::create(with_vectors, {&*data_, nullptr, kinds_}, kernels::training::best_gemm_path());
  }

  std::optional<TrainingDataFile> data_{};
};

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0;
  double left = 0;
  double right = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    left += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    right += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return dot / std::sqrt(left * right);
}

TEST_F(TokenVectorsTest, TheEmbeddingBeginsWithThem) {
  const auto started = trainer(write(vectors()));
  ASSERT_TRUE(started) << started.error().message;
  const auto random = trainer("");
  ASSERT_TRUE(random);

  auto centred = vectors().values;
  centre_rows(4, centred);
  const std::size_t hidden = config().shape.num_hidden;
  const auto row = [&](const auto& from, std::size_t token) {
    return std::span(from->parameters()).subspan(token * hidden, hidden);
  };
  for (const std::size_t token : {std::size_t{0}, std::size_t{7}, std::size_t{62}})
    EXPECT_GT(cosine(row(*started, token).first(4), std::span(centred).subspan(token * 4, 4)), 0.999);
  // Never seen: as at random.
  EXPECT_TRUE(std::ranges::equal(row(*started, 63), row(*random, 63)));
}

TEST_F(TokenVectorsTest, AnotherVocabularyIsRefused) {
  auto fewer = vectors();
  fewer.values.resize(60 * 4);
  const auto refused = trainer(write(fewer));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("vocabulary of 64"));
  EXPECT_EQ(trainer(path("nothing.gguf")).error().code, Errc::not_found);
}

}  // namespace
}  // namespace lyceum::model
