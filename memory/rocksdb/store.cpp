#include "memory/store.hpp"

#include <utility>

#include "memory/rocksdb/blobs.hpp"
#include "memory/rocksdb/database.hpp"
#include "memory/rocksdb/documents.hpp"
#include "memory/rocksdb/event_log.hpp"
#include "memory/rocksdb/notes.hpp"

namespace lyceum::memory {
namespace {

class RocksStore final : public Store {
 public:
  RocksStore(std::unique_ptr<Database> database, std::unique_ptr<Library> library)
      : database_(std::move(database)), library_(std::move(library)) {}

  EventLog& event_log() override { return *event_log_; }

  Blobs& blobs() override { return *blobs_; }

  Documents& documents() override { return library_->documents(); }

  Search& search() override { return library_->search(); }

  Notes& notes() override { return *notes_; }

 private:
  std::unique_ptr<Database> database_;  // First: the others write through it until they end.
  std::unique_ptr<Library> library_;
  std::unique_ptr<EventLog> event_log_ = make_event_log(*database_);
  std::unique_ptr<Blobs> blobs_ = make_blobs(*database_);
  std::unique_ptr<Notes> notes_ = make_notes(*database_);
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(StoreOptions options, const Clock& clock, IdGenerator&,
                                          Metrics& metrics) {
  TRY(auto database, Database::open({.directory = options.directory}, metrics));
  TRY(auto library, open_library(*database, clock, std::move(options.embedder)));
  return std::unique_ptr<Store>(std::make_unique<RocksStore>(std::move(database), std::move(library)));
}

}  // namespace lyceum::memory
