#include "memory/rocksdb/rebuild.hpp"

#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "memory/rocksdb/document_store.hpp"
#include "memory/rocksdb/index_edit.hpp"
#include "memory/rocksdb/index_state.hpp"

namespace lyceum::memory {
namespace {

constexpr const char* kVersionKey = "index_version";
constexpr std::size_t kMaxRebuildBatchBytes = 8U << 20U;

Result<void> commit(Database& database, Change change) {
  return database.commit_blocking(std::move(change), Durability::synced);
}

Result<void> clear_index(Database& database) {
  return commit(database, [](Transaction& transaction) {
    const std::string collections = document_keys::collection("");
    transaction.remove(Family::meta, kVersionKey);
    transaction.remove_range(Family::documents, collections, end_of_prefix(collections));
    // Above every key: chunk numbers have four bytes, and names of collections are UTF-8.
    for (const Family family : {Family::chunks, Family::postings, Family::vectors}) {
      transaction.remove_range(family, "", "\xFF\xFF\xFF\xFF\xFF");
    }
    return ok();
  });
}

Result<void> index_all(Database& database) {
  const DocumentStore store(database);
  IndexState state(database);
  std::optional<IndexEdit> edit(std::in_place, database, state);
  const auto flush = [&]() -> Result<void> {
    TRY(const IndexChange change, edit->write());
    TRY_OK(commit(database, [&](Transaction& transaction) { return transaction.append(edit->batch()); }));
    state.apply(change);
    edit.emplace(database, state);
    return ok();
  };
  const std::string prefix = document_keys::document("");
  Cursor cursor = database.scan(Family::documents, prefix, end_of_prefix(prefix));
  for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
    TRY(StoredDocument stored, decode_document(cursor.key().substr(prefix.size()), cursor.value()));
    TRY(const std::string text, store.text(stored.document.id, 0, stored.document.text_bytes));
    TRY_OK(edit->add(stored, text, make_chunks(text, stored.document.sections), {}));
    store.put_record(edit->batch(), stored);
    if (edit->size_bytes() >= kMaxRebuildBatchBytes) TRY_OK(flush());
  }
  TRY_OK(cursor.status());
  return flush();
}

}  // namespace

Result<void> rebuild_outdated_index(Database& database) {
  TRY(const std::optional<std::string> version, database.get(Family::meta, kVersionKey));
  if (version == kIndexVersion) return ok();
  if (version) log_info("search.index_rebuild", {{"from", *version}, {"to", kIndexVersion}});
  TRY_OK(clear_index(database));
  TRY_OK(index_all(database));
  return commit(database, [](Transaction& transaction) {
    transaction.put(Family::meta, kVersionKey, kIndexVersion);
    return ok();
  });
}

}  // namespace lyceum::memory
