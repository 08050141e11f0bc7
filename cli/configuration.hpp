#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::cli {

/// Who decided a value; later ones win.
enum class Origin { built_in, file, environment, flag };
std::string_view name_of(Origin origin);

/// One configuration key. `key` "model.base_url" is {"model": {"base_url": …}} in the file,
/// LYCEUM_MODEL_BASE_URL in the environment and --model-base-url on the command line.
struct Setting {
  std::string key{};
  std::string help{};
  Json built_in = nullptr;  ///< Its type is the key's type: string, integer, boolean or array of strings.
  std::int64_t min = 0;     ///< Of integers.
  std::int64_t max = 0;
  std::vector<std::string> choices{};  ///< Of strings; empty: any.
  bool is_secret = false;

  std::string environment_name() const;
  std::string flag_name() const;
};

/// Every key there is, in the order of the documentation.
const std::vector<Setting>& all_settings();

/// The effective value of every key and its origin.
class Configuration {
 public:
  std::string string(const std::string& key) const { return value(key).get<std::string>(); }

  std::int64_t integer(const std::string& key) const { return value(key).get<std::int64_t>(); }

  bool boolean(const std::string& key) const { return value(key).get<bool>(); }

  std::vector<std::string> strings(const std::string& key) const {
    return value(key).get<std::vector<std::string>>();
  }

  Origin origin(const std::string& key) const { return entry(key).origin; }

  /// {"port": {"value": 8420, "origin": "built-in"}, …}; secrets are masked.
  Json describe() const;

 private:
  friend struct ConfigurationSources;

  struct Entry {
    Json value = nullptr;
    Origin origin = Origin::built_in;
  };

  const Entry& entry(const std::string& key) const;

  const Json& value(const std::string& key) const { return entry(key).value; }

  std::map<std::string, Entry> entries_;
};

struct ConfigurationSources {
  Json file = Json::object();
  std::string file_name = "configuration file";      ///< For messages.
  std::map<std::string, std::string> environment{};  ///< Only names that start with LYCEUM_ count.
  std::map<std::string, std::string> flags{};        ///< By key, as text.

  /// Errors: invalid_argument, naming the first unknown key or wrong value and where it stands.
  Result<Configuration> resolve() const;
};

/// Reads `path`, or, when it is empty, $XDG_CONFIG_HOME/lyceum/config.json, else ./lyceum.json, else nothing.
/// Blocks. Errors: not_found (a named file only), malformed.
Result<void> read_configuration_file_blocking(const std::string& path, ConfigurationSources& sources);

/// The environment of this process that starts with LYCEUM_.
std::map<std::string, std::string> lyceum_environment();

}  // namespace lyceum::cli
