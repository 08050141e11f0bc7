#include <limits>

#include <gtest/gtest.h>

#include "memory/codec/bytes.hpp"
#include "memory/codec/keys.hpp"
#include "memory/codec/record.hpp"
#include "memory/codec/run_head.hpp"

namespace lyceum::memory {
namespace {

std::string incompressible(std::size_t num_bytes) {
  std::string bytes;
  std::uint64_t state = 7;
  while (bytes.size() < num_bytes) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    bytes.push_back(static_cast<char>(state >> 56U));
  }
  return bytes;
}

TEST(ByteReader, ReadsBackWhatAWriterWrote) {
  ByteWriter writer;
  writer.integer(std::uint8_t{7})
      .integer(std::uint32_t{1U << 31U})
      .signed_integer(-5)
      .real(0.25)
      .string("a\0b")
      .string("");

  ByteReader reader(writer.bytes());

  EXPECT_EQ(reader.integer<std::uint8_t>(), 7);
  EXPECT_EQ(reader.integer<std::uint32_t>(), 1U << 31U);
  EXPECT_EQ(reader.signed_integer(), -5);
  EXPECT_EQ(reader.real(), 0.25);
  EXPECT_EQ(reader.string(), "a\0b");
  EXPECT_EQ(reader.string(), "");
  EXPECT_TRUE(reader.finish("x"));
}

TEST(ByteReader, MissingAndLeftOverBytesAreDataLoss) {
  ByteWriter writer;
  writer.string("abc");
  const std::string whole = writer.bytes();

  ByteReader cut(std::string_view(whole).substr(0, whole.size() - 1));
  EXPECT_EQ(cut.string(), "");
  EXPECT_EQ(cut.finish("thing").error().code, Errc::data_loss);

  const std::string longer = whole + "x";
  ByteReader over(longer);
  EXPECT_EQ(over.string(), "abc");
  EXPECT_EQ(over.finish("thing").error().code, Errc::data_loss);
}

TEST(Record, RoundTripsAtEverySizeAroundTheLimits) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, kMaxPlainBytes, kMaxPlainBytes + 1, std::size_t{300'000}}) {
    for (const std::string& payload : {std::string(size, 'x'), incompressible(size)}) {
      const auto decoded = decode_record(encode_record(payload), "x");
      ASSERT_TRUE(decoded) << size << ": " << decoded.error().message;
      EXPECT_EQ(*decoded, payload);
    }
  }
}

TEST(Record, PacksLargePayloadsOnlyWhereThatPays) {
  EXPECT_LT(encode_record(std::string(100'000, 'x')).size(), 1000U);
  EXPECT_EQ(encode_record(std::string(kMaxPlainBytes, 'x')).size(), kMaxPlainBytes + 6);
  EXPECT_EQ(encode_record(incompressible(100'000)).size(), 100'006U);
}

TEST(Record, EveryFlippedBitIsDataLoss) {
  for (const std::string& payload : {std::string("{\"type\":\"run.submitted\"}"), std::string(5000, 'y')}) {
    const std::string record = encode_record(payload);
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
      std::string damaged = record;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_record(damaged, "event 1");
      ASSERT_FALSE(decoded) << "bit " << bit;
      EXPECT_EQ(decoded.error().code, Errc::data_loss);
    }
  }
}

TEST(Record, EveryCutIsDataLoss) {
  const std::string record = encode_record(std::string(5000, 'y'));
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_FALSE(decode_record(std::string_view(record).substr(0, size), "x")) << size;
  }
}

TEST(Keys, EventsSortByRunThenPosition) {
  EXPECT_LT(event_key("run-1", 255), event_key("run-1", 256));
  EXPECT_LT(event_key("run-1", std::numeric_limits<Seq>::max()), event_key("run-10", 0));
}

TEST(Keys, RunIdsThatCouldRunIntoEachOtherAreRefused) {
  EXPECT_TRUE(check_run_id("01HF7YAT31JZHFTEXT0000000A"));
  for (const std::string& id :
       {std::string(), std::string("a\0b", 3), std::string("a/b"), std::string(kMaxRunIdBytes + 1, 'a')}) {
    const auto checked = check_run_id(id);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::invalid_argument);
  }
}

TEST(RunHeadRecord, RoundTrips) {
  const RunHead head{
      .run_id = "r", .seq = 9, .summary = "{\"a\":1}", .is_terminal = true, .parent = "p", .parent_seq = 4};

  const auto decoded = decode_run_head("r", encode_run_head(head));

  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->run_id, "r");
  EXPECT_EQ(decoded->seq, 9U);
  EXPECT_EQ(decoded->summary, head.summary);
  EXPECT_TRUE(decoded->is_terminal);
  EXPECT_EQ(decoded->parent, "p");
  EXPECT_EQ(decoded->parent_seq, 4U);
}

}  // namespace
}  // namespace lyceum::memory
