#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "memory/blobs.hpp"
#include "memory/documents.hpp"
#include "memory/event_log.hpp"
#include "memory/notes.hpp"
#include "memory/search.hpp"

namespace lyceum::memory {

struct StoreOptions {
  std::string directory{};  ///< Made when absent. One process at a time.
  Embedder embedder{};      ///< Empty: search is BM25 alone.
};

/// The one store. Owns everything that it hands out; destroy it after all users.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  virtual EventLog& event_log() = 0;
  virtual Blobs& blobs() = 0;
  virtual Documents& documents() = 0;
  virtual Search& search() = 0;
  virtual Notes& notes() = 0;
};

/// Opens or makes the RocksDB store. Blocks. Errors: precondition (another process has it open; the message
/// says so), io, data_loss. `clock`, `ids` and `metrics` must outlive it.
Result<std::unique_ptr<Store>> open_store(StoreOptions options, const Clock& clock, IdGenerator& ids,
                                          Metrics& metrics);

}  // namespace lyceum::memory
