#include "cli/batch_plan.hpp"

#include <map>

#include "base/hash.hpp"
#include "model/language_model.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxCollections = 64;

/// The first 80 bits of the SHA-256 of `text`.
std::array<std::uint8_t, 10> entropy_of(const std::string& text) {
  const std::string digest = sha256_hex(text);
  std::array<std::uint8_t, 10> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(std::stoul(digest.substr(2 * i, 2), nullptr, 16));
  }
  return bytes;
}

Result<BatchTask> parse_task(std::string_view text, bool approves_all) {
  if (text.size() > kMaxTaskBytes) return Error{Errc::too_large, "longer than 1 MiB"};
  TRY(const Json object, parse_json(text));
  FieldReader fields(object, "task");
  BatchTask task;
  task.body["question"] = fields.required_string("question", kMaxTaskBytes);
  task.body["agent"] = fields.string("agent", "deep_search", kMaxNameBytes);
  task.body["collections"] = fields.strings("collections", kMaxCollections, kMaxNameBytes);
  task.body["approvals"] = approves_all ? "auto" : "ask";
  if (fields.has("budget")) task.body["budget"] = fields.object("budget");
  if (fields.has("contrast")) task.body["contrast"] = fields.number("contrast", 0, 0, model::kMaxContrast);
  task.tag = fields.any("id");
  TRY_OK(fields.finish());
  return task;
}

std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::string encode_ulid(std::int64_t time_ms, const std::array<std::uint8_t, 10>& entropy) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr std::size_t kTimeDigits = 10;
  std::string text(kTimeDigits, '0');
  auto rest = static_cast<std::uint64_t>(time_ms);
  for (std::size_t i = kTimeDigits; i-- > 0; rest >>= 5U) text[i] = kAlphabet[rest & 31U];
  std::uint32_t bits = 0;
  unsigned num_bits = 0;
  for (const std::uint8_t byte : entropy) {
    bits = (bits << 8U) | byte;
    for (num_bits += 8; num_bits >= 5; num_bits -= 5) text += kAlphabet[(bits >> (num_bits - 5)) & 31U];
  }
  return text;
}

Result<BatchPlan> plan_batch(std::string_view tasks_text, std::int64_t started_ms, bool approves_all) {
  BatchPlan plan;
  std::map<std::string, std::size_t> num_seen;  // A task that stands there twice is asked twice.
  for (std::size_t number = 1; !tasks_text.empty(); ++number) {
    const std::string_view line = take_line(tasks_text);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    auto task = parse_task(line, approves_all);
    if (!task) {
      plan.bad_lines.push_back({number, task.error().message});
      continue;
    }
    if (plan.tasks.size() == kMaxBatchTasks) {
      return Error{Errc::too_large, "more than " + std::to_string(kMaxBatchTasks) + " tasks: split the file"};
    }
    const std::string content = dump_json(task->body) + dump_json(task->tag);
    task->line = number;
    task->run = encode_ulid(started_ms, entropy_of(content + "#" + std::to_string(num_seen[content]++)));
    task->body["id"] = task->run;
    plan.tasks.push_back(*std::move(task));
  }
  return plan;
}

FinishedResults read_results(std::string_view results_text) {
  FinishedResults finished;
  const std::size_t last_break = results_text.rfind('\n');
  std::string_view rest = results_text.substr(0, last_break == std::string_view::npos ? 0 : last_break + 1);
  finished.size_bytes = rest.size();
  while (!rest.empty()) {
    const auto result = parse_json(take_line(rest));
    if (!result || !result->is_object()) continue;
    const auto run = result->find("run");
    if (run == result->end() || !run->is_string()) continue;
    finished.runs.insert(run->get<std::string>());
    const auto is_ok = result->find("ok");
    if (is_ok == result->end() || *is_ok != true) ++finished.num_failed;
  }
  return finished;
}

}  // namespace lyceum::cli
