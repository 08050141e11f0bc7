#include "memory/search/ranking.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory/search/dense_index.hpp"
#include "memory/search/fusion.hpp"

namespace lyceum::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<ChunkNumber> chunks_of(const std::vector<Scored>& ranked) {
  std::vector<ChunkNumber> chunks;
  for (const Scored& scored : ranked) chunks.push_back(scored.chunk);
  return chunks;
}

TEST(Postings, ComeBackAsTheyWent) {
  const std::vector<Posting> postings = {{0, 0, 1}, {1, 3, 0}, {200, 65535, 65535}, {4'000'000'000U, 1, 2}};

  std::vector<Posting> decoded;
  ASSERT_TRUE(decode_postings(encode_postings(postings), decoded));

  EXPECT_EQ(decoded, postings);
}

TEST(Postings, DamagedBlocksAreDataLoss) {
  std::mt19937 random(5);
  const std::string whole = encode_postings({{5, 0, 1}, {900, 2, 3}, {70'000, 0, 400}});
  std::vector<Posting> decoded;
  EXPECT_EQ(decode_postings(whole.substr(0, whole.size() - 1), decoded).error().code, Errc::data_loss);
  EXPECT_EQ(decode_postings(std::string("\x05\x02\x00\x02", 4), decoded).error().code, Errc::data_loss);
  for (int round = 0; round < 2'000; ++round) {
    std::string block(random() % 12, '\0');
    for (char& c : block) c = static_cast<char>(random());
    std::vector<Posting> some;
    if (!decode_postings(block, some)) continue;
    for (std::size_t i = 1; i < some.size(); ++i) EXPECT_GT(some[i].chunk, some[i - 1].chunk);
  }
}

TEST(Bm25, MatchesTheFormulaByHand) {
  const std::vector<std::uint16_t> lengths = {10, 20};
  const PostingList list{.chunks = {1}, .frequencies = {3}, .max_frequency = 3};
  const double idf = inverse_document_frequency(2, 1);
  TopChunks top(10);

  rank({{&list, idf}}, {.num_chunks = 2, .num_words = 30}, lengths, top);

  const auto ranked = std::move(top).finish();
  ASSERT_THAT(ranked, SizeIs(1));
  EXPECT_DOUBLE_EQ(idf, std::log(1 + 1.5 / 1.5));
  EXPECT_DOUBLE_EQ(ranked[0].score, idf * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 20 / 15)));
}

TEST(Bm25, EqualScoresGoByChunkNumber) {
  const std::vector<std::uint16_t> lengths(50, 5);
  PostingList list{.max_frequency = 1};
  for (ChunkNumber chunk = 0; chunk < 50; ++chunk) {
    list.chunks.push_back(chunk);
    list.frequencies.push_back(1);
  }
  TopChunks top(3);

  rank({{&list, 1}}, {.num_chunks = 50, .num_words = 250}, lengths, top);

  EXPECT_THAT(chunks_of(std::move(top).finish()), ElementsAre(0, 1, 2));
}

TEST(Bm25, PruningFindsWhatAFullScanFinds) {
  std::mt19937 random(17);
  for (int round = 0; round < 300; ++round) {
    const std::size_t num_chunks = 1 + random() % 300;
    std::vector<std::uint16_t> lengths(num_chunks);
    CorpusStats stats{.num_chunks = num_chunks};
    for (auto& length : lengths) stats.num_words += length = static_cast<std::uint16_t>(1 + random() % 200);
    std::vector<PostingList> lists(1 + random() % 6);
    std::vector<RankedTerm> terms;
    std::vector<double> full(num_chunks, 0);
    for (PostingList& list : lists) {
      const unsigned sparsity = 1 + random() % 20;
      for (ChunkNumber chunk = 0; chunk < num_chunks; ++chunk) {
        if (random() % sparsity != 0) continue;
        list.chunks.push_back(chunk);
        list.frequencies.push_back(static_cast<float>(1 + random() % 5));
        list.max_frequency = std::max(list.max_frequency, list.frequencies.back());
      }
      const double weight = inverse_document_frequency(num_chunks, list.chunks.size());
      if (!list.chunks.empty()) terms.push_back({&list, weight});
      for (std::size_t i = 0; i < list.chunks.size(); ++i) {
        const double norm = kK1 * (1 - kB + kB * lengths[list.chunks[i]] / stats.average_words());
        const double frequency = static_cast<double>(list.frequencies[i]);
        full[list.chunks[i]] += weight * frequency * (kK1 + 1) / (frequency + norm);
      }
    }
    TopChunks top(10);
    rank(terms, stats, lengths, top);
    const auto ranked = std::move(top).finish();

    std::sort(full.rbegin(), full.rend());
    const auto num_matching =
        static_cast<std::size_t>(std::count_if(full.begin(), full.end(), [](double s) { return s > 0; }));
    ASSERT_EQ(ranked.size(), std::min<std::size_t>(10, num_matching));
    for (std::size_t i = 0; i < ranked.size(); ++i)
      ASSERT_NEAR(ranked[i].score, full[i], 1e-9) << "round " << round;
  }
}

TEST(Bm25, AnEmptyQueryFindsNothing) {
  TopChunks top(5);
  rank({}, {}, {}, top);
  EXPECT_THAT(std::move(top).finish(), IsEmpty());
}

TEST(Fusion, WhatBothFindComesFirst) {
  const auto fused = fuse({{1, 9.0}, {2, 8.0}}, {{3, 0.9}, {2, 0.8}}, 10);

  ASSERT_THAT(fused, SizeIs(3));
  EXPECT_EQ(fused[0].chunk, 2U);
  EXPECT_DOUBLE_EQ(fused[0].score, 2.0 / 62);
  EXPECT_EQ(fused[0].bm25, 8.0);
  EXPECT_EQ(fused[0].dense, 0.8);
  EXPECT_EQ(fused[1].chunk, 1U);
  EXPECT_FALSE(fused[1].dense);
  EXPECT_EQ(fused[2].chunk, 3U);
  EXPECT_EQ(fused[2].bm25, 0);
  EXPECT_THAT(fuse({{1, 9.0}, {2, 8.0}}, {}, 1), SizeIs(1));
}

std::vector<float> random_unit(std::mt19937& random, std::size_t size) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(size);
  float sum = 0;
  for (float& x : vector) {
    x = normal(random);
    sum += x * x;
  }
  for (float& x : vector) x /= std::sqrt(sum);
  return vector;
}

TEST(DenseIndex, ScanFindsTheNearestAndForgetsTheRemoved) {
  std::mt19937 random(23);
  DenseIndex index(12);
  std::vector<std::vector<float>> vectors;
  for (ChunkNumber chunk = 0; chunk < 200; ++chunk) {
    vectors.push_back(random_unit(random, 12));
    index.add(chunk, vectors.back());
  }
  EXPECT_EQ(index.nearest(vectors[57], 1)[0].chunk, 57U);
  EXPECT_NEAR(index.nearest(vectors[57], 1)[0].score, 1.0, 1e-5);

  for (ChunkNumber chunk = 0; chunk < 200; chunk += 2) index.remove(chunk);

  EXPECT_EQ(index.size(), 100U);
  for (ChunkNumber chunk = 1; chunk < 200; chunk += 2)
    EXPECT_EQ(index.nearest(vectors[chunk], 1)[0].chunk, chunk);
  EXPECT_THAT(index.nearest(vectors[0], 500), SizeIs(100));
}

TEST(DenseIndex, GraphFindsNearlyAllThatAScanWould) {
  // Goal: past kMaxScannedVectors the graph takes over, keeps what was there, and honours removal.
  std::mt19937 random(29);
  constexpr std::size_t kDimensions = 8;
  DenseIndex index(kDimensions);
  std::vector<std::vector<float>> vectors;
  for (ChunkNumber chunk = 0; chunk < kMaxScannedVectors + 500; ++chunk) {
    vectors.push_back(random_unit(random, kDimensions));
    index.add(chunk, vectors.back());
  }
  index.remove(7);

  EXPECT_EQ(index.size(), kMaxScannedVectors + 499);
  EXPECT_NE(index.nearest(vectors[7], 1)[0].chunk, 7U);
  int found = 0;
  for (ChunkNumber chunk = 0; chunk < 20'000; chunk += 200)
    found += index.nearest(vectors[chunk], 5)[0].chunk == chunk ? 1 : 0;
  EXPECT_GE(found, 95);
}

}  // namespace
}  // namespace lyceum::memory
