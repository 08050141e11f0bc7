#pragma once

#include <string_view>

#include "base/json.hpp"

namespace lyceum {

enum class LogLevel { debug, info, warning, error };

/// Sets the lowest level that is written. Thread-safe; the default is info.
void set_log_level(LogLevel level);

/// True when lines of this level are written: ask before building costly fields.
bool is_logged(LogLevel level);

/// Parses "debug", "info", "warning" or "error".
Result<LogLevel> parse_log_level(std::string_view name);

/// Writes one JSON line to standard error: {"ts":..., "level":..., "event":..., ...fields}. Thread-safe.
/// `event` is a fixed noun.verb, the variable parts go into `fields`. Never pass a credential.
void log(LogLevel level, std::string_view event, Json fields = Json::object());

inline void log_info(std::string_view event, Json fields = Json::object()) {
  log(LogLevel::info, event, std::move(fields));
}

inline void log_warning(std::string_view event, Json fields = Json::object()) {
  log(LogLevel::warning, event, std::move(fields));
}

inline void log_error(std::string_view event, Json fields = Json::object()) {
  log(LogLevel::error, event, std::move(fields));
}

}  // namespace lyceum
