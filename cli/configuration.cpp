#include "cli/configuration.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <unistd.h>

#include "base/files.hpp"

namespace lyceum::cli {
namespace {

constexpr std::string_view kEnvironmentPrefix = "LYCEUM_";
constexpr std::size_t kMaxFileBytes = 1U << 20U;

std::string home_folder(const char* variable, const char* below_home) {
  if (const char* folder = std::getenv(variable); folder != nullptr && *folder != '\0') return folder;
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + below_home;
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  const auto add_string = [&](const char* key, std::string value, const char* help,
                              std::vector<std::string> choices = {}) {
    all.push_back({.key = key, .help = help, .built_in = std::move(value), .choices = std::move(choices)});
  };
  const auto add_integer = [&](const char* key, std::int64_t value, std::int64_t min, std::int64_t max,
                               const char* help) {
    all.push_back({.key = key, .help = help, .built_in = value, .min = min, .max = max});
  };
  add_string("data_dir", home_folder("XDG_DATA_HOME", "/.local/share") + "/lyceum",
             "Where everything is stored");
  add_string("listen", "127.0.0.1", "Address to listen on");
  all.push_back({.key = "host_names",
                 .help = "Further names that clients may reach it by: \"name\" or \"name:port\"",
                 .built_in = Json::array()});
  add_integer("port", 8420, 0, 65535, "Port to listen on; 0 picks a free one");
  add_string("token", "",
             "Credential of the service; empty: the file \"token\" in the data folder, made at first start");
  all.back().is_secret = true;
  add_string("model", "",
             "Language model, in short: shipped, lexical, remote, or engine:FILE for a GGUF file");
  add_string("model.provider", "shipped", "Language model; shipped: lexical where no model file came along",
             {"shipped", "lexical", "remote", "engine"});
  add_string("model.file", "", "Engine: a GGUF file or a Hugging Face folder, which runs in this process");
  add_string("model.device", "cpu",
             "Engine: computes on cpu, cuda, cuda:N, or auto (a card where there is one)");
  add_integer("model.device_memory_gb", 0, 0, 1 << 16,
              "Engine: memory of the card that the model may take; experts that do not fit stay outside "
              "(0: all that is free)");
  add_integer("model.key_value_mb", 1024, 1, 1 << 20, "Engine: memory for the contexts of all requests");
  add_string("model.base_url", "", "Remote model: address of an OpenAI-compatible API, up to /v1");
  add_string("model.name", "", "Remote model: its name");
  add_string("model.embedding_name", "", "Remote model: name of the embedding model; empty: no embeddings");
  add_string("model.api_key_env", "",
             "Remote model: name of the environment variable that holds the API key");
  add_integer("model.timeout_s", 120, 1, 3600, "Remote model: time for one request");
  all.push_back({.key = "egress.allow_private",
                 .help = "Tools may reach loopback and private addresses",
                 .built_in = false});
  all.push_back({.key = "egress.allowed_hosts",
                 .help = "\"host\" or \"host:port\" that may be private all the same",
                 .built_in = Json::array()});
  add_string("egress.ca_file", "", "PEM file of further trusted certificates");
  add_integer("limits.runs_max", 256, 1, 100'000, "Runs under way at once");
  add_integer("limits.parallel_steps_max", 4, 1, 64, "Steps of one run at once");
  add_integer("limits.step_attempts_max", 3, 1, 100, "Attempts at one step");
  add_integer("limits.fetch_bytes_max", 10 << 20, 1, 1 << 30, "Size of one fetched page");
  add_integer("limits.fetch_timeout_s", 30, 1, 3600, "Time for one fetch");
  add_integer("limits.drain_timeout_s", 10, 1, 600, "Time for stopping in order");
  add_integer("holds.expire_after_s", 0, 0, 31'536'000,
              "How long an approval or a question waits when its run does not say; 0: for ever");
  add_string("holds.on_expiry", "deny", "What happens then", {"deny", "cancel_step", "keep"});
  add_integer("threads.io", 2, 1, 64, "Threads for runs");
  add_integer("threads.web", 2, 1, 64, "Threads for connections");
  add_integer("threads.blocking", 4, 1, 256, "Threads for the store, files and parsing");
  add_string("log_level", "info", "Lowest level that is logged", {"debug", "info", "warning", "error"});
  return all;
}

const Setting* find_setting(const std::string& key) {
  const auto& all = all_settings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return setting.key == key; });
  return found == all.end() ? nullptr : &*found;
}

std::string type_name(const Setting& setting) {
  if (setting.built_in.is_boolean()) return "true or false";
  if (setting.built_in.is_array()) return "a list of strings";
  if (setting.built_in.is_string()) return "a string";
  return "an integer from " + std::to_string(setting.min) + " to " + std::to_string(setting.max);
}

bool fits(const Setting& setting, const Json& value) {
  if (setting.built_in.is_boolean()) return value.is_boolean();
  if (setting.built_in.is_string()) return value.is_string();
  if (setting.built_in.is_array()) {
    return value.is_array() &&
           std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
  }
  return value.is_number_integer() && value >= setting.min && value <= setting.max;
}

Result<Json> checked(const Setting& setting, Json value, const std::string& where) {
  if (!fits(setting, value)) return Error{Errc::invalid_argument, where + ": expected " + type_name(setting)};
  const auto& choices = setting.choices;
  if (!choices.empty() &&
      std::find(choices.begin(), choices.end(), value.get<std::string>()) == choices.end()) {
    std::string list;
    for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
    return Error{Errc::invalid_argument, where + ": expected one of " + list};
  }
  return value;
}

Json split_list(const std::string& text) {
  Json list = Json::array();
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    if (!item.empty()) list.push_back(item);
  }
  return list;
}

/// The value that `text` (of a flag or a variable) stands for; null when it does not fit the key's type.
Json from_text(const Setting& setting, const std::string& text) {
  if (setting.built_in.is_string()) return text;
  if (setting.built_in.is_array()) return split_list(text);
  if (setting.built_in.is_boolean()) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    return nullptr;
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? Json(number) : Json(nullptr);
}

/// {"model": {"name": "x"}} -> {"model.name": "x"}.
void flatten(const Json& object, const std::string& prefix, std::map<std::string, Json>& flat) {
  for (const auto& [name, value] : object.items()) {
    const std::string key = prefix + name;
    if (value.is_object()) {
      flatten(value, key + ".", flat);
    } else {
      flat.emplace(key, value);
    }
  }
}

}  // namespace

std::string_view name_of(Origin origin) {
  switch (origin) {
    case Origin::built_in:
      return "built-in";
    case Origin::file:
      return "file";
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
  }
  return "";
}

std::string Setting::environment_name() const {
  std::string name(kEnvironmentPrefix);
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string Setting::flag_name() const {
  std::string name = "--";
  for (const char c : key) name += c == '.' || c == '_' ? '-' : c;
  return name;
}

const std::vector<Setting>& all_settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

const Configuration::Entry& Configuration::entry(const std::string& key) const {
  const auto found = entries_.find(key);
  LYCEUM_CHECK(found != entries_.end());
  return found->second;
}

Json Configuration::describe() const {
  Json all = Json::object();
  for (const Setting& setting : all_settings()) {
    const Entry& entry = entries_.at(setting.key);
    const bool is_masked = setting.is_secret && entry.value != "";
    all[setting.key] = {{"value", is_masked ? Json("********") : entry.value},
                        {"origin", name_of(entry.origin)}};
  }
  return all;
}

Result<Configuration> ConfigurationSources::resolve() const {
  Configuration configuration;
  for (const Setting& setting : all_settings()) {
    configuration.entries_[setting.key] = {setting.built_in, Origin::built_in};
  }

  if (!file.is_object()) return Error{Errc::invalid_argument, file_name + ": expected a JSON object"};
  std::map<std::string, Json> flat;
  flatten(file, "", flat);
  for (const auto& [key, given] : flat) {
    const Setting* setting = find_setting(key);
    const std::string where = file_name + ": " + key;
    if (setting == nullptr) return Error{Errc::invalid_argument, where + ": unknown key"};
    TRY(Json value, checked(*setting, given, where));
    configuration.entries_[key] = {std::move(value), Origin::file};
  }

  std::map<std::string, std::string> unknown = environment;
  std::erase_if(unknown,
                [](const auto& variable) { return !variable.first.starts_with(kEnvironmentPrefix); });
  for (const Setting& setting : all_settings()) {
    const std::string name = setting.environment_name();
    const auto found = environment.find(name);
    unknown.erase(name);
    if (found == environment.end()) continue;
    TRY(Json value, checked(setting, from_text(setting, found->second), "environment: " + name));
    configuration.entries_[setting.key] = {std::move(value), Origin::environment};
  }
  if (!unknown.empty()) {
    return Error{Errc::invalid_argument, "environment: " + unknown.begin()->first + ": unknown variable"};
  }

  for (const auto& [key, text] : flags) {
    const Setting* setting = find_setting(key);
    LYCEUM_CHECK(setting != nullptr);
    TRY(Json value, checked(*setting, from_text(*setting, text), setting->flag_name()));
    configuration.entries_[key] = {std::move(value), Origin::flag};
  }
  return configuration;
}

Result<void> read_configuration_file_blocking(const std::string& path, ConfigurationSources& sources) {
  std::string chosen = path;
  if (chosen.empty()) {
    const std::string in_home = home_folder("XDG_CONFIG_HOME", "/.config") + "/lyceum/config.json";
    std::error_code ignored;
    for (const std::string& candidate : {in_home, std::string("lyceum.json")}) {
      if (chosen.empty() && std::filesystem::is_regular_file(candidate, ignored)) chosen = candidate;
    }
    if (chosen.empty()) return ok();
  }
  TRY(sources.file, read_json_file_blocking(chosen, kMaxFileBytes));
  sources.file_name = chosen;
  return ok();
}

std::map<std::string, std::string> lyceum_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const auto equals = line.find('=');
    if (!line.starts_with(kEnvironmentPrefix) || equals == std::string_view::npos) continue;
    variables.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return variables;
}

}  // namespace lyceum::cli
