#include "model/tokenizer/utf8_stream.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace lyceum::model {
namespace {

std::string whole(const std::string& bytes) {
  Utf8Stream stream;
  std::string out = stream.push(bytes);
  return out + stream.finish();
}

TEST(Utf8Stream, HoldsBackWhatCanStillBecomeACharacter) {
  Utf8Stream stream;

  EXPECT_EQ(stream.push("a\xF0\x9F"), "a");
  EXPECT_EQ(stream.push("\x99"), "");
  EXPECT_EQ(stream.push("\x82"
                        "b"),
            "🙂b");
  EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8Stream, ReplacesWhatCannotBecomeACharacterAtOnce) {
  Utf8Stream stream;

  EXPECT_EQ(stream.push("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(stream.push("\xC3"
                        "a"),
            "\xEF\xBF\xBD"
            "a");
  EXPECT_EQ(stream.push("\xED\xA0"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // A surrogate's beginning.
  EXPECT_EQ(stream.push("\xE0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // An over-long form's.
  EXPECT_EQ(stream.push("\xE0\x80\x94"),
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");               // One of an ASCII character.
  EXPECT_EQ(stream.push("\xF4\x90"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // Beyond U+10FFFF.
  EXPECT_EQ(stream.push("\xE2\x82"), "");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(stream.push("\xEF\xBF\xBD"), "\xEF\xBF\xBD");
}

TEST(Utf8Stream, TheResultIsUtf8AndDoesNotDependOnTheCuts) {
  std::mt19937_64 random(99);
  constexpr std::string_view kBytes = "aé\xE2\x82\xAC\xF0\x9F\x99\x82\xED\xA0\xF4\x90\xC0\xFF";

  for (int round = 0; round < 5'000; ++round) {
    std::string bytes;
    for (std::size_t i = 0; i < 12; ++i) bytes += kBytes[random() % kBytes.size()];
    Utf8Stream stream;
    std::string out;
    for (const char byte : bytes) out += stream.push(std::string(1, byte));
    out += stream.finish();
    ASSERT_TRUE(is_utf8(out));
    ASSERT_EQ(out, whole(bytes));
    if (is_utf8(bytes)) {
      ASSERT_EQ(out, bytes);
    }
  }
}

}  // namespace
}  // namespace lyceum::model
