#include "memory/rocksdb/database.hpp"

#include <filesystem>
#include <future>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "memory/rocksdb/writer.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kBlockCacheBytes = 64U << 20U;
constexpr std::size_t kWriteBufferBytes = 16U << 20U;
constexpr std::size_t kAllWriteBuffersBytes = 64U << 20U;
constexpr std::size_t kMaxWalBytes = 256U << 20U;
constexpr std::size_t kMinBlobFileValueBytes = 16U << 10U;
constexpr const char* kFormatKey = "format";
constexpr const char* kFormat = "1";

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

/// Hides the free space, so that RocksDB does not poll a full disk and recover behind our back: the writer
/// thread alone brings the store back, at the next commit, and callers see one behaviour.
class QuietFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "QuietFileSystem"; }

  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, uint64_t*,
                                 rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported();
  }
};

std::unique_ptr<rocksdb::Env> make_env(std::shared_ptr<rocksdb::FileSystem> file_system) {
  if (!file_system) file_system = rocksdb::FileSystem::Default();
  return rocksdb::NewCompositeEnv(std::make_shared<QuietFileSystem>(file_system));
}

rocksdb::DBOptions database_options(rocksdb::Env& env) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.db_write_buffer_size = kAllWriteBuffersBytes;
  options.max_total_wal_size = kMaxWalBytes;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.max_log_file_size = 4U << 20U;
  options.keep_log_file_num = 2;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;
  // A crash between the flushes of two families would leave one ahead of a torn log, which RocksDB refuses to
  // open.
  options.atomic_flush = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> families() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = kWriteBufferBytes;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;

  std::vector<rocksdb::ColumnFamilyDescriptor> all{{rocksdb::kDefaultColumnFamilyName, options}};
  for (const char* name : kFamilyNames) all.emplace_back(name, options);
  // Blobs are packed already and large: kept out of the tree, they are not copied by every compaction.
  rocksdb::ColumnFamilyOptions& blobs = all[1 + static_cast<std::size_t>(Family::blobs)].options;
  blobs.compression = rocksdb::kNoCompression;
  blobs.bottommost_compression = rocksdb::kNoCompression;
  blobs.enable_blob_files = true;
  blobs.min_blob_size = kMinBlobFileValueBytes;
  blobs.enable_blob_garbage_collection = true;
  return all;
}

Error open_error(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  if (text.find("lock hold by current process") != std::string::npos ||
      text.find("Resource temporarily unavailable") != std::string::npos) {
    return Error{Errc::precondition,
                 directory + ": another process has this store open; stop it, or choose another directory"};
  }
  return error_of(status, directory);
}

Result<void> make_directory(const std::string& directory) {
  std::error_code failed;
  const bool is_new = std::filesystem::create_directories(directory, failed);
  // What people ask and read is theirs alone.
  if (is_new && !failed) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
  }
  if (failed) return Error{Errc::io, directory + ": " + failed.message()};
  return ok();
}

}  // namespace

Database::Database(Metrics& metrics) : metrics_(metrics) {}

Database::~Database() {
  writer_.reset();
  for (rocksdb::ColumnFamilyHandle* family : handles_) db_->DestroyColumnFamilyHandle(family);
}

Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options, Metrics& metrics) {
  TRY_OK(make_directory(options.directory));
  std::unique_ptr<Database> database(new Database(metrics));
  TRY_OK(database->open_families(options));
  database->writer_ = std::make_unique<Writer>(*database);
  TRY_OK(database->check_format());
  return database;
}

Result<void> Database::open_families(const DatabaseOptions& options) {
  env_ = make_env(options.file_system);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(database_options(*env_), options.directory, families(), &handles_, &db);
  if (!status.ok()) return open_error(status, options.directory);
  db_.reset(db);
  return ok();
}

Result<void> Database::check_format() {
  TRY(const std::optional<std::string> stored, get(Family::meta, kFormatKey));
  if (stored == kFormat) return ok();
  if (stored) {
    return Error{Errc::precondition,
                 db_->GetName() + ": store has format " + *stored + ", this program reads " + kFormat};
  }
  Change change = [](Transaction& transaction) {
    transaction.put(Family::meta, kFormatKey, kFormat);
    return ok();
  };
  return commit_blocking(std::move(change), Durability::synced);
}

Task<Result<void>> Database::commit(Change change, Durability durability) {
  const auto start = [this](auto handler, Change the_change, Durability the_durability) {
    // Shared because std::function wants copies; there is only ever one use.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    // Tracked, so that the caller's io_context does not run out of work meanwhile.
    auto executor =
        net::prefer(net::get_associated_executor(*shared), net::execution::outstanding_work.tracked);
    writer_->enqueue(std::move(the_change), the_durability, [shared, executor](Result<void> result) {
      net::post(executor, [shared, result = std::move(result)]() mutable {
        auto resume = std::move(*shared);
        std::move(resume)(std::move(result));
      });
    });
  };
  co_return co_await net::async_initiate<const net::use_awaitable_t<>, void(Result<void>)>(
      start, net::use_awaitable, std::move(change), durability);
}

Result<void> Database::commit_blocking(Change change, Durability durability) {
  std::promise<Result<void>> written;
  writer_->enqueue(std::move(change), durability,
                   [&written](Result<void> result) { written.set_value(std::move(result)); });
  return written.get_future().get();
}

Result<std::optional<std::string>> Database::get(Family family, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), handle(family), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error_of(status, kFamilyNames[static_cast<std::size_t>(family)]);
  return std::optional<std::string>(std::move(value));
}

Cursor Database::scan(Family family, std::string_view begin, std::string_view end) const {
  return Cursor(*this, family, begin, end);
}

rocksdb::ColumnFamilyHandle* Database::handle(Family family) const {
  return handles_[1 + static_cast<std::size_t>(family)];
}

rocksdb::DB& Database::db() const {
  return *db_;
}

Metrics& Database::metrics() const {
  return metrics_;
}

Error error_of(const rocksdb::Status& status, std::string_view what) {
  const Errc code = status.IsCorruption() ? Errc::data_loss : Errc::io;
  const std::string advice = status.IsNoSpace() ? "; free some space, then retry" : "";
  return Error{code, std::string(what) + ": " + status.ToString() + advice};
}

}  // namespace lyceum::memory
