#pragma once

#include <thread>

#include "model/engine/engine.hpp"

namespace lyceum::model {

/// The thread that runs an engine's batch loop, from construction to destruction.
class EngineThread {
 public:
  /// Borrows the engine.
  explicit EngineThread(Engine& engine) : engine_(engine), thread_([&engine] { run(engine); }) {}

  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  ~EngineThread() {
    engine_.shut_down();
    thread_.join();
  }

 private:
  static void run(Engine& engine) {
    do {
      while (engine.step()) {
      }
    } while (engine.wait());
    engine.step();  // Tells those that were under way.
  }

  Engine& engine_;
  std::thread thread_;
};

}  // namespace lyceum::model
