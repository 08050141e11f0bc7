#include "model/remote/passages.hpp"

#include <gtest/gtest.h>

namespace lyceum::model::remote {
namespace {

const std::string kSource = "  The  tower\nwas completed\tin 1889. It is “tall”. ";

std::string found(const std::string& passage) {
  const auto range = locate(kSource, passage);
  return range ? kSource.substr(range->begin, range->end - range->begin) : "-";
}

TEST(Locate, ReturnsTheSourcesOwnBytesWhateverTheWhiteSpace) {
  EXPECT_EQ(found("The tower was completed in 1889."), "The  tower\nwas completed\tin 1889.");
  EXPECT_EQ(found(" tower   was "), "tower\nwas");
}

TEST(Locate, IgnoresMarksAroundThePassage) {
  EXPECT_EQ(found("\"It is “tall”.\""), "It is “tall”.");
  EXPECT_EQ(found("...completed in 1889..."), "completed\tin 1889");
}

TEST(Locate, FindsNothingThatIsNotThere) {
  EXPECT_EQ(found("The tower was completed in 1888."), "-");
  EXPECT_EQ(found(""), "-");
  EXPECT_EQ(found(" \n "), "-");
  EXPECT_EQ(found("\"\""), "-");
  EXPECT_FALSE(locate("", "x"));
}

}  // namespace
}  // namespace lyceum::model::remote
