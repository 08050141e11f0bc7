// The contract of memory/notes.hpp.
#include "memory/rocksdb/notes.hpp"

#include "tests/unit/memory/store_support.hpp"

namespace lyceum::memory {
namespace {

class NotesContract : public DatabaseTest {
 protected:
  void put(const std::string& id, const std::string& subject, const std::string& text = "text") {
    const auto written =
        notes->put_blocking({.id = id, .subject = subject, .text = text, .run_id = "run", .written_ms = -7});
    ASSERT_TRUE(written) << written.error().message;
  }

  static std::vector<std::string> ids(const Result<std::vector<Note>>& notes) {
    std::vector<std::string> found;
    for (const Note& note : *notes) found.push_back(note.id);
    return found;
  }

  std::unique_ptr<Notes> notes = make_notes(*database);
};

using Ids = std::vector<std::string>;

TEST_F(NotesContract, ANoteIsFoundByItsSubjectWithAllItsFields) {
  put("01A", "otters", "They float.");
  put("01B", "other");

  const auto found = notes->by_subject_blocking("otters");

  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].id, "01A");
  EXPECT_EQ((*found)[0].subject, "otters");
  EXPECT_EQ((*found)[0].text, "They float.");
  EXPECT_EQ((*found)[0].run_id, "run");
  EXPECT_EQ((*found)[0].written_ms, -7);
}

TEST_F(NotesContract, SubjectsThatBeginAlikeStayApart) {
  put("01A", "otter");
  put("01B", "otters");

  EXPECT_EQ(ids(notes->by_subject_blocking("otter")), Ids{"01A"});
  EXPECT_EQ(ids(notes->by_subject_blocking("otte")), Ids{});
}

TEST_F(NotesContract, PuttingAnIdAgainReplacesTheNoteAndItsSubject) {
  put("01A", "old", "one");
  put("01A", "new", "two");

  EXPECT_EQ(ids(notes->by_subject_blocking("old")), Ids{});
  EXPECT_EQ((*notes->by_subject_blocking("new"))[0].text, "two");
  EXPECT_EQ(ids(notes->list_blocking("", 10)), Ids{"01A"});
}

TEST_F(NotesContract, ListComesByRisingIdInPages) {
  for (const char* id : {"01C", "01A", "01B"}) put(id, "s");

  EXPECT_EQ(ids(notes->list_blocking("", 10)), (Ids{"01A", "01B", "01C"}));
  EXPECT_EQ(ids(notes->list_blocking("", 2)), (Ids{"01A", "01B"}));
  EXPECT_EQ(ids(notes->list_blocking("01B", 10)), Ids{"01C"});
}

TEST_F(NotesContract, RemoveTakesTheNoteFromEveryView) {
  put("01A", "s");

  EXPECT_TRUE(notes->remove_blocking("01A"));

  EXPECT_EQ(ids(notes->by_subject_blocking("s")), Ids{});
  EXPECT_EQ(ids(notes->list_blocking("", 10)), Ids{});
  EXPECT_EQ(notes->remove_blocking("01A").error().code, Errc::not_found);
}

TEST_F(NotesContract, NotesPastTheLimitsAreRefused) {
  EXPECT_EQ(notes->put_blocking({.id = "", .subject = "s"}).error().code, Errc::invalid_argument);
  EXPECT_EQ(notes->put_blocking({.id = "01A", .subject = ""}).error().code, Errc::invalid_argument);
  EXPECT_EQ(notes->put_blocking({.id = "01A", .subject = std::string(2000, 's')}).error().code,
            Errc::too_large);
  EXPECT_EQ(
      notes->put_blocking({.id = "01A", .subject = "s", .text = std::string(100'000, 't')}).error().code,
      Errc::too_large);
}

TEST_F(NotesContract, NotesOutliveReopening) {
  put("01A", "s");
  reopen();
  notes = make_notes(*database);
  EXPECT_EQ(ids(notes->by_subject_blocking("s")), Ids{"01A"});
}

}  // namespace
}  // namespace lyceum::memory
