#include "memory/rocksdb/blobs.hpp"

#include <cstdint>
#include <utility>

#include "base/hash.hpp"
#include "memory/codec/bytes.hpp"
#include "memory/codec/record.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kHashBytes = 64;

Error no_such_blob(const std::string& hash) {
  return Error{Errc::not_found, "blob " + hash.substr(0, kHashBytes) + ": not stored"};
}

Result<std::uint64_t> count_references(const Transaction& transaction, const std::string& hash) {
  TRY(const std::optional<std::string> stored, transaction.get(Family::blob_references, hash));
  if (!stored) return std::uint64_t{0};
  TRY(const std::string record, decode_record(*stored, "references of blob " + hash));
  ByteReader reader(record);
  const auto count = reader.integer<std::uint64_t>();
  TRY_OK(reader.finish("references of blob " + hash));
  return count;
}

void set_references(Transaction& transaction, const std::string& hash, std::uint64_t count) {
  ByteWriter writer;
  writer.integer(count);
  transaction.put(Family::blob_references, hash, encode_record(writer.bytes()));
}

class RocksBlobs final : public Blobs {
 public:
  explicit RocksBlobs(Database& database) : database_(database) {}

  Result<std::string> put_blocking(std::string_view bytes) override {
    if (bytes.size() > kMaxRecordBytes) {
      return Error{Errc::too_large, "blob: " + std::to_string(bytes.size()) + " bytes, at most " +
                                        std::to_string(kMaxRecordBytes)};
    }
    PackedBlob blob = pack_blob(bytes);
    std::string hash = blob.hash;
    Change change = [blob = std::move(blob)](Transaction& transaction) {
      return put_blob(transaction, blob);
    };
    TRY_OK(database_.commit_blocking(std::move(change), Durability::grouped));
    return hash;
  }

  Result<std::string> get_blocking(const std::string& hash) const override {
    return read_blob(database_, hash);
  }

  Result<void> release_blocking(const std::string& hash) override {
    Change change = [hash](Transaction& transaction) { return release_blob(transaction, hash); };
    return database_.commit_blocking(std::move(change), Durability::grouped);
  }

 private:
  Database& database_;
};

}  // namespace

PackedBlob pack_blob(std::string_view bytes) {
  return PackedBlob{.hash = sha256_hex(bytes), .record = encode_record(bytes)};
}

Result<void> put_blob(Transaction& transaction, const PackedBlob& blob) {
  TRY(const std::uint64_t count, count_references(transaction, blob.hash));
  if (count == 0) transaction.put(Family::blobs, blob.hash, blob.record);
  set_references(transaction, blob.hash, count + 1);
  return ok();
}

Result<void> release_blob(Transaction& transaction, const std::string& hash) {
  TRY(const std::uint64_t count, count_references(transaction, hash));
  if (count == 0) return no_such_blob(hash);
  if (count > 1) {
    set_references(transaction, hash, count - 1);
    return ok();
  }
  transaction.remove(Family::blobs, hash);
  transaction.remove(Family::blob_references, hash);
  return ok();
}

Result<std::string> read_blob(const Database& database, const std::string& hash) {
  TRY(const std::optional<std::string> record, database.get(Family::blobs, hash));
  if (!record) return no_such_blob(hash);
  TRY(std::string bytes, decode_record(*record, "blob " + hash));
  if (sha256_hex(bytes) != hash)
    return Error{Errc::data_loss, "blob " + hash + ": stored bytes have another hash"};
  return bytes;
}

std::unique_ptr<Blobs> make_blobs(Database& database) {
  return std::make_unique<RocksBlobs>(database);
}

}  // namespace lyceum::memory
