// How a run writes its log and tells its readers.
#include <algorithm>

#include "base/log.hpp"
#include "planner/run/run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::chrono::milliseconds kStoreRetryFirst{200};
constexpr std::chrono::milliseconds kStoreRetryMax{5000};

}  // namespace

Event Run::system_event(std::string type, Json data) const {
  return {.type = std::move(type), .actor = "system", .data = std::move(data)};
}

std::uint64_t Run::log(std::vector<Event> events, memory::Durability durability) {
  for (Event& event : events) {
    event.seq = state_.seq + 1;
    event.epoch = epoch_;
    event.ts = std::max(parts_.clock.now_ms(), state_.last_ts);
    state_.apply(event);
    outbox_.push_back(std::move(event));
  }
  if (durability == memory::Durability::synced) outbox_durability_ = durability;
  has_work_ = true;
  changed_.notify_all();
  return state_.seq;
}

Task<void> Run::stored(std::uint64_t seq) {
  while (stored_seq_ < seq) co_await changed_.wait();
}

Task<void> Run::write_log() {
  for (;;) {
    if (outbox_.empty()) {
      if (is_stopping_ && attempts_.empty()) break;
      co_await changed_.wait();
      continue;
    }
    std::vector<Event> batch = std::exchange(outbox_, {});
    const auto durability = std::exchange(outbox_durability_, memory::Durability::grouped);
    const bool is_last = state_.phase == Phase::terminal;
    std::vector<std::shared_ptr<const std::string>> texts;
    memory::Append append{
        .run_id = state_.run_id, .head = stored_seq_, .is_terminal = is_last, .durability = durability};
    Json summary = summary_of(state_);
    append.summary = dump_json(summary);
    for (const Event& event : batch) {
      append.events.push_back(to_stored_text(event));
      texts.push_back(
          std::make_shared<const std::string>(to_client_text(state_.run_id, append.events.back())));
    }
    if (!co_await this->append(std::move(append))) break;
    for (std::size_t i = 0; i < batch.size(); ++i) hub_.publish({.seq = batch[i].seq, .text = texts[i]});
    stored_seq_ += batch.size();
    stored_summary_ = std::move(summary);
    changed_.notify_all();
    listener_.summary_changed(state_.run_id, dump_json(stored_summary_));
  }
}

// Tries until the store takes it: the run stands still meanwhile, and says so. False: draining, given up.
Task<bool> Run::append(memory::Append append) {
  std::chrono::milliseconds wait = kStoreRetryFirst;
  for (;;) {
    const auto head = co_await parts_.store.event_log().append(append);
    if (head) break;
    LYCEUM_CHECK(head.error().code != Errc::conflict);  // Two writers of one log: the design forbids it.
    if (is_draining_) co_return false;
    if (store_error_.empty())
      log_error("run.stalled", {{"run", state_.run_id}, {"error", head.error().message}});
    store_error_ = head.error().message;
    changed_.notify_all();
    parts_.metrics.add("lyceum_store_refusals_total", "Appends that the store refused");
    listener_.summary_changed(state_.run_id, dump_json(this->summary()));
    net::steady_timer timer(strand_, wait);
    co_await timer.async_wait(as_result);
    wait = std::min<std::chrono::milliseconds>(wait * 2, kStoreRetryMax);
  }
  store_error_.clear();
  co_return true;
}

void Run::publish_delta(const std::string& type, const std::string& step, std::uint32_t attempt, Json data) {
  Event event{.seq = stored_seq_,
              .epoch = epoch_,
              .ts = parts_.clock.now_ms(),
              .type = type,
              .step = step,
              .attempt = attempt,
              .data = std::move(data)};
  std::string text = to_client_text(state_.run_id, to_stored_text(event));
  text.insert(1, R"("ephemeral":true,)");
  hub_.publish({.seq = stored_seq_,
                .is_ephemeral = true,
                .text = std::make_shared<const std::string>(std::move(text))});
}

}  // namespace lyceum::planner
