#pragma once

#include <functional>
#include <thread>
#include <utility>

#include "model/engine/engine.hpp"

namespace lyceum::model {

/// The thread that runs an engine's batch loop, from construction to destruction.
class EngineThread {
 public:
  /// Gets the engine's state after every step, on the engine's thread; `is_idle` when nothing is left to do.
  using Report = std::function<void(const EngineStatus& status, bool is_idle)>;

  /// Borrows the engine.
  EngineThread(Engine& engine, Report report)
      : engine_(engine), thread_([&engine, report = std::move(report)] { run(engine, report); }) {}

  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  ~EngineThread() {
    engine_.shut_down();
    thread_.join();
  }

 private:
  static void run(Engine& engine, const Report& report) {
    do {
      while (engine.step()) report(engine.status(), false);
      report(engine.status(), true);
    } while (engine.wait());
    engine.step();  // Tells those that were under way.
  }

  Engine& engine_;
  std::thread thread_;
};

}  // namespace lyceum::model
