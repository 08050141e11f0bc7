#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

namespace lyceum::tidy {
namespace {

bool starts_with_any(std::string_view path, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return path.starts_with(prefix); });
}

bool is_cpp(std::string_view path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

std::string folder_of(std::string_view path) {
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

/// A library that only a few files may include, so that its compile time and its types stay there.
struct Confinement {
  std::string include_prefix{};
  std::vector<std::string> allowed{};
};

const std::vector<Confinement>& confinements() {
  static const std::vector<Confinement> all = {
      {"boost/beast", {"web/server/", "base/http_client", "base/async/asio_impl.cpp", "tests/", "bench/"}},
      {"rocksdb/", {"memory/rocksdb/", "tests/", "bench/"}},
      {"prometheus/", {"base/metrics.cpp"}},
      {"CLI/", {"cli/"}},
  };
  return all;
}

/// Headers in a subfolder that are public all the same.
bool is_public_subfolder(std::string_view include) {
  return include.starts_with("base/async/") || include.starts_with("kernels/training/");
}

struct BannedWord {
  std::string word{};  ///< As it stands in the code; not within a longer name.
  std::string instead{};
  std::vector<std::string> allowed{};  ///< Where it is right.
  bool in_comments = false;
  bool only_cpp = true;
};

const std::vector<BannedWord>& banned_words() {
  static const std::vector<std::string> spawners = {"base/async/", "base/pch.hpp", "planner/", "web/server/",
                                                    "cli/",        "tests/",       "bench/"};
  static const std::vector<std::string> printers = {"cli/", "tests/", "bench/"};
  static const std::vector<std::string> bit_casters = {
      "base/",
      "memory/",
      "model/",
      "tools/",
      "web/server/",
      "cli/",
      "tests/",
      "bench/",
      "kernels/cpu/",         // Vector loads take pointers to vectors.
      "kernels/device.cpp"};  // Symbols of a library come as void pointers.
  static const std::vector<BannedWord> all = {
      {"TODO", "do it, or open an issue", {}, true, false},
      {"FIXME", "do it, or open an issue", {}, true, false},
      {"XXX", "do it, or open an issue", {}, true, false},
      {"HACK", "do it, or open an issue", {}, true, false},
      {"/work/", "no path of one machine belongs in the project", {}, true, false},
      {"NOLINT", "fix it, or say why it stands", {}, true},
      {"std::cout", "log() for the service; output belongs to cli", printers},
      {"std::cerr", "log() for the service; output belongs to cli", printers},
      {"printf(", "log() for the service; output belongs to cli", printers},
      {"co_spawn", "TaskGroup, && or ||", spawners},
      {"detached", "TaskGroup", spawners},
      {"assert(", "LYCEUM_CHECK, which is on in release", {}},
      {"std::abort", "LYCEUM_CHECK", {"base/check.cpp"}},
      {"sleep_for", "wait for the event itself", {"tests/support/", "bench/"}},
      {"usleep", "wait for the event itself", {}},
      {"system_clock::now", "Clock", {"base/clock.cpp", "base/log.cpp", "tests/", "bench/"}},
      {"random_device", "Random", {"base/random.cpp", "tests/", "bench/"}},
      {"rand(", "Random", {}},
      {"using namespace std;", "name what you use", {}},
      {"const_cast", "a type that needs no cast", {"memory/ingest/child_process.cpp"}},
      {"reinterpret_cast", "a type that needs no cast", bit_casters},
  };
  return all;
}

bool is_identifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// True when `word` stands in `line`, not within a longer name.
bool holds_word(std::string_view line, const std::string& word) {
  for (std::size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || !is_identifier(word.front()) || !is_identifier(line[at - 1]);
    const bool ends = end == line.size() || !is_identifier(word.back()) || !is_identifier(line[end]);
    if (starts && ends) return true;
  }
  return false;
}

void check_confinement(const SourceFile& file, const std::string& include, std::size_t line,
                       std::vector<Finding>& findings) {
  for (const Confinement& rule : confinements()) {
    if (include.starts_with(rule.include_prefix) && !starts_with_any(file.path, rule.allowed)) {
      findings.push_back({file.path, line, "may not include " + include});
    }
  }
}

void check_layering(const SourceFile& file, const std::string& include, std::size_t line,
                    const Layers& layers, std::vector<Finding>& findings) {
  const std::string from = folder_of(file.path);
  const std::string to = folder_of(include);
  if (to == "tests" || to == "bench") {
    if (from != "tests" && from != "bench")
      findings.push_back({file.path, line, "may not include " + include});
    return;
  }
  const auto allowed = layers.find(from);
  if (allowed == layers.end() || !layers.contains(to)) return;  // tests and bench may include any module.
  if (from != to && !allowed->second.contains(to)) {
    findings.push_back({file.path, line, "may not include " + include + " (cmake/layers.txt)"});
    return;
  }
  const bool is_in_subfolder = std::count(include.begin(), include.end(), '/') > 1;
  if (from != to && is_in_subfolder && !is_public_subfolder(include)) {
    findings.push_back({file.path, line, include + " is private to " + to});
  }
}

}  // namespace

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Layers parse_layers(std::string_view text, std::vector<Finding>& findings) {
  Layers layers;
  std::size_t number = 0;
  for (const std::string& line : split_lines(text)) {
    ++number;
    if (line.empty()) continue;
    const auto colon = line.find(':');
    if (colon == std::string::npos) {
      findings.push_back({"cmake/layers.txt", number, "expected \"module: modules\""});
      continue;
    }
    std::set<std::string> allowed;
    std::istringstream names(line.substr(colon + 1));
    for (std::string name; names >> name;) {
      if (!layers.contains(name))
        findings.push_back({"cmake/layers.txt", number, name + " is not listed above"});
      allowed.insert(name);
    }
    layers.emplace(line.substr(0, colon), std::move(allowed));
  }
  return layers;
}

std::vector<Finding> check_includes(const SourceFile& file, const Layers& layers) {
  static const std::regex include_line(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Finding> findings;
  if (!is_cpp(file.path)) return findings;
  std::size_t number = 0;
  for (const std::string& line : split_lines(file.text)) {
    ++number;
    std::smatch match;
    if (!line.starts_with('#') || !std::regex_search(line, match, include_line)) continue;
    check_confinement(file, match[1].str(), number, findings);
    check_layering(file, match[1].str(), number, layers, findings);
  }
  return findings;
}

std::vector<Finding> check_words(const SourceFile& file) {
  std::vector<Finding> findings;
  const auto raw = split_lines(file.text);
  const auto code = is_cpp(file.path) ? split_lines(strip_comments_and_literals(file.text)) : raw;
  for (const BannedWord& banned : banned_words()) {
    if (starts_with_any(file.path, banned.allowed) || (banned.only_cpp && !is_cpp(file.path))) continue;
    if (file.text.find(banned.word) == std::string::npos) continue;
    const auto& lines = banned.in_comments ? raw : code;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (holds_word(lines[i], banned.word)) {
        findings.push_back({file.path, i + 1, "\"" + banned.word + "\": " + banned.instead});
      }
    }
  }
  return findings;
}

std::vector<Finding> check_size(const SourceFile& file) {
  const auto num_lines = static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'));
  if (num_lines <= kMaxFileLines) return {};
  return {{file.path, 0, std::to_string(num_lines) + " lines, limit " + std::to_string(kMaxFileLines)}};
}

std::vector<Finding> check_markdown(const SourceFile& file, const std::set<std::string>& all_paths) {
  static const std::regex link(R"(\]\(([^)#\s]+)[^)]*\))");
  std::vector<Finding> findings;
  std::size_t num_titles = 0;
  std::size_t number = 0;
  bool is_in_fence = false;
  const auto folder = std::filesystem::path(file.path).parent_path();
  for (const std::string& line : split_lines(file.text)) {
    ++number;
    if (line.starts_with("```")) is_in_fence = !is_in_fence;
    if (is_in_fence) continue;
    if (line.starts_with("# ")) ++num_titles;
    for (std::sregex_iterator match(line.begin(), line.end(), link), end; match != end; ++match) {
      const std::string target = (*match)[1].str();
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      std::string path = (folder / target).lexically_normal().generic_string();
      if (path.ends_with('/')) path.pop_back();
      if (!all_paths.contains(path))
        findings.push_back({file.path, number, "link to " + target + " leads nowhere"});
    }
  }
  if (num_titles != 1) {
    findings.push_back({file.path, 0, std::to_string(num_titles) + " first-level headings, expected 1"});
  }
  return findings;
}

}  // namespace lyceum::tidy
