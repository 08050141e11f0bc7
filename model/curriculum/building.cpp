#include "model/curriculum/building.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/files.hpp"
#include "base/json_lines.hpp"

namespace lyceum::model {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxReadmeBytes = 1U << 20U;

/// Empty where the folder has none.
std::string read_readme(const fs::path& folder) {
  auto text = read_file_blocking((folder / "README.md").string(), kMaxReadmeBytes);
  return text ? *std::move(text) : std::string();
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  std::istringstream stream{std::string(line)};
  for (std::string cell; std::getline(stream, cell, '|');) {
    const auto begin = cell.find_first_not_of(' ');
    cells.push_back(begin == std::string::npos ? ""
                                               : cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin));
  }
  return cells;
}

}  // namespace

std::string kind_of_file(std::string_view readme, std::string_view file_name) {
  std::istringstream lines{std::string(readme)};
  std::size_t kind_column = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    const auto cells = cells_of(line);
    if (cells.size() > 1 && cells[1] == "file") {
      const auto kind = std::find(cells.begin(), cells.end(), "kind");
      kind_column = kind == cells.end() ? 0 : static_cast<std::size_t>(kind - cells.begin());
    } else if (cells.size() > 1 && cells[1] == file_name) {
      return kind_column > 0 && kind_column < cells.size() ? cells[kind_column] : std::string();
    }
  }
  return {};
}

bool is_test_file(std::string_view readme, std::string_view file_name) {
  const std::string kind = kind_of_file(readme, file_name);
  return kind == "test" || (kind.empty() && file_name.starts_with("test"));
}

std::string licence_of(std::string_view readme) {
  constexpr std::string_view kHeading = "## Licence\n";
  const auto begin = readme.find(kHeading);
  if (begin == std::string_view::npos) return {};
  const auto text = readme.substr(begin + kHeading.size());
  return std::string(text.substr(0, text.find('\n')));
}

Result<void> Building::admit_blocking(const std::string& files, const std::string& file) {
  const fs::path path(file);
  const std::string readme = read_readme(path.parent_path());
  if (is_test_file(readme, path.filename().string()))
    return Error{Errc::invalid_argument, file + ": is for evaluation"};
  Json& source = sources_[files];
  if (source.is_null()) source = {{"licence", licence_of(readme)}, {"rows", 0}, {"dropped", 0}};
  return ok();
}

Result<std::vector<Json>> Building::read_blocking(const std::string& files, const TextsOf& texts_of) {
  const auto slash = files.find('/');
  const std::string prefix = slash == std::string::npos ? std::string() : files.substr(slash + 1);
  TRY(const auto paths, list_json_lines_blocking(data_ + "/" + files.substr(0, slash), prefix));
  std::vector<Json> rows;
  std::uint64_t num_rows = 0;
  for (const std::string& path : paths) {
    TRY_OK(admit_blocking(files, path));
    TRY_OK(read_json_lines_blocking(path, [&](const Json& row) {
      ++num_rows;
      for (const std::string& text : texts_of(row)) {
        if (is_known(files, text)) return true;
      }
      rows.push_back(row);
      return true;
    }));
  }
  sources_[files]["rows"] = num_rows;
  return rows;
}

bool Building::is_known(const std::string& files, std::string_view text) {
  if (!tests_.knows(text)) return false;
  Json& source = sources_[files];
  source["dropped"] = source.value("dropped", std::uint64_t{0}) + 1;
  return true;
}

Result<TestTexts> read_test_texts_blocking(const std::string& data) {
  std::error_code failed;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(data, failed)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  if (failed) return Error{Errc::not_found, data + ": " + failed.message()};
  std::sort(folders.begin(), folders.end());
  TestTexts tests;
  for (const fs::path& folder : folders) {
    const std::string readme = read_readme(folder);
    const auto files = list_json_lines_blocking(folder.string(), "");
    if (!files) continue;
    for (const std::string& file : *files) {
      if (!is_test_file(readme, fs::path(file).filename().string())) continue;
      TRY_OK(read_json_lines_blocking(file, [&](const Json& row) {
        tests.add_row(row);
        return true;
      }));
    }
  }
  tests.finish();
  return tests;
}

}  // namespace lyceum::model
