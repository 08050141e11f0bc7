#include "memory/rocksdb/event_log.hpp"

#include <chrono>
#include <limits>
#include <utility>

#include "base/async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "memory/codec/bytes.hpp"
#include "memory/codec/keys.hpp"
#include "memory/codec/record.hpp"
#include "memory/codec/run_head.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kMaxSummaryBytes = 1U << 20U;
constexpr std::size_t kMaxAppendBytes = 64U << 20U;
constexpr std::size_t kMaxForkDepth = 64;
/// Above this, checksums and packing would hold up an I/O thread.
constexpr std::size_t kMaxInlineBytes = 64U << 10U;

/// A stretch of one run's own events, both ends included.
struct Stretch {
  std::string run_id{};
  Seq first = 0;
  Seq last = 0;
};

Error no_such_run(const std::string& run_id) {
  return Error{Errc::not_found, "run " + run_id + ": not stored"};
}

std::string event_name(const std::string& run_id, Seq seq) {
  return "event " + std::to_string(seq) + " of run " + run_id;
}

std::size_t size_of(const Append& append) {
  std::size_t size = append.summary.size();
  for (const std::string& event : append.events) size += event.size();
  return size;
}

Result<void> check_summary(const std::string& summary) {
  if (summary.size() <= kMaxSummaryBytes) return ok();
  return Error{Errc::too_large, "summary: at most " + std::to_string(kMaxSummaryBytes) + " bytes"};
}

Result<void> check_append(const Append& append) {
  TRY_OK(check_run_id(append.run_id));
  TRY_OK(check_summary(append.summary));
  if (append.events.empty() || append.events.size() > kMaxEventsPerAppend) {
    return Error{Errc::invalid_argument, "events: 1 to " + std::to_string(kMaxEventsPerAppend) +
                                             " expected, got " + std::to_string(append.events.size())};
  }
  for (const std::string& event : append.events) {
    if (event.size() > kMaxEventBytes) {
      return Error{Errc::too_large, "event: " + std::to_string(event.size()) + " bytes, at most " +
                                        std::to_string(kMaxEventBytes)};
    }
  }
  if (size_of(append) > kMaxAppendBytes) {
    return Error{Errc::too_large, "events: at most " + std::to_string(kMaxAppendBytes) + " bytes together"};
  }
  return ok();
}

std::vector<std::string> encode_events(const std::vector<std::string>& events) {
  std::vector<std::string> records;
  records.reserve(events.size());
  for (const std::string& event : events) records.push_back(encode_record(event));
  return records;
}

/// `reader` is a Database or a Transaction.
template <class Reader>
Result<std::optional<RunHead>> find_head(const Reader& reader, const std::string& run_id) {
  TRY(const std::optional<std::string> record, reader.get(Family::runs, run_id));
  if (!record) return std::optional<RunHead>();
  TRY(RunHead head, decode_run_head(run_id, *record));
  return std::optional<RunHead>(std::move(head));
}

template <class Reader>
Result<RunHead> get_head(const Reader& reader, const std::string& run_id) {
  TRY(std::optional<RunHead> head, find_head(reader, run_id));
  if (!head) return no_such_run(run_id);
  return *std::move(head);
}

void put_head(Transaction& transaction, const RunHead& head) {
  transaction.put(Family::runs, head.run_id, encode_run_head(head));
  if (head.is_terminal) {
    transaction.remove(Family::run_index, unfinished_key(head.run_id));
  } else {
    transaction.put(Family::run_index, unfinished_key(head.run_id), {});
  }
}

Result<std::uint64_t> count_forks(const Transaction& transaction, const std::string& run_id) {
  TRY(const std::optional<std::string> record, transaction.get(Family::run_index, fork_count_key(run_id)));
  if (!record) return std::uint64_t{0};
  ByteReader reader(*record);
  const auto count = reader.integer<std::uint64_t>();
  TRY_OK(reader.finish("forks of run " + run_id));
  return count;
}

void set_forks(Transaction& transaction, const std::string& run_id, std::uint64_t count) {
  if (count == 0) {
    transaction.remove(Family::run_index, fork_count_key(run_id));
    return;
  }
  ByteWriter writer;
  writer.integer(count);
  transaction.put(Family::run_index, fork_count_key(run_id), writer.bytes());
}

Result<void> apply_append(Transaction& transaction, const Append& append,
                          const std::vector<std::string>& records) {
  TRY(std::optional<RunHead> stored, find_head(transaction, append.run_id));
  RunHead head = stored ? *std::move(stored) : RunHead{.run_id = append.run_id};
  if (head.seq != append.head) {
    return Error{Errc::conflict, "run " + append.run_id + ": head is " + std::to_string(head.seq) +
                                     ", expected " + std::to_string(append.head)};
  }
  for (const std::string& record : records) {
    transaction.put_unread(Family::events, event_key(head.run_id, ++head.seq), record);
  }
  head.summary = append.summary;
  head.is_terminal = append.is_terminal;
  put_head(transaction, head);
  return ok();
}

Result<void> check_fork_depth(const Transaction& transaction, RunHead head) {
  for (std::size_t depth = 1; !head.parent.empty(); ++depth) {
    if (depth >= kMaxForkDepth) {
      return Error{Errc::invalid_argument,
                   "parent: already a fork of forks, " + std::to_string(kMaxForkDepth) + " deep"};
    }
    TRY(head, get_head(transaction, std::string(head.parent)));
  }
  return ok();
}

Result<void> apply_fork(Transaction& transaction, const RunHead& child) {
  TRY(const RunHead parent, get_head(transaction, child.parent));
  if (child.parent_seq == 0 || child.parent_seq > parent.seq) {
    return Error{Errc::invalid_argument, "parent_seq: 1 to " + std::to_string(parent.seq) +
                                             " expected, got " + std::to_string(child.parent_seq)};
  }
  TRY_OK(check_fork_depth(transaction, parent));
  TRY(const std::optional<RunHead> taken, find_head(transaction, child.run_id));
  if (taken) return Error{Errc::conflict, "run " + child.run_id + ": exists already"};
  TRY(const std::uint64_t num_forks, count_forks(transaction, child.parent));
  set_forks(transaction, child.parent, num_forks + 1);
  put_head(transaction, child);
  return ok();
}

Result<void> apply_remove(Transaction& transaction, const std::string& run_id) {
  TRY(const RunHead head, get_head(transaction, run_id));
  if (!head.is_terminal)
    return Error{Errc::precondition, "run " + run_id + ": not finished; cancel it first"};
  TRY(const std::uint64_t num_forks, count_forks(transaction, run_id));
  if (num_forks > 0) {
    return Error{Errc::precondition,
                 "run " + run_id + ": has " + std::to_string(num_forks) + " forks; remove them first"};
  }
  if (!head.parent.empty()) {
    TRY(const std::uint64_t num_siblings, count_forks(transaction, head.parent));
    set_forks(transaction, head.parent, num_siblings == 0 ? 0 : num_siblings - 1);
  }
  transaction.remove_range(Family::events, event_key(run_id, 0),
                           event_key(run_id, std::numeric_limits<Seq>::max()));
  transaction.remove(Family::runs, run_id);
  return ok();
}

class RocksEventLog final : public EventLog {
 public:
  explicit RocksEventLog(Database& database) : database_(database) {}

  Task<Result<Seq>> append(Append append) override {
    const auto begin = MonotonicClock::now();
    CO_TRY_OK(check_append(append));
    const std::size_t num_bytes = size_of(append);
    const std::size_t num_events = append.events.size();
    const Seq new_head = append.head + num_events;
    const Durability durability = append.durability;
    std::vector<std::string> records =
        num_bytes <= kMaxInlineBytes
            ? encode_events(append.events)
            : co_await run_blocking(packing_, [&append] { return encode_events(append.events); });
    append.events.clear();

    Change change = [append = std::move(append), records = std::move(records)](Transaction& transaction) {
      return apply_append(transaction, append, records);
    };
    CO_TRY_OK(co_await database_.commit(std::move(change), durability));
    count(begin, num_events, num_bytes, durability);
    co_return new_head;
  }

  Result<void> fork_blocking(const std::string& parent, Seq parent_seq, const std::string& run_id,
                             const std::string& summary) override {
    TRY_OK(check_run_id(run_id));
    TRY_OK(check_summary(summary));
    const RunHead child{
        .run_id = run_id, .seq = parent_seq, .summary = summary, .parent = parent, .parent_seq = parent_seq};
    Change change = [child](Transaction& transaction) { return apply_fork(transaction, child); };
    return database_.commit_blocking(std::move(change), Durability::synced);
  }

  Result<std::vector<std::string>> read_blocking(const std::string& run_id, Seq after,
                                                 std::size_t limit) const override {
    TRY(const std::vector<Stretch> stretches, stretches_of(run_id));
    std::vector<std::string> events;
    for (const Stretch& stretch : stretches) {
      Result<void> read = read_stretch(stretch, after, limit, events);
      if (read) continue;
      // A run that went away while it was read has no events left, which is no damage.
      TRY_OK(get_head(database_, run_id));
      return std::move(read).error();
    }
    return events;
  }

  Result<RunHead> head_blocking(const std::string& run_id) const override {
    return get_head(database_, run_id);
  }

  Result<std::vector<RunHead>> heads_blocking(const std::string& before, std::size_t limit) const override {
    std::vector<RunHead> heads;
    Cursor cursor = database_.scan(Family::runs, {}, before);
    for (cursor.to_last(); cursor.is_valid() && heads.size() < limit; cursor.previous()) {
      TRY(RunHead head, decode_run_head(cursor.key(), cursor.value()));
      heads.push_back(std::move(head));
    }
    TRY_OK(cursor.status());
    return heads;
  }

  Result<std::vector<RunHead>> unfinished_blocking() const override {
    std::vector<RunHead> heads;
    const std::string begin = unfinished_key({});
    Cursor cursor = database_.scan(Family::run_index, begin, unfinished_end());
    for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
      TRY(std::optional<RunHead> head, find_head(database_, std::string(cursor.key().substr(begin.size()))));
      // It may have ended between the two reads.
      if (head && !head->is_terminal) heads.push_back(*std::move(head));
    }
    TRY_OK(cursor.status());
    return heads;
  }

  Result<void> remove_blocking(const std::string& run_id) override {
    Change change = [run_id](Transaction& transaction) { return apply_remove(transaction, run_id); };
    return database_.commit_blocking(std::move(change), Durability::synced);
  }

 private:
  /// Oldest first: what the run reads as, from its furthest ancestor on.
  Result<std::vector<Stretch>> stretches_of(const std::string& run_id) const {
    std::vector<Stretch> stretches;
    TRY(RunHead head, get_head(database_, run_id));
    Seq last = head.seq;
    for (;;) {
      // A fork may be of its parent's inherited part: then the parent's own events are not in it.
      if (last > head.parent_seq) stretches.push_back({head.run_id, head.parent_seq + 1, last});
      if (head.parent.empty()) break;
      last = std::min(last, head.parent_seq);
      TRY(head, get_head(database_, std::string(head.parent)));
    }
    std::reverse(stretches.begin(), stretches.end());
    return stretches;
  }

  Result<void> read_stretch(const Stretch& stretch, Seq after, std::size_t limit,
                            std::vector<std::string>& events) const {
    if (after >= stretch.last) return ok();
    Seq next = std::max(stretch.first, after + 1);
    Cursor cursor = database_.scan(Family::events, event_key(stretch.run_id, next),
                                   event_key(stretch.run_id, stretch.last + 1));
    for (cursor.to_first(); cursor.is_valid() && events.size() < limit; cursor.next(), ++next) {
      if (cursor.key() != event_key(stretch.run_id, next)) break;
      TRY(std::string event, decode_record(cursor.value(), event_name(stretch.run_id, next)));
      events.push_back(std::move(event));
    }
    TRY_OK(cursor.status());
    if (events.size() >= limit || next > stretch.last) return ok();
    return Error{Errc::data_loss, event_name(stretch.run_id, next) + ": missing from the store"};
  }

  void count(MonotonicClock::time_point begin, std::size_t num_events, std::size_t num_bytes,
             Durability durability) const {
    const std::chrono::duration<double> taken = MonotonicClock::now() - begin;
    Metrics& metrics = database_.metrics();
    metrics.observe("lyceum_append_seconds", "Time from an append to its acknowledgement.",
                    {0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3}, taken.count(),
                    {{"durability", durability == Durability::synced ? "synced" : "grouped"}});
    metrics.add("lyceum_events_appended_total", "Events appended to run logs.",
                static_cast<double>(num_events));
    metrics.add("lyceum_event_bytes_total", "Bytes of appended events and summaries, before packing.",
                static_cast<double>(num_bytes));
  }

  Database& database_;
  BlockingPool packing_{1};
};

}  // namespace

std::unique_ptr<EventLog> make_event_log(Database& database) {
  return std::make_unique<RocksEventLog>(database);
}

}  // namespace lyceum::memory
