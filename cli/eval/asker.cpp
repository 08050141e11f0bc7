#include "cli/eval/asker.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "agents/direct_context.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "planner/service.hpp"
#include "tools/builtin.hpp"

namespace lyceum::cli {
namespace {

constexpr const char* kLead = "deep_search";

Asked to_asked(const agents::Blackboard& blackboard, const Json& answer) {
  Asked asked{.is_not_found = answer.value("not_found", false)};
  std::map<std::string, const agents::Evidence*> by_id;
  for (const agents::Evidence& evidence : blackboard.evidence) {
    by_id[evidence.id] = &evidence;
    if (evidence.dropped.empty()) asked.titles.push_back(evidence.title);
  }
  for (const Json& id : answer.value("evidence", Json::array())) {
    const auto found = by_id.find(id.get<std::string>());
    if (found != by_id.end()) asked.quotes.push_back(found->second->quote);
  }
  return asked;
}

}  // namespace

struct EvalService::Parts {
  net::io_context io{1};
  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
  std::thread thread{};
  BlockingPool pool{1};
  SystemClock clock{};
  SystemRandom random{};
  IdGenerator ids{clock, random};
  Metrics metrics{};
  HttpClient http{EgressPolicy{}, ""};
  std::unique_ptr<memory::Store> store{};
  std::unique_ptr<model::LanguageModel> model{};
  tools::Registry tools{};
  agents::Registry agents{};

  template <class T>
  T wait_for(Task<T> task) {
    return net::co_spawn(io, std::move(task), net::use_future).get();
  }
};

namespace {

class DirectAsker final : public Asker {
 public:
  explicit DirectAsker(std::function<Result<agents::DirectRun>(const std::string&, const std::string&)> run)
      : run_(std::move(run)) {}

  Result<Asked> ask_blocking(const std::string& question, const std::string& collection) override {
    TRY(const agents::DirectRun run, run_(question, collection));
    return to_asked(run.blackboard, run.blackboard.results.back().result);
  }

 private:
  std::function<Result<agents::DirectRun>(const std::string&, const std::string&)> run_;
};

/// Collects what events say of evidence and answer.
class RunFold {
 public:
  void add(const Json& event) {
    const std::string type = event.value("type", "");
    const Json& data = event.at("data");
    if (type == "evidence.added") {
      blackboard_.evidence.push_back({.id = data.value("evidence", ""),
                                      .quote = data.value("quote", ""),
                                      .title = data.value("title", "")});
    } else if (type == "evidence.dropped") {
      for (agents::Evidence& evidence : blackboard_.evidence) {
        if (evidence.id == data.value("evidence", "")) evidence.dropped = data.value("reason", "dropped");
      }
    } else if (type == "step.finished" && data.at("result").contains("not_found")) {
      answer_ = data.at("result");
    } else if (type == "run.finished") {
      status_ = data.value("status", "");
    }
  }

  Result<Asked> asked(const std::string& question) const {
    if (!answer_.is_object())
      return Error{Errc::internal,
                   "the run for \"" + question + "\" ended as " + status_ + " without an answer"};
    return to_asked(blackboard_, answer_);
  }

 private:
  agents::Blackboard blackboard_{};
  Json answer_ = nullptr;
  std::string status_{};
};

Task<Result<Asked>> ask_planner(planner::RunPort& runs, std::string question, std::string collection) {
  Json body{{"question", question},
            {"agent", kLead},
            {"collections", Json::array({collection})},
            {"approvals", "auto"}};
  CO_TRY(const Json summary, co_await runs.create(std::move(body), "user:eval"));
  CO_TRY(const auto subscription, co_await runs.subscribe(summary.at("run").get<std::string>(), 0));
  RunFold fold;
  for (;;) {
    CO_TRY(const planner::Delivery delivery, co_await subscription->next());
    if (delivery.kind == planner::Delivery::Kind::end) co_return fold.asked(question);
    if (delivery.kind == planner::Delivery::Kind::gap)
      co_return Error{Errc::overloaded, "the evaluation could not follow its run"};
    if (delivery.kind != planner::Delivery::Kind::event || delivery.is_ephemeral) continue;
    CO_TRY(const Json event, parse_json(*delivery.text));
    fold.add(event);
  }
}

}  // namespace

EvalService::EvalService() : parts_(std::make_unique<Parts>()) {}

EvalService::~EvalService() {
  parts_->work.reset();
  if (parts_->thread.joinable()) parts_->thread.join();
}

Result<std::unique_ptr<EvalService>> EvalService::open_blocking(const std::string& store_folder,
                                                                const ModelMaker& make_model) {
  std::unique_ptr<EvalService> service(new EvalService());
  Parts& parts = *service->parts_;
  TRY(parts.store, memory::open_store({.directory = store_folder}, parts.clock, parts.ids, parts.metrics));
  parts.model = make_model(*parts.store, parts.pool);
  tools::add_builtin_tools(parts.tools, *parts.store, parts.http, parts.pool, {});
  agents::add_expert_agents(parts.agents);
  parts.thread = std::thread([&parts] { parts.io.run(); });
  return service;
}

memory::Store& EvalService::store() {
  return *parts_->store;
}

std::unique_ptr<Asker> EvalService::make_direct_asker() {
  return std::make_unique<DirectAsker>([this](const std::string& question, const std::string& collection) {
    return parts_->wait_for(
        agents::run_directly(parts_->agents, parts_->tools, *parts_->model, kLead, question, {collection}));
  });
}

namespace {

class PlannerAsker final : public Asker {
 public:
  PlannerAsker(planner::PlannerParts parts, net::io_context& io)
      : io_(io), planner_(planner::make_planner(parts, {})) {
    LYCEUM_CHECK(wait_for(planner_->recover()).has_value());
  }

  ~PlannerAsker() override { net::co_spawn(io_, planner_->drain(), net::use_future).get(); }

  Result<Asked> ask_blocking(const std::string& question, const std::string& collection) override {
    return wait_for(ask_planner(*planner_, question, collection));
  }

 private:
  template <class T>
  T wait_for(Task<T> task) {
    return net::co_spawn(io_, std::move(task), net::use_future).get();
  }

  net::io_context& io_;
  std::unique_ptr<planner::Planner> planner_;
};

}  // namespace

std::unique_ptr<Asker> EvalService::make_planner_asker() {
  return std::make_unique<PlannerAsker>(planner::PlannerParts{.store = *parts_->store,
                                                              .model = *parts_->model,
                                                              .tools = parts_->tools,
                                                              .agents = parts_->agents,
                                                              .clock = parts_->clock,
                                                              .ids = parts_->ids,
                                                              .metrics = parts_->metrics,
                                                              .pool = parts_->pool,
                                                              .executor = parts_->io.get_executor(),
                                                              .readers = parts_->io.get_executor()},
                                        parts_->io);
}

}  // namespace lyceum::cli
