#include "cli/service.hpp"

#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <unistd.h>

#include "agents/registry.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/http_client.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "cli/data_folder.hpp"
#include "cli/models.hpp"
#include "memory/store.hpp"
#include "model/lexical.hpp"
#include "model/remote.hpp"
#include "planner/service.hpp"
#include "tools/builtin.hpp"
#include "web/server.hpp"

namespace lyceum::cli {
namespace {

constexpr std::chrono::seconds kStopGrace{5};  ///< Past the drain timeout, before the process exits at once.

std::size_t size_of(const Configuration& configuration, const char* key) {
  return static_cast<std::size_t>(configuration.integer(key));
}

std::uint32_t count_of(const Configuration& configuration, const char* key) {
  return static_cast<std::uint32_t>(configuration.integer(key));
}

std::string url_of(const std::string& address, std::uint16_t port) {
  std::string host = address;
  if (address == "0.0.0.0") host = "127.0.0.1";
  if (address == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(port);
}

}  // namespace

/// In the order of construction; destroyed in reverse.
struct Service::Parts {
  explicit Parts(const Configuration& configuration)
      : folder(configuration.string("data_dir")),
        drain_timeout(configuration.integer("limits.drain_timeout_s")),
        io(static_cast<int>(configuration.integer("threads.io"))),
        web_io(static_cast<int>(configuration.integer("threads.web"))),
        pool(size_of(configuration, "threads.blocking")),
        http(egress_policy(configuration), configuration.string("egress.ca_file")) {}

  Result<void> build(const Configuration& configuration);
  Result<void> build_model_and_store(const Configuration& configuration);
  Result<void> serve(const Configuration& configuration, const Listen& listen);
  memory::Embedder embedder();

  /// Runs `task` on the I/O threads and waits for it.
  template <class T>
  T wait_for(Task<T> task) {
    return net::co_spawn(io, std::move(task), net::use_future).get();
  }

  DataFolder folder;
  std::chrono::seconds drain_timeout;
  std::string credential;
  std::string url;
  bool is_announced = false;

  net::io_context io;      ///< Runs.
  net::io_context web_io;  ///< Connections and what they read.
  BlockingPool pool;
  SystemClock clock;
  SystemRandom random;
  IdGenerator ids{clock, random};
  Metrics metrics;
  HttpClient http;
  std::unique_ptr<model::LanguageModel> model;
  std::unique_ptr<memory::Store> store;
  tools::Registry tools;
  agents::Registry agents;
  std::unique_ptr<planner::Planner> planner;
  std::unique_ptr<web::Server> server;

  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
  net::executor_work_guard<net::io_context::executor_type> web_work{web_io.get_executor()};
  std::vector<std::thread> threads;
};

/// The store calls it on the blocking pool, so waiting for the I/O threads is safe there.
memory::Embedder Service::Parts::embedder() {
  if (!model->info().capabilities.embeds) return {};
  return [this](std::span<const std::string> texts) {
    return wait_for(model->embed(std::vector<std::string>(texts.begin(), texts.end())));
  };
}

Result<void> Service::Parts::build_model_and_store(const Configuration& configuration) {
  TRY(auto configured, make_configured_model_blocking(configuration, http, pool, metrics));
  TRY(model::Blend blend, configured_blend_blocking(configuration));
  TRY(model::WordVectors vectors, configured_word_vectors_blocking(configuration));
  // Asked once the store is there: the store needs the model's embeddings first.
  const auto weight = [this](std::string_view word) { return store->search().idf_blocking(word, {}); };
  model = combine_models(std::move(blend), std::move(configured),
                         model::make_lexical_model(weight, pool, std::move(vectors)));
  memory::StoreOptions options{.directory = folder.store_folder(), .embedder = embedder()};
  TRY(store, memory::open_store(std::move(options), clock, ids, metrics));
  return ok();
}

Result<void> Service::Parts::build(const Configuration& configuration) {
  TRY_OK(folder.make_blocking());
  TRY(credential, folder.credential_blocking(configuration.string("token"), random));
  TRY_OK(build_model_and_store(configuration));
  tools::add_builtin_tools(tools, *store, http, pool,
                           {.body_bytes_max = size_of(configuration, "limits.fetch_bytes_max"),
                            .timeout_s = count_of(configuration, "limits.fetch_timeout_s")});
  agents::add_expert_agents(agents);
  planner = planner::make_planner(
      {.store = *store,
       .model = *model,
       .tools = tools,
       .agents = agents,
       .clock = clock,
       .ids = ids,
       .metrics = metrics,
       .pool = pool,
       .executor = io.get_executor(),
       .readers = web_io.get_executor()},
      {.runs_max = size_of(configuration, "limits.runs_max"),
       .parallel_steps_max = size_of(configuration, "limits.parallel_steps_max"),
       .attempts_max = count_of(configuration, "limits.step_attempts_max"),
       .hold_expires_after = std::chrono::seconds(configuration.integer("holds.expire_after_s")),
       .hold_on_expiry = configuration.string("holds.on_expiry")});
  return ok();
}

Result<void> Service::Parts::serve(const Configuration& configuration, const Listen& listen) {
  for (std::int64_t i = 0; i < configuration.integer("threads.io"); ++i) {
    threads.emplace_back([this] { io.run(); });
  }
  for (std::int64_t i = 0; i < configuration.integer("threads.web"); ++i) {
    threads.emplace_back([this] { web_io.run(); });
  }
  TRY_OK(wait_for(planner->recover()));
  server =
      std::make_unique<web::Server>(web::ServerParts{.runs = *planner,
                                                     .store = *store,
                                                     .tools = tools,
                                                     .model = *model,
                                                     .metrics = metrics,
                                                     .clock = clock,
                                                     .pool = pool,
                                                     .executor = web_io.get_executor()},
                                    web::ServerOptions{.address = listen.address,
                                                       .port = listen.port,
                                                       .token = credential,
                                                       .allowed_hosts = configuration.strings("host_names"),
                                                       .version = LYCEUM_VERSION,
                                                       .drain_timeout = drain_timeout});
  TRY(const std::uint16_t port, server->start());
  url = url_of(listen.address, port);
  if (!listen.is_announced) return ok();
  is_announced = true;
  const bool is_token_stored = configuration.string("token").empty();
  return folder.write_running_server_blocking(
      {.url = url, .token_file = is_token_stored ? folder.token_file() : "", .pid = ::getpid()});
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Service::~Service() {
  stop_blocking();
}

Result<std::unique_ptr<Service>> Service::start_blocking(const Configuration& configuration,
                                                         const Listen& listen) {
  std::unique_ptr<Service> service(new Service(std::make_unique<Parts>(configuration)));
  TRY_OK(service->parts_->build(configuration));
  TRY_OK(service->parts_->serve(configuration, listen));
  return service;
}

const std::string& Service::url() const {
  return parts_->url;
}

const std::string& Service::credential() const {
  return parts_->credential;
}

void Service::stop_blocking() {
  Parts& parts = *parts_;
  if (parts.is_announced) parts.folder.remove_running_server_blocking();
  parts.is_announced = false;
  if (!parts.threads.empty()) {
    const auto drain = [](Parts& all) -> Task<void> {
      if (all.server) co_await all.server->drain();
      co_await all.planner->drain();
    };
    auto drained = net::co_spawn(parts.io, drain(parts), net::use_future);
    if (drained.wait_for(2 * parts.drain_timeout + kStopGrace) != std::future_status::ready) {
      log_warning("service.drain_timed_out");
      std::_Exit(EXIT_FAILURE);
    }
    parts.work.reset();
    parts.web_work.reset();
    parts.io.stop();
    parts.web_io.stop();
    for (std::thread& thread : parts.threads) thread.join();
    parts.threads.clear();
  }
}

}  // namespace lyceum::cli
