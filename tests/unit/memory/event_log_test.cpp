// The contract of memory/event_log.hpp.
#include "memory/rocksdb/event_log.hpp"

#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "memory/codec/keys.hpp"
#include "memory/codec/record.hpp"
#include "tests/unit/memory/event_log_fixture.hpp"

namespace lyceum::memory {
namespace {

using EventLogContract = EventLogTest;

TEST_F(EventLogContract, AppendReturnsTheNewHeadAndReadGivesTheEventsInOrder) {
  EXPECT_EQ(*append("run-1", 0, {"a", "b"}), 2U);
  EXPECT_EQ(*append("run-1", 2, {"c"}), 3U);

  EXPECT_EQ(read("run-1"), (Events{"a", "b", "c"}));
  EXPECT_EQ(read("run-1", 1), (Events{"b", "c"}));
  EXPECT_EQ(read("run-1", 0, 2), (Events{"a", "b"}));
  EXPECT_EQ(read("run-1", 3), Events{});
  EXPECT_EQ(read("run-1", 99), Events{});
  EXPECT_EQ(read("run-1", 0, 0), Events{});
}

TEST_F(EventLogContract, AppendToAStaleHeadIsAConflictAndChangesNothing) {
  ASSERT_TRUE(append("run-1", 0, {"a"}));

  for (const Seq head : {Seq{0}, Seq{2}}) {
    const auto stale = append("run-1", head, {"b"});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code, Errc::conflict);
    EXPECT_NE(stale.error().message.find("head is 1"), std::string::npos) << stale.error().message;
  }

  EXPECT_EQ(read("run-1"), Events{"a"});
  EXPECT_EQ(log->head_blocking("run-1")->seq, 1U);
}

TEST_F(EventLogContract, AnAppendPastTheLimitsIsRefusedAndMakesNoRun) {
  EXPECT_EQ(append("run-1", 0, {}).error().code, Errc::invalid_argument);
  EXPECT_EQ(append("run-1", 0, Events(kMaxEventsPerAppend + 1, "x")).error().code, Errc::invalid_argument);
  EXPECT_EQ(append("run-1", 0, {std::string(kMaxEventBytes + 1, 'x')}).error().code, Errc::too_large);
  EXPECT_EQ(append("run/1", 0, {"x"}).error().code, Errc::invalid_argument);
  EXPECT_EQ(append("run-1", 4, {"x"}).error().code, Errc::conflict);

  EXPECT_EQ(log->head_blocking("run-1").error().code, Errc::not_found);
  EXPECT_TRUE(append("run-1", 0, Events(kMaxEventsPerAppend, "x")));
}

TEST_F(EventLogContract, LargeEventsComeBackWholeAndTakeLittleRoom) {
  const std::string large(3U << 20U, 'z');

  ASSERT_TRUE(append("run-1", 0, {"small", large}));

  EXPECT_EQ(read("run-1"), (Events{"small", large}));
  const auto record = database->get(Family::events, event_key("run-1", 2));
  ASSERT_TRUE(record && *record);
  EXPECT_LT((*record)->size(), large.size() / 100);
}

TEST_F(EventLogContract, TheHeadCarriesTheLastSummary) {
  Append first = append_of("run-1", 0, {"a"});
  first.summary = "{\"title\":\"one\"}";
  ASSERT_TRUE(run_task(log->append(std::move(first))));
  Append second = append_of("run-1", 1, {"b"});
  second.summary = "{\"title\":\"two\"}";
  second.is_terminal = true;
  ASSERT_TRUE(run_task(log->append(std::move(second))));

  const auto head = log->head_blocking("run-1");

  ASSERT_TRUE(head);
  EXPECT_EQ(head->run_id, "run-1");
  EXPECT_EQ(head->seq, 2U);
  EXPECT_EQ(head->summary, "{\"title\":\"two\"}");
  EXPECT_TRUE(head->is_terminal);
  EXPECT_EQ(head->parent, "");
}

TEST_F(EventLogContract, AnUnknownRunIsNotFound) {
  EXPECT_EQ(log->head_blocking("none").error().code, Errc::not_found);
  EXPECT_EQ(log->read_blocking("none", 0, 1).error().code, Errc::not_found);
  EXPECT_EQ(log->remove_blocking("none").error().code, Errc::not_found);
  EXPECT_EQ(log->fork_blocking("none", 1, "child", "{}").error().code, Errc::not_found);
}

TEST_F(EventLogContract, EverythingIsThereAfterReopening) {
  fill("run-1", 3);
  ASSERT_TRUE(log->fork_blocking("run-1", 2, "run-2", "{\"f\":1}"));
  ASSERT_TRUE(append("run-2", 2, {"own"}));
  finish("run-1", 3);

  reopen_log();

  EXPECT_EQ(read("run-1"), (Events{"run-1/1", "run-1/2", "run-1/3", "end"}));
  EXPECT_EQ(read("run-2"), (Events{"run-1/1", "run-1/2", "own"}));
  EXPECT_EQ(append("run-2", 2, {"late"}).error().code, Errc::conflict);
  EXPECT_EQ(*append("run-2", 3, {"next"}), 4U);
}

TEST_F(EventLogContract, AForkReadsItsParentsPrefixAndGoesItsOwnWay) {
  fill("parent", 3);
  ASSERT_TRUE(log->fork_blocking("parent", 2, "child", "{\"s\":1}"));

  ASSERT_TRUE(append("parent", 3, {"parent/4"}));
  EXPECT_EQ(*append("child", 2, {"child/3", "child/4"}), 4U);

  EXPECT_EQ(read("child"), (Events{"parent/1", "parent/2", "child/3", "child/4"}));
  EXPECT_EQ(read("child", 1, 2), (Events{"parent/2", "child/3"}));
  EXPECT_EQ(read("child", 3), Events{"child/4"});
  EXPECT_EQ(read("parent"), (Events{"parent/1", "parent/2", "parent/3", "parent/4"}));
  const auto head = log->head_blocking("child");
  EXPECT_EQ(head->parent, "parent");
  EXPECT_EQ(head->parent_seq, 2U);
}

TEST_F(EventLogContract, ANewForkHasItsParentsPrefixAndHead) {
  fill("parent", 2);

  ASSERT_TRUE(log->fork_blocking("parent", 2, "child", "{\"s\":1}"));

  EXPECT_EQ(read("child"), (Events{"parent/1", "parent/2"}));
  EXPECT_EQ(log->head_blocking("child")->seq, 2U);
  EXPECT_EQ(log->head_blocking("child")->summary, "{\"s\":1}");
  EXPECT_EQ(append("child", 0, {"x"}).error().code, Errc::conflict);
}

TEST_F(EventLogContract, ForksOfForksReadThroughEveryAncestor) {
  fill("a", 3);
  ASSERT_TRUE(log->fork_blocking("a", 2, "b", "{}"));
  ASSERT_TRUE(append("b", 2, {"b/3", "b/4"}));
  ASSERT_TRUE(log->fork_blocking("b", 3, "c", "{}"));
  ASSERT_TRUE(append("c", 3, {"c/4"}));
  // Of the part that b has from a: nothing of b's own may show.
  ASSERT_TRUE(log->fork_blocking("b", 1, "d", "{}"));
  ASSERT_TRUE(append("d", 1, {"d/2"}));

  EXPECT_EQ(read("c"), (Events{"a/1", "a/2", "b/3", "c/4"}));
  EXPECT_EQ(read("d"), (Events{"a/1", "d/2"}));
  EXPECT_EQ(read("c", 2, 1), Events{"b/3"});
}

TEST_F(EventLogContract, AForkPastTheHeadOrOntoATakenIdIsRefused) {
  fill("parent", 2);
  fill("taken", 1);

  EXPECT_EQ(log->fork_blocking("parent", 3, "child", "{}").error().code, Errc::invalid_argument);
  EXPECT_EQ(log->fork_blocking("parent", 0, "child", "{}").error().code, Errc::invalid_argument);
  EXPECT_EQ(log->fork_blocking("parent", 1, "a/b", "{}").error().code, Errc::invalid_argument);
  EXPECT_EQ(log->fork_blocking("parent", 1, "taken", "{}").error().code, Errc::conflict);
  EXPECT_EQ(log->fork_blocking("parent", 1, "parent", "{}").error().code, Errc::conflict);
  EXPECT_EQ(log->head_blocking("child").error().code, Errc::not_found);
  EXPECT_EQ(read("taken"), Events{"taken/1"});
}

TEST_F(EventLogContract, ForksNestOnlySoDeep) {
  fill("fork-0", 1);
  Result<void> forked;
  int depth = 0;
  for (; forked && depth < 100; ++depth) {
    forked =
        log->fork_blocking("fork-" + std::to_string(depth), 1, "fork-" + std::to_string(depth + 1), "{}");
  }

  ASSERT_FALSE(forked);
  EXPECT_EQ(forked.error().code, Errc::invalid_argument);
  EXPECT_EQ(read("fork-" + std::to_string(depth - 1)), Events{"fork-0/1"});
}

TEST_F(EventLogContract, HeadsComeNewestFirstAndInPages) {
  for (const char* id : {"01A", "01C", "01B", "01D"}) fill(id, 1);

  const auto ids = [this](const std::string& before, std::size_t limit) {
    Events found;
    const auto heads = log->heads_blocking(before, limit);
    for (const RunHead& head : *heads) found.push_back(head.run_id);
    return found;
  };

  EXPECT_EQ(ids("", 10), (Events{"01D", "01C", "01B", "01A"}));
  EXPECT_EQ(ids("", 2), (Events{"01D", "01C"}));
  EXPECT_EQ(ids("01C", 10), (Events{"01B", "01A"}));
  EXPECT_EQ(ids("01A", 10), Events{});
}

TEST_F(EventLogContract, UnfinishedListsRunsUntilTheirTerminalEvent) {
  fill("01A", 1);
  fill("01B", 1);
  ASSERT_TRUE(log->fork_blocking("01A", 1, "01C", "{}"));
  finish("01A", 1);

  const auto unfinished = log->unfinished_blocking();

  ASSERT_TRUE(unfinished);
  ASSERT_EQ(unfinished->size(), 2U);
  EXPECT_EQ((*unfinished)[0].run_id, "01B");
  EXPECT_EQ((*unfinished)[1].run_id, "01C");
}

TEST_F(EventLogContract, RemoveTakesATerminalRunAndAllItsEvents) {
  fill("01A", 3);
  fill("01B", 1);
  finish("01A", 3);

  ASSERT_TRUE(log->remove_blocking("01A"));

  EXPECT_EQ(log->head_blocking("01A").error().code, Errc::not_found);
  EXPECT_EQ(log->read_blocking("01A", 0, 10).error().code, Errc::not_found);
  EXPECT_EQ(log->heads_blocking("", 10)->size(), 1U);
  EXPECT_EQ(read("01B"), Events{"01B/1"});
  ASSERT_TRUE(append("01A", 0, {"again"}));
  EXPECT_EQ(read("01A"), Events{"again"});
}

TEST_F(EventLogContract, RemoveRefusesARunThatIsNotTerminalOrHasForks) {
  fill("parent", 2);
  EXPECT_EQ(log->remove_blocking("parent").error().code, Errc::precondition);
  ASSERT_TRUE(log->fork_blocking("parent", 1, "child", "{}"));
  finish("parent", 2);
  EXPECT_EQ(log->remove_blocking("parent").error().code, Errc::precondition);
  EXPECT_EQ(read("child"), Events{"parent/1"});

  finish("child", 1);
  ASSERT_TRUE(log->remove_blocking("child"));
  EXPECT_TRUE(log->remove_blocking("parent"));
}

/// Writes behind the log's back.
void overwrite(Database& database, Family family, const std::string& key,
               const std::optional<std::string>& value) {
  Change change = [&](Transaction& transaction) {
    if (value) {
      transaction.put(family, key, *value);
    } else {
      transaction.remove(family, key);
    }
    return ok();
  };
  ASSERT_TRUE(database.commit_blocking(change, Durability::grouped));
}

TEST_F(EventLogContract, ADamagedEventIsDataLossAndNamed) {
  fill("run-1", 3);
  std::string record = **database->get(Family::events, event_key("run-1", 2));
  record.back() = static_cast<char>(record.back() ^ 1);
  overwrite(*database, Family::events, event_key("run-1", 2), record);

  const auto damaged = log->read_blocking("run-1", 0, 10);

  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, Errc::data_loss);
  EXPECT_NE(damaged.error().message.find("event 2 of run run-1"), std::string::npos)
      << damaged.error().message;
  EXPECT_EQ(read("run-1", 0, 1), Events{"run-1/1"});
  EXPECT_EQ(read("run-1", 2), Events{"run-1/3"});
}

TEST_F(EventLogContract, AMissingEventIsDataLoss) {
  for (const Seq missing : {Seq{1}, Seq{2}, Seq{3}}) {
    const std::string id = "run-" + std::to_string(missing);
    fill(id, 3);
    overwrite(*database, Family::events, event_key(id, missing), std::nullopt);

    const auto damaged = log->read_blocking(id, 0, 10);
    ASSERT_FALSE(damaged) << missing;
    EXPECT_EQ(damaged.error().code, Errc::data_loss);
  }
}

TEST_F(EventLogContract, ADamagedHeadIsDataLossAndStopsAppends) {
  fill("run-1", 1);
  overwrite(*database, Family::runs, "run-1", "rubbish");

  EXPECT_EQ(log->head_blocking("run-1").error().code, Errc::data_loss);
  EXPECT_EQ(append("run-1", 1, {"b"}).error().code, Errc::data_loss);
  EXPECT_EQ(log->heads_blocking("", 10).error().code, Errc::data_loss);
}

Task<void> append_and_note_thread(EventLog& log, std::thread::id& resumed_on) {
  auto appended = co_await log.append(append_of("run-1", 0, {"a"}));
  EXPECT_TRUE(appended);
  resumed_on = std::this_thread::get_id();
}

TEST_F(EventLogContract, AnAppendResumesOnItsCallersExecutor) {
  net::io_context io(1);
  std::thread::id resumed_on;
  net::co_spawn(io, append_and_note_thread(*log, resumed_on), [](const std::exception_ptr&) {});

  io.run();

  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST_F(EventLogContract, AppendsAreCountedInTheMetrics) {
  ASSERT_TRUE(append("run-1", 0, {"abc", "de"}));

  const std::string text = metrics.scrape();

  EXPECT_NE(text.find("lyceum_events_appended_total 2"), std::string::npos) << text;
  EXPECT_NE(text.find("lyceum_append_seconds_count{durability=\"grouped\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace lyceum::memory
