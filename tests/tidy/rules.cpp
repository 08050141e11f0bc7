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
  return include.starts_with("base/async/");
}

struct BannedWord {
  std::string pattern{};
  std::string instead{};
  std::vector<std::string> allowed{};
  bool in_comments = false;
  bool only_cpp = true;
};

const std::vector<BannedWord>& banned_words() {
  static const std::vector<BannedWord> all = {
      {R"(\b(TODO|FIXME|XXX|HACK)\b)", "do it, or open an issue", {}, true, false},
      {R"(/work/)", "no path of one machine belongs in the project", {"docs/api.md"}, true, false},
      {R"(\bstd::(cout|cerr|clog)\b)",
       "log() for the service; output belongs to cli",
       {"cli/", "tests/", "bench/"}},
      {R"(\bprintf\s*\()", "log()", {}},
      {R"(\bco_spawn\b)",
       "TaskGroup, && or ||",
       {"base/async/", "base/pch.hpp", "planner/run/", "planner/", "web/server/", "cli/", "tests/",
        "bench/"}},
      {R"(\bdetached\b)",
       "TaskGroup",
       {"base/async/", "planner/run/", "planner/", "web/server/", "cli/", "tests/", "bench/"}},
      {R"(\bassert\s*\()", "LYCEUM_CHECK, which is on in release", {}},
      {R"(\babort\s*\()", "LYCEUM_CHECK", {"base/check.cpp", "tests/", "bench/"}},
      {R"(\bsleep_for\b|\busleep\b)",
       "wait for the event itself",
       {"cli/", "tests/support/", "tests/crash/", "bench/"}},
      {R"(\bsystem_clock::now\b)", "Clock", {"base/clock.cpp", "base/log.cpp", "tests/", "bench/"}},
      {R"(\b(srand|rand)\s*\(|\brandom_device\b)", "Random", {"base/random.cpp", "tests/", "bench/"}},
      {R"(\busing namespace std\b)", "name what you use", {}},
      {R"(\bconst_cast\b|\breinterpret_cast\b)",
       "a type that needs no cast",
       {"base/", "memory/", "kernels/", "web/server/", "model/", "tools/", "tests/", "bench/"}},
      {R"(\bNOLINT)", "fix it, or say why it stands", {}, true},
  };
  return all;
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
    if (!std::regex_search(line, match, include_line)) continue;
    check_confinement(file, match[1].str(), number, findings);
    check_layering(file, match[1].str(), number, layers, findings);
  }
  return findings;
}

std::vector<Finding> check_words(const SourceFile& file) {
  std::vector<Finding> findings;
  const auto raw = split_lines(file.text);
  const auto code = is_cpp(file.path) ? split_lines(strip_comments_and_literals(file.text)) : raw;
  for (const BannedWord& word : banned_words()) {
    if (starts_with_any(file.path, word.allowed) || (word.only_cpp && !is_cpp(file.path))) continue;
    const std::regex pattern(word.pattern);
    const auto& lines = word.in_comments ? raw : code;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(lines[i], match, pattern)) continue;
      findings.push_back({file.path, i + 1, "\"" + match.str() + "\": " + word.instead});
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
