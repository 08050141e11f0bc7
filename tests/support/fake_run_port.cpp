#include "tests/support/fake_run_port.hpp"

#include <deque>
#include <stdexcept>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace lyceum::test {
namespace {

using planner::Delivery;

Error no_such_run(const std::string& run_id) {
  return {Errc::not_found, "no such run: " + run_id};
}

/// Lets one task wait for a change that any thread announces. Guarded by the port's mutex.
class Waiter {
 public:
  std::shared_ptr<net::steady_timer> arm(const net::any_io_executor& executor) {
    timer_ = std::make_shared<net::steady_timer>(executor, net::steady_timer::time_point::max());
    return timer_;
  }

  void wake() {
    if (!timer_) return;
    net::post(timer_->get_executor(), [timer = timer_] { timer->cancel(); });
    timer_.reset();
  }

 private:
  std::shared_ptr<net::steady_timer> timer_;  // Shared with the waiting task.
};

}  // namespace

class FakeSubscription final : public planner::Subscription {
 public:
  FakeSubscription(FakeRunPort& port, std::string run_id, std::uint64_t after)
      : port_(port), run_id_(std::move(run_id)), position_(after) {
    const std::scoped_lock lock(port_.mutex_);
    port_.subscriptions_.insert(this);
    ++port_.num_subscriptions_;
  }

  ~FakeSubscription() override {
    const std::scoped_lock lock(port_.mutex_);
    port_.subscriptions_.erase(this);
    --port_.num_subscriptions_;
  }

  Task<Result<Delivery>> next() override {
    const auto executor = co_await net::this_coro::executor;
    for (;;) {
      std::shared_ptr<net::steady_timer> timer;
      {
        const std::scoped_lock lock(port_.mutex_);
        if (is_closed_) co_return Error{Errc::cancelled, "subscription closed"};
        Delivery delivery;
        if (take_locked(delivery)) co_return delivery;
        timer = waiter_.arm(executor);
      }
      co_await timer->async_wait(as_result);
    }
  }

  void close() override {
    const std::scoped_lock lock(port_.mutex_);
    is_closed_ = true;
    waiter_.wake();
  }

  void wake_locked(const std::string& run_id) {
    if (run_id == run_id_) waiter_.wake();
  }

  void offer_locked(const std::string& run_id, const std::string& ephemeral) {
    if (run_id != run_id_ || !is_live_ || ephemerals_.size() > 8) return;
    ephemerals_.push_back(ephemeral);
    waiter_.wake();
  }

 private:
  bool take_locked(Delivery& delivery) {
    const auto& run = port_.runs_.at(run_id_);
    delivery.seq = position_;
    if (position_ < run.events.size()) {
      if (has_gap_ || (is_live_ && run.events.size() - position_ > port_.lag_max_)) {
        has_gap_ = true;
        delivery.kind = Delivery::Kind::gap;
        return true;
      }
      delivery.text = std::make_shared<const std::string>(run.events[position_]);
      delivery.seq = ++position_;
      return true;
    }
    if (!is_live_) {
      is_live_ = true;
      delivery.kind = Delivery::Kind::live;
      return true;
    }
    if (!ephemerals_.empty()) {
      delivery.is_ephemeral = true;
      delivery.text = std::make_shared<const std::string>(std::move(ephemerals_.front()));
      ephemerals_.pop_front();
      return true;
    }
    delivery.kind = Delivery::Kind::end;
    return run.is_over;
  }

  FakeRunPort& port_;
  const std::string run_id_;
  std::uint64_t position_;
  bool is_live_ = false;
  bool has_gap_ = false;
  bool is_closed_ = false;
  std::deque<std::string> ephemerals_;
  Waiter waiter_;
};

class FakeWatch final : public planner::Watch {
 public:
  explicit FakeWatch(FakeRunPort& port) : port_(port) {
    const std::scoped_lock lock(port_.mutex_);
    port_.watches_.insert(this);
  }

  ~FakeWatch() override {
    const std::scoped_lock lock(port_.mutex_);
    port_.watches_.erase(this);
  }

  Task<Result<std::string>> next() override {
    const auto executor = co_await net::this_coro::executor;
    for (;;) {
      std::shared_ptr<net::steady_timer> timer;
      {
        const std::scoped_lock lock(port_.mutex_);
        if (is_closed_) co_return Error{Errc::cancelled, "watch closed"};
        if (!changes_.empty()) {
          std::string change = std::move(changes_.front());
          changes_.pop_front();
          co_return change;
        }
        timer = waiter_.arm(executor);
      }
      co_await timer->async_wait(as_result);
    }
  }

  void close() override {
    const std::scoped_lock lock(port_.mutex_);
    is_closed_ = true;
    waiter_.wake();
  }

  void offer_locked(std::string summary) {
    changes_.push_back(std::move(summary));
    waiter_.wake();
  }

 private:
  FakeRunPort& port_;
  bool is_closed_ = false;
  std::deque<std::string> changes_;
  Waiter waiter_;
};

Json FakeRunPort::summary_locked(const std::string& run_id) const {
  const Run& run = runs_.at(run_id);
  return {
      {"run", run_id},
      {"title", "Run " + run_id},
      {"question", "Why?"},
      {"agent", "deep_search"},
      {"collections", Json::array()},
      {"phase", run.is_over ? "terminal" : "executing"},
      {"status", run.is_over ? Json("completed") : Json()},
      {"seq", run.events.size()},
      {"created_ms", 1},
      {"updated_ms", 2},
      {"holds", Json::array()},
      {"usage", {{"tokens_in", 0}, {"tokens_out", 0}, {"tool_calls", 0}, {"model_calls", 0}, {"time_ms", 0}}},
      {"budget", {{"time_s", 0}, {"tokens", 0}, {"tool_calls", 0}}},
      {"answer", nullptr}};
}

std::uint64_t FakeRunPort::append_locked(const std::string& run_id, const std::string& type, Json data) {
  Run& run = runs_.at(run_id);
  const std::uint64_t seq = run.events.size() + 1;
  const Json event = {{"v", 1},     {"run", run_id},     {"seq", seq},
                      {"epoch", 1}, {"ts", 1},           {"type", type},
                      {"path", ""}, {"actor", "system"}, {"data", std::move(data)}};
  run.events.push_back(dump_json(event));
  for (FakeSubscription* subscription : subscriptions_) subscription->wake_locked(run_id);
  const std::string summary = dump_json(summary_locked(run_id));
  for (FakeWatch* watch : watches_) watch->offer_locked(summary);
  return seq;
}

void FakeRunPort::add_run(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  runs_[run_id];
}

std::uint64_t FakeRunPort::append(const std::string& run_id, const std::string& type, Json data) {
  const std::scoped_lock lock(mutex_);
  return append_locked(run_id, type, std::move(data));
}

void FakeRunPort::append_ephemeral(const std::string& run_id, const std::string& type, Json data) {
  const std::scoped_lock lock(mutex_);
  const Json event = {{"v", 1},       {"run", run_id},           {"seq", runs_.at(run_id).events.size()},
                      {"type", type}, {"data", std::move(data)}, {"ephemeral", true}};
  for (FakeSubscription* subscription : subscriptions_) subscription->offer_locked(run_id, dump_json(event));
}

void FakeRunPort::finish(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  runs_.at(run_id).is_over = true;
  append_locked(run_id, "run.finished", {{"status", "completed"}});
}

std::vector<std::string> FakeRunPort::log(const std::string& run_id) const {
  const std::scoped_lock lock(mutex_);
  return runs_.at(run_id).events;
}

Task<Result<Json>> FakeRunPort::create(Json body, std::string) {
  FieldReader fields(body, "body");
  const std::string question = fields.required_string("question", 1000);
  std::string id = fields.string("id", "", 64);
  CO_TRY_OK(fields.finish());
  const std::scoped_lock lock(mutex_);
  if (id.empty()) id = "run" + std::to_string(runs_.size() + 1);
  if (!runs_.contains(id)) {
    runs_[id];
    append_locked(id, "run.submitted", {{"question", question}});
  }
  co_return summary_locked(id);
}

Task<Result<Json>> FakeRunPort::get(std::string run_id) {
  if (run_id == "throws") throw std::runtime_error("a secret detail");
  const std::scoped_lock lock(mutex_);
  if (!runs_.contains(run_id)) co_return no_such_run(run_id);
  co_return summary_locked(run_id);
}

Task<Result<Json>> FakeRunPort::list(std::string before, std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  Json list = Json::array();
  for (auto run = runs_.rbegin(); run != runs_.rend() && list.size() < limit; ++run) {
    if (before.empty() || run->first < before) list.push_back(summary_locked(run->first));
  }
  co_return Json{{"runs", std::move(list)}, {"next", nullptr}};
}

Task<Result<void>> FakeRunPort::remove(std::string run_id) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) co_return no_such_run(run_id);
  if (!found->second.is_over) co_return Error{Errc::precondition, "run " + run_id + " is not over"};
  runs_.erase(found);
  co_return ok();
}

Task<Result<Json>> FakeRunPort::fork(std::string run_id, Json body, std::string) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) co_return no_such_run(run_id);
  const auto at_seq = body.value("at_seq", std::size_t{0});
  Run child;
  child.events.assign(found->second.events.begin(),
                      found->second.events.begin() + static_cast<std::ptrdiff_t>(at_seq));
  runs_[run_id + "-fork"] = std::move(child);
  Json summary = summary_locked(run_id + "-fork");
  summary["parent"] = run_id;
  summary["at_seq"] = at_seq;
  co_return summary;
}

Task<planner::CommandOutcome> FakeRunPort::command(std::string run_id, Json command, std::string author) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) co_return planner::Refusal{.error = no_such_run(run_id)};
  if (command.value("type", "") == "plan.patch") {
    co_return planner::Refusal{.error = {Errc::conflict, "base_rev: the plan is at revision 1"},
                               .current = {{"rev", 1}, {"steps", Json::array()}}};
  }
  if (!command.contains("id"))
    co_return planner::Refusal{.error = {Errc::invalid_argument, "command.id: required"}};
  co_return append_locked(run_id, "command.accepted", {{"id", command["id"]}, {"by", author}});
}

Task<Result<std::vector<std::string>>> FakeRunPort::events(std::string run_id, std::uint64_t after,
                                                           std::size_t limit) {
  const std::scoped_lock lock(mutex_);
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) co_return no_such_run(run_id);
  const auto& log = found->second.events;
  std::vector<std::string> page;
  for (std::size_t i = after; i < log.size() && page.size() < limit; ++i) page.push_back(log[i]);
  co_return page;
}

Task<Result<Json>> FakeRunPort::plan(std::string run_id, std::uint64_t rev) {
  const std::scoped_lock lock(mutex_);
  if (!runs_.contains(run_id) || rev > 1) co_return Error{Errc::not_found, "no such plan"};
  const Json step = {{"id", "s1"},
                     {"title", "Find"},
                     {"goal", "g"},
                     {"agent", "deep_search.find"},
                     {"inputs", Json::array()},
                     {"tools", {"search_memory"}},
                     {"done_when", ""},
                     {"risk", "low"},
                     {"author", "agent:deep_search"}};
  co_return Json{{"rev", 1}, {"steps", {step}}};
}

Task<Result<std::string>> FakeRunPort::plan_markdown(std::string, std::uint64_t) {
  co_return std::string("# Plan\n");
}

Task<Result<Json>> FakeRunPort::files(std::string) {
  co_return Json{{"files", {{{"path", "notes/a b.md"}, {"bytes", 4}, {"hash", "00"}}}}};
}

Task<Result<std::string>> FakeRunPort::file(std::string, std::string path) {
  if (path != "notes/a b.md" && path != "page.html" && path != "image.bin") {
    co_return Error{Errc::not_found, "no such file: " + path};
  }
  co_return std::string("text");
}

Task<Result<Json>> FakeRunPort::generation(std::string, std::uint64_t seq) {
  if (seq != 3) co_return Error{Errc::not_found, "there is no such text"};
  co_return *parse_json(R"({
    "generation": 3, "step": "s1", "task": "test.write", "model": "fake 1", "prompt_tokens": 5, "contrast": 1.5,
    "sources": [{"name": "question", "text": "Who?"}], "text": "Ada",
    "tokens": [{"text": "Ada", "logprob": -0.5, "entropy": 1.25, "conflict": 0.25, "attention": [0.5],
                "experts": [[0, 1]], "top": [{"text": "Ada", "logprob": -0.5}]}],
    "experts_set": [{"token": 0, "experts": 2}],
    "experts": {"tokens": 1, "use": [[1, 1, 0]], "routing_consistency": 0.0}})");
}

Task<Result<std::string>> FakeRunPort::report(std::string, std::string format) {
  co_return format == "json" ? std::string("{}") : std::string("# Report\n");
}

Task<Result<Json>> FakeRunPort::holds() {
  const Json hold = {
      {"run", "a"},         {"run_title", "Run a"}, {"title", "Approve?"},      {"hold", "h1"},
      {"kind", "approval"}, {"scope", "s1"},        {"detail", Json::object()}, {"fingerprint", ""},
      {"opened_seq", 1},    {"opened_ms", 1},       {"expires_ms", nullptr},    {"on_expiry", "keep"}};
  co_return Json{{"holds", {hold}}};
}

Task<Result<std::unique_ptr<planner::Subscription>>> FakeRunPort::subscribe(std::string run_id,
                                                                            std::uint64_t after) {
  {
    const std::scoped_lock lock(mutex_);
    if (!runs_.contains(run_id)) co_return no_such_run(run_id);
    if (after > runs_[run_id].events.size()) co_return Error{Errc::invalid_argument, "after: past the head"};
  }
  co_return std::unique_ptr<planner::Subscription>(std::make_unique<FakeSubscription>(*this, run_id, after));
}

std::unique_ptr<planner::Watch> FakeRunPort::watch() {
  return std::make_unique<FakeWatch>(*this);
}

}  // namespace lyceum::test
