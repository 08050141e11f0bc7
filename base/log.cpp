#include "base/log.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <mutex>

#include "base/clock.hpp"

namespace lyceum {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};

// The level and the stream are the process's own, like standard error itself.
std::atomic<LogLevel> lowest_level{LogLevel::info};
std::mutex stream_mutex;

std::string iso_time(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms % 1000));
  return std::string(text.data(), size) + fraction.data();
}

}  // namespace

void set_log_level(LogLevel level) {
  lowest_level = level;
}

bool is_logged(LogLevel level) {
  return level >= lowest_level.load(std::memory_order_relaxed);
}

Result<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<LogLevel>(i);
  }
  return Error{Errc::invalid_argument, "log level: expected debug, info, warning or error"};
}

void log(LogLevel level, std::string_view event, Json fields) {
  if (!is_logged(level)) return;
  nlohmann::ordered_json line;
  line["ts"] = iso_time(SystemClock().now_ms());
  line["level"] = kNames[static_cast<std::size_t>(level)];
  line["event"] = event;
  for (auto& [key, value] : fields.items()) line[key] = value;
  const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const std::scoped_lock lock(stream_mutex);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace lyceum
