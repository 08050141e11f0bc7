#include "memory/codec/run_head.hpp"

#include "memory/codec/bytes.hpp"
#include "memory/codec/record.hpp"

namespace lyceum::memory {

std::string encode_run_head(const RunHead& head) {
  ByteWriter writer;
  writer.integer(head.seq).integer(static_cast<std::uint8_t>(head.is_terminal));
  writer.string(head.parent).integer(head.parent_seq).string(head.summary);
  return encode_record(writer.bytes());
}

Result<RunHead> decode_run_head(std::string_view run_id, std::string_view record) {
  const std::string what = "head of run " + std::string(run_id);
  TRY(const std::string bytes, decode_record(record, what));
  ByteReader reader(bytes);
  RunHead head;
  head.run_id = run_id;
  head.seq = reader.integer<std::uint64_t>();
  head.is_terminal = reader.integer<std::uint8_t>() != 0;
  head.parent = reader.string();
  head.parent_seq = reader.integer<std::uint64_t>();
  head.summary = reader.string();
  TRY_OK(reader.finish(what));
  return head;
}

}  // namespace lyceum::memory
