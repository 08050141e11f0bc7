#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/files.hpp"
#include "cli/commands/commands.hpp"

namespace lyceum::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxUploadBytes = 256U << 20U;
constexpr std::size_t kMaxFiles = 1'000'000;

struct FileToIngest {
  std::string path{};
  std::string source{};  ///< Its name in the collection: the given folder's name and what is below it.
};

struct Totals {
  std::uint64_t num_added = 0;
  std::uint64_t num_replaced = 0;
  std::uint64_t num_unchanged = 0;
  std::uint64_t num_documents = 0;
  std::uint64_t num_skipped = 0;
};

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

Result<void> add_folder(const fs::path& folder, std::vector<FileToIngest>& files) {
  std::error_code failed;
  const fs::path normal = fs::absolute(folder).lexically_normal();
  const fs::path parent = (normal.has_filename() ? normal : normal.parent_path()).parent_path();
  fs::recursive_directory_iterator it(normal, fs::directory_options::skip_permission_denied, failed);
  if (failed) return Error{Errc::io, folder.string() + ": " + failed.message()};
  for (; it != fs::recursive_directory_iterator(); it.increment(failed)) {
    if (failed) return Error{Errc::io, folder.string() + ": " + failed.message()};
    if (is_hidden(it->path())) {
      if (it->is_directory()) it.disable_recursion_pending();
      continue;
    }
    if (!it->is_regular_file()) continue;
    files.push_back({it->path().string(), it->path().lexically_relative(parent).generic_string()});
    if (files.size() > kMaxFiles)
      return Error{Errc::too_large, folder.string() + ": more than a million files"};
  }
  return ok();
}

Result<std::vector<FileToIngest>> files_under(const std::vector<std::string>& paths) {
  std::vector<FileToIngest> files;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (fs::is_directory(path, failed)) {
      TRY_OK(add_folder(path, files));
    } else if (fs::is_regular_file(path, failed)) {
      files.push_back({path, fs::path(path).filename().string()});
    } else {
      return Error{Errc::invalid_argument, path + ": no such file or folder"};
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.source < b.source; });
  return files;
}

void report_skipped(const CommandContext& context, const std::string& source, const std::string& reason,
                    Totals& totals) {
  ++totals.num_skipped;
  if (context.is_json) {
    print_json({{"skipped", source}, {"reason", reason}});
  } else {
    std::cerr << "skipped " << printable(source) << ": " << printable(reason) << "\n";
  }
}

/// Errors that end the whole command; a file that cannot be used is only reported.
Task<Result<void>> ingest_file(const CommandContext& context, const FileToIngest& file,
                               const std::string& collection, Totals& totals) {
  auto bytes = read_file_blocking(file.path, kMaxUploadBytes);
  if (!bytes) {
    report_skipped(context, file.source, bytes.error().message, totals);
    co_return ok();
  }
  const std::string path =
      "/api/documents?collection=" + percent_encoded(collection) + "&source=" + percent_encoded(file.source);
  const auto answer = co_await context.api.post_bytes(path, *std::move(bytes));
  if (!answer) {
    const Errc code = answer.error().code;
    const bool is_about_the_file =
        code == Errc::unsupported || code == Errc::too_large || code == Errc::malformed;
    if (!is_about_the_file) co_return answer.error();
    report_skipped(context, file.source, answer.error().message, totals);
    co_return ok();
  }
  const std::string outcome = answer->value("outcome", std::string());
  totals.num_added += outcome == "added" ? 1 : 0;
  totals.num_replaced += outcome == "replaced" ? 1 : 0;
  totals.num_unchanged += outcome == "unchanged" ? 1 : 0;
  totals.num_documents += answer->value("documents", Json::array()).size();
  for (const Json& skipped : answer->value("skipped", Json::array())) {
    report_skipped(context, skipped.value("source", file.source), skipped.value("reason", std::string()),
                   totals);
  }
  co_return ok();
}

}  // namespace

Task<int> ingest(CommandContext context, IngestOptions options) {
  const auto files = files_under(options.paths);
  if (!files) co_return report(files.error());
  const Terminal errors = terminal_of(2);
  ProgressLine progress(errors);
  Totals totals;
  std::uint64_t num_done = 0;
  for (const FileToIngest& file : *files) {
    progress.show(num_done, files->size(), file.source);
    const auto outcome = co_await ingest_file(context, file, options.collection, totals);
    if (!outcome) {
      progress.clear();
      co_return report(outcome.error());
    }
    ++num_done;
  }
  progress.clear();
  const Json summary = {{"files", files->size()},
                        {"documents", totals.num_documents},
                        {"added", totals.num_added},
                        {"replaced", totals.num_replaced},
                        {"unchanged", totals.num_unchanged},
                        {"skipped", totals.num_skipped}};
  if (context.is_json) {
    print_json({{"result", summary}});
  } else {
    std::cout << files->size() << " files: " << totals.num_added << " added, " << totals.num_replaced
              << " replaced, " << totals.num_unchanged << " unchanged, " << totals.num_skipped
              << " skipped; collection " << options.collection << "\n";
  }
  co_return kExitOk;
}

}  // namespace lyceum::cli
