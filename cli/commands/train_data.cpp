#include "cli/commands/train_data.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/files.hpp"
#include "cli/commands/command_context.hpp"
#include "model/curriculum.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kMaxConfigBytes = 1U << 20U;

Result<void> write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return Error{Errc::io, path + ": cannot be written"};
  return ok();
}

Result<void> make_tokenizer(const TrainDataOptions& options) {
  TRY(const Json config, read_json_file_blocking(options.config, kMaxConfigBytes));
  TRY(const auto training, model::parse_tokenizer_training(config, options.data));
  TRY(const Json tokenizer, model::train_tokenizer_blocking(training));
  return write_text(options.output, tokenizer.dump(1) + "\n");
}

Result<Json> make_data(const TrainDataOptions& options) {
  TRY(const Json config, read_json_file_blocking(options.config, kMaxConfigBytes));
  std::error_code failed;
  std::filesystem::create_directories(options.output, failed);
  if (failed) return Error{Errc::io, options.output + ": " + failed.message()};
  TRY(const Json summary,
      model::build_training_data_blocking(config, options.data, options.tokenizer, options.output));
  TRY_OK(write_text(options.output + "/summary.json", summary.dump(2) + "\n"));
  return summary;
}

int print(const Result<Json>& summary, bool is_json) {
  if (!summary) return report(summary.error());
  if (is_json) {
    print_json(*summary);
  } else {
    std::cout << summary->dump(2) << "\n";
  }
  return kExitOk;
}

}  // namespace

int train_tokenizer(const TrainDataOptions& options) {
  const auto done = make_tokenizer(options);
  return done ? kExitOk : report(done.error());
}

int train_data(const TrainDataOptions& options, bool is_json) {
  return print(make_data(options), is_json);
}

int train_vectors(const TrainDataOptions& options, bool is_json) {
  return print(model::train_vectors_blocking(options.data, options.tokenizer, options.output), is_json);
}

}  // namespace lyceum::cli
