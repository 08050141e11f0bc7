#include <utility>

#include <rocksdb/iterator.h>
#include <rocksdb/options.h>

#include "base/check.hpp"
#include "memory/rocksdb/database.hpp"

namespace lyceum::memory {
namespace {

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

std::string overlay_key(Family family, std::string_view key) {
  std::string full(1, static_cast<char>(family));
  full += key;
  return full;
}

/// Copies the entries of one batch into another.
class Copier final : public rocksdb::WriteBatch::Handler {
 public:
  Copier(const Database& database, rocksdb::WriteBatch& target) : database_(database), target_(target) {}

  rocksdb::Status PutCF(uint32_t id, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    return target_.Put(handle(id), key, value);
  }

  rocksdb::Status DeleteCF(uint32_t id, const rocksdb::Slice& key) override {
    return target_.Delete(handle(id), key);
  }

  rocksdb::Status DeleteRangeCF(uint32_t id, const rocksdb::Slice& begin,
                                const rocksdb::Slice& end) override {
    return target_.DeleteRange(handle(id), begin, end);
  }

 private:
  rocksdb::ColumnFamilyHandle* handle(uint32_t id) const {
    for (std::size_t i = 0; i < kFamilyNames.size(); ++i) {
      rocksdb::ColumnFamilyHandle* const candidate = database_.handle(static_cast<Family>(i));
      if (candidate->GetID() == id) return candidate;
    }
    LYCEUM_CHECK(false);
    return nullptr;
  }

  const Database& database_;
  rocksdb::WriteBatch& target_;
};

}  // namespace

Result<std::optional<std::string>> Transaction::get(Family family, std::string_view key) const {
  const std::string full = overlay_key(family, key);
  if (const auto found = current_.find(full); found != current_.end()) return found->second;
  if (const auto found = committed_.find(full); found != committed_.end()) return found->second;
  return database_.get(family, key);
}

void Transaction::put(Family family, std::string_view key, std::string_view value) {
  const rocksdb::Status status = batch_.Put(database_.handle(family), slice(key), slice(value));
  LYCEUM_CHECK(status.ok());
  current_[overlay_key(family, key)] = std::string(value);
}

void Transaction::remove(Family family, std::string_view key) {
  const rocksdb::Status status = batch_.Delete(database_.handle(family), slice(key));
  LYCEUM_CHECK(status.ok());
  current_[overlay_key(family, key)] = std::nullopt;
}

void Transaction::put_unread(Family family, std::string_view key, std::string_view value) {
  const rocksdb::Status status = batch_.Put(database_.handle(family), slice(key), slice(value));
  LYCEUM_CHECK(status.ok());
}

void Transaction::remove_range(Family family, std::string_view begin, std::string_view end) {
  const rocksdb::Status status = batch_.DeleteRange(database_.handle(family), slice(begin), slice(end));
  LYCEUM_CHECK(status.ok());
}

Result<void> Transaction::append(const rocksdb::WriteBatch& batch) {
  Copier copier(database_, batch_);
  const rocksdb::Status status = batch.Iterate(&copier);
  if (!status.ok()) return error_of(status, "batch");
  return ok();
}

void Transaction::begin_change() {
  batch_.SetSavePoint();
}

void Transaction::end_change(bool is_kept) {
  const rocksdb::Status status = is_kept ? batch_.PopSavePoint() : batch_.RollbackToSavePoint();
  LYCEUM_CHECK(status.ok());
  if (is_kept) {
    for (auto& [key, value] : current_) committed_[key] = std::move(value);
  }
  current_.clear();
}

struct Cursor::Bounds {
  std::string begin;
  std::string end;
  rocksdb::Slice begin_slice;
  rocksdb::Slice end_slice;
};

Cursor::Cursor(const Database& database, Family family, std::string_view begin, std::string_view end)
    : bounds_(std::make_unique<Bounds>()) {
  bounds_->begin = begin;
  bounds_->end = end;
  bounds_->begin_slice = slice(bounds_->begin);
  bounds_->end_slice = slice(bounds_->end);
  rocksdb::ReadOptions options;
  if (!begin.empty()) options.iterate_lower_bound = &bounds_->begin_slice;
  if (!end.empty()) options.iterate_upper_bound = &bounds_->end_slice;
  iterator_.reset(database.db().NewIterator(options, database.handle(family)));
}

Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

void Cursor::to_first() {
  iterator_->SeekToFirst();
}

void Cursor::to_last() {
  iterator_->SeekToLast();
}

void Cursor::next() {
  iterator_->Next();
}

void Cursor::previous() {
  iterator_->Prev();
}

bool Cursor::is_valid() const {
  return iterator_->Valid();
}

std::string_view Cursor::key() const {
  return view(iterator_->key());
}

std::string_view Cursor::value() const {
  return view(iterator_->value());
}

Result<void> Cursor::status() const {
  if (iterator_->status().ok()) return ok();
  return error_of(iterator_->status(), "store");
}

}  // namespace lyceum::memory
