#include "memory/ingest/chunks.hpp"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "memory/ingest/parse.hpp"

namespace lyceum::memory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string sentences(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "Sentence number " + std::to_string(i) + " of a long story stands here. ";
  return text;
}

TEST(Chunks, HoldWholeSentencesUpToTheTarget) {
  const std::string text = sentences(100);

  const auto chunks = make_chunks(text, {});

  ASSERT_GT(chunks.size(), 3U);
  for (const Chunk& chunk : chunks) {
    EXPECT_LE(chunk.end - chunk.begin, kTargetChunkBytes);
    EXPECT_EQ(text.compare(chunk.begin, 9, "Sentence "), 0);
    EXPECT_EQ(text[chunk.end - 1], '.');
  }
  EXPECT_GT(chunks[0].end - chunks[0].begin, kTargetChunkBytes - 100);
}

TEST(Chunks, ALongSentenceStaysWholeAndATooLongOneIsCutBetweenWords) {
  const std::string long_one = "Long " + std::string(1'700, 'x') + " end.";
  EXPECT_THAT(make_chunks(long_one, {}), SizeIs(1));

  std::string too_long = "Start";
  while (too_long.size() < 5'000) too_long += " wordword";
  const auto chunks = make_chunks(too_long, {});
  ASSERT_THAT(chunks, SizeIs(3));
  for (const Chunk& chunk : chunks) {
    EXPECT_LE(chunk.end - chunk.begin, kMaxChunkBytes);
    EXPECT_TRUE(chunk.begin == 0 || too_long[chunk.begin - 1] == ' ');
  }
}

TEST(Chunks, ASentenceWithoutSpacesIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "é";

  for (const Chunk& chunk : make_chunks(text, {}))
    EXPECT_TRUE(is_utf8(text.substr(chunk.begin, chunk.end - chunk.begin)));
}

TEST(Chunks, DoNotCrossSectionsAndKnowTheInnermost) {
  const std::string text = "Intro here.\n# A\nText a.\n## B\nText b.\n# C\nText c.\n";
  const auto parsed = parse_markdown(text);

  std::vector<std::string> seen;
  for (const Chunk& chunk : make_chunks(text, parsed->sections)) {
    const std::string section =
        chunk.section == Chunk::kNoSection ? "-" : parsed->sections[chunk.section].title;
    seen.push_back(section + ":" + text.substr(chunk.begin, chunk.end - chunk.begin));
  }
  EXPECT_THAT(seen, ElementsAre("-:Intro here.", "A:# A\nText a.", "B:## B\nText b.", "C:# C\nText c."));
}

TEST(Chunks, HeadingPathNamesTheOuterSectionsFirst) {
  const auto parsed = parse_markdown("# A\n## B\n### C\n## D\nx\n# E\ny\n");

  EXPECT_EQ(heading_path(parsed->sections, 2), "A B C");
  EXPECT_EQ(heading_path(parsed->sections, 3), "A D");
  EXPECT_EQ(heading_path(parsed->sections, 4), "E");
  EXPECT_EQ(heading_path(parsed->sections, Chunk::kNoSection), "");
}

TEST(Chunks, BlankTextHasNone) {
  EXPECT_THAT(make_chunks(" \n\n", {}), IsEmpty());
}

TEST(Chunks, CoverEveryWordOnceForRandomMarkdown) {
  std::mt19937 random(3);
  const std::vector<std::string> pieces = {
      "word ", "# Head\n", "## Sub\n", ". ", "\n\n", "é。", "- item\n", "longlonglonglonglong", "\n"};
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += pieces[random() % pieces.size()];
    const auto parsed = parse_markdown(text);
    ASSERT_TRUE(parsed);

    std::size_t end = 0;
    for (const Chunk& chunk : make_chunks(text, parsed->sections)) {
      ASSERT_GE(chunk.begin, end);
      ASSERT_LE(chunk.end - chunk.begin, kMaxChunkBytes);
      ASSERT_EQ(text.substr(end, chunk.begin - end).find_first_not_of(" \n"), std::string::npos);
      if (chunk.section != Chunk::kNoSection) {
        ASSERT_GE(chunk.begin, parsed->sections[chunk.section].begin);
        ASSERT_LE(chunk.end, parsed->sections[chunk.section].end);
      }
      end = chunk.end;
    }
    ASSERT_EQ(text.substr(end).find_first_not_of(" \n"), std::string::npos);
  }
}

}  // namespace
}  // namespace lyceum::memory
