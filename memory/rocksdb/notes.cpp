#include "memory/rocksdb/notes.hpp"

#include <utility>

#include "memory/codec/bytes.hpp"
#include "memory/codec/record.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxSubjectBytes = 1024;
constexpr std::size_t kMaxTextBytes = 64U << 10U;

// Family notes: 'n' and the id hold the note; 's', the length-prefixed subject and the id hold nothing.
std::string note_key(std::string_view id) {
  return "n" + std::string(id);
}

std::string subject_prefix(std::string_view subject) {
  ByteWriter writer;
  writer.raw("s").string(subject);
  return std::move(writer).bytes();
}

std::string encode_note(const Note& note) {
  ByteWriter writer;
  writer.string(note.subject).string(note.text).string(note.run_id).signed_integer(note.written_ms);
  return encode_record(writer.bytes());
}

Result<Note> decode_note(std::string_view id, std::string_view record) {
  const std::string what = "note " + std::string(id);
  TRY(const std::string bytes, decode_record(record, what));
  ByteReader reader(bytes);
  Note note;
  note.id = id;
  note.subject = reader.string();
  note.text = reader.string();
  note.run_id = reader.string();
  note.written_ms = reader.signed_integer();
  TRY_OK(reader.finish(what));
  return note;
}

Result<void> check_note(const Note& note) {
  if (note.id.empty() || note.id.size() > kMaxIdBytes) {
    return Error{Errc::invalid_argument, "note.id: 1 to " + std::to_string(kMaxIdBytes) + " bytes expected"};
  }
  if (note.subject.empty()) return Error{Errc::invalid_argument, "note.subject: required"};
  if (note.subject.size() > kMaxSubjectBytes) {
    return Error{Errc::too_large, "note.subject: at most " + std::to_string(kMaxSubjectBytes) + " bytes"};
  }
  if (note.text.size() > kMaxTextBytes) {
    return Error{Errc::too_large, "note.text: at most " + std::to_string(kMaxTextBytes) + " bytes"};
  }
  return ok();
}

Result<std::optional<Note>> find_note(const Transaction& transaction, const std::string& id) {
  TRY(const std::optional<std::string> record, transaction.get(Family::notes, note_key(id)));
  if (!record) return std::optional<Note>();
  TRY(Note note, decode_note(id, *record));
  return std::optional<Note>(std::move(note));
}

class RocksNotes final : public Notes {
 public:
  explicit RocksNotes(Database& database) : database_(database) {}

  Result<void> put_blocking(const Note& note) override {
    TRY_OK(check_note(note));
    Change change = [note](Transaction& transaction) -> Result<void> {
      TRY(const std::optional<Note> old, find_note(transaction, note.id));
      if (old) transaction.remove(Family::notes, subject_prefix(old->subject) + note.id);
      transaction.put(Family::notes, subject_prefix(note.subject) + note.id, {});
      transaction.put(Family::notes, note_key(note.id), encode_note(note));
      return ok();
    };
    return database_.commit_blocking(std::move(change), Durability::grouped);
  }

  Result<std::vector<Note>> by_subject_blocking(const std::string& subject) const override {
    const std::string prefix = subject_prefix(subject);
    std::vector<Note> notes;
    Cursor cursor = database_.scan(Family::notes, prefix, prefix + '\xff');
    for (cursor.to_first(); cursor.is_valid(); cursor.next()) {
      const std::string id(cursor.key().substr(prefix.size()));
      TRY(const std::optional<std::string> record, database_.get(Family::notes, note_key(id)));
      if (!record) continue;  // Removed between the two reads.
      TRY(Note note, decode_note(id, *record));
      if (note.subject == subject) notes.push_back(std::move(note));
    }
    TRY_OK(cursor.status());
    return notes;
  }

  Result<std::vector<Note>> list_blocking(const std::string& after, std::size_t limit) const override {
    std::vector<Note> notes;
    Cursor cursor = database_.scan(Family::notes, note_key(after) + '\0', "o");
    for (cursor.to_first(); cursor.is_valid() && notes.size() < limit; cursor.next()) {
      TRY(Note note, decode_note(cursor.key().substr(1), cursor.value()));
      notes.push_back(std::move(note));
    }
    TRY_OK(cursor.status());
    return notes;
  }

  Result<void> remove_blocking(const std::string& id) override {
    Change change = [id](Transaction& transaction) -> Result<void> {
      TRY(const std::optional<Note> note, find_note(transaction, id));
      if (!note) return Error{Errc::not_found, "note " + id.substr(0, kMaxIdBytes) + ": not stored"};
      transaction.remove(Family::notes, subject_prefix(note->subject) + id);
      transaction.remove(Family::notes, note_key(id));
      return ok();
    };
    return database_.commit_blocking(std::move(change), Durability::grouped);
  }

 private:
  Database& database_;
};

}  // namespace

std::unique_ptr<Notes> make_notes(Database& database) {
  return std::make_unique<RocksNotes>(database);
}

}  // namespace lyceum::memory
