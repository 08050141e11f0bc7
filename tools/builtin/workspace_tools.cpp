#include <algorithm>
#include <optional>

#include "tools/builtin/make.hpp"
#include "tools/builtin/schemas.hpp"
#include "tools/builtin/workspace_path.hpp"

namespace lyceum::tools {
namespace {

constexpr std::size_t kMaxFiles = 256;
constexpr std::size_t kMaxFileBytes = 1U << 20U;

Json path_schema() {
  return string_schema("Path in the run's workspace, such as notes/findings.md.", 1, kMaxPathBytes);
}

Json content_schema() {
  return string_schema("UTF-8 text.", 0, kMaxFileBytes);
}

Json written_schema() {
  Json result = Json::object();
  result["path"] = text_schema();
  result["bytes"] = size_schema();
  return object_schema(std::move(result), {"path", "bytes"});
}

std::optional<std::string> hash_of(const ToolCall& call, const std::string& path) {
  for (const auto& [known, hash] : call.files) {
    if (known == path) return hash;
  }
  return std::nullopt;
}

/// Reads a file's bytes. Errors: not_found, naming the path.
Task<Result<std::string>> read_content(memory::Store& store, BlockingPool& pool, const ToolCall& call,
                                       const std::string& path) {
  const std::optional<std::string> hash = hash_of(call, path);
  if (!hash) co_return Error{Errc::not_found, "args.path: no file \"" + path + "\" in the workspace"};
  auto work = [&store, &hash] { return store.blobs().get_blocking(*hash); };
  co_return co_await run_blocking(pool, std::move(work));
}

/// The outcome that changes one file.
Result<ToolOutcome> written(const ToolCall& call, const std::string& path, std::string content) {
  if (content.size() > kMaxFileBytes) {
    return Error{Errc::too_large,
                 "args.content: a workspace file has at most " + std::to_string(kMaxFileBytes) + " bytes"};
  }
  if (!hash_of(call, path) && call.files.size() >= kMaxFiles) {
    return Error{Errc::too_large,
                 "args.path: a workspace has at most " + std::to_string(kMaxFiles) + " files"};
  }
  // A name cannot be a file and a folder at once: exporting the workspace to a disk would fail.
  for (const auto& [known, hash] : call.files) {
    if (known.starts_with(path + "/") || path.starts_with(known + "/")) {
      return Error{Errc::conflict, "args.path: \"" + path + "\" and \"" + known + "\" cannot both be files"};
    }
  }
  ToolOutcome outcome;
  outcome.result = {{"path", path}, {"bytes", content.size()}};
  outcome.files.push_back({.path = path, .content = std::move(content)});
  return outcome;
}

class ListFiles final : public Tool {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    static_cast<void>(args);
    std::sort(call.files.begin(), call.files.end());
    ToolOutcome outcome;
    outcome.result["files"] = Json::array();
    for (const auto& [path, hash] : call.files)
      outcome.result["files"].push_back({{"path", path}, {"hash", hash}});
    co_return outcome;
  }

 private:
  static Spec make_spec() {
    Json file = Json::object({{"path", text_schema()}, {"hash", text_schema()}});
    Json result = Json::object();
    result["files"] = array_schema(object_schema(std::move(file), {"path", "hash"}));
    return {.name = "list_files",
            .description = "Lists the files of the run's workspace.",
            .parameters = object_schema(Json::object(), {}),
            .result = object_schema(std::move(result), {"files"}),
            .effect = Effect::pure,
            .risk = Risk::low};
  }

  const Spec spec_ = make_spec();
};

class ReadFile final : public Tool {
 public:
  ReadFile(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    CO_TRY(const std::string path, normalise_workspace_path(args.at("path").get_ref<const std::string&>()));
    CO_TRY(std::string content, co_await read_content(store_, pool_, call, path));
    ToolOutcome outcome;
    outcome.result = {{"path", path}, {"bytes", content.size()}, {"content", std::move(content)}};
    co_return outcome;
  }

 private:
  static Spec make_spec() {
    Json result =
        Json::object({{"path", text_schema()}, {"bytes", size_schema()}, {"content", text_schema()}});
    return {.name = "read_file",
            .description = "Reads a file of the run's workspace.",
            .parameters = object_schema(Json::object({{"path", path_schema()}}), {"path"}),
            .result = object_schema(std::move(result), {"path", "bytes", "content"}),
            .effect = Effect::pure,
            .risk = Risk::low};
  }

  const Spec spec_ = make_spec();
  memory::Store& store_;
  BlockingPool& pool_;
};

Json write_parameters() {
  return object_schema(Json::object({{"path", path_schema()}, {"content", content_schema()}}),
                       {"path", "content"});
}

class WriteFile final : public Tool {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    CO_TRY(const std::string path, normalise_workspace_path(args.at("path").get_ref<const std::string&>()));
    co_return written(call, path, std::move(args.at("content").get_ref<std::string&>()));
  }

 private:
  const Spec spec_{.name = "write_file",
                   .description = "Writes a file of the run's workspace; what was there is replaced.",
                   .parameters = write_parameters(),
                   .result = written_schema(),
                   .effect = Effect::idempotent,
                   .risk = Risk::low};
};

class AppendFile final : public Tool {
 public:
  AppendFile(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    CO_TRY(const std::string path, normalise_workspace_path(args.at("path").get_ref<const std::string&>()));
    std::string content;
    if (hash_of(call, path)) {
      CO_TRY(content, co_await read_content(store_, pool_, call, path));
    }
    content += args.at("content").get_ref<const std::string&>();
    co_return written(call, path, std::move(content));
  }

 private:
  const Spec spec_{
      .name = "append_file",
      .description =
          "Adds text at the end of a file of the run's workspace; makes the file when there is none.",
      .parameters = write_parameters(),
      .result = written_schema(),
      .effect = Effect::keyed,
      .risk = Risk::low};
  memory::Store& store_;
  BlockingPool& pool_;
};

}  // namespace

std::unique_ptr<Tool> make_list_files() {
  return std::make_unique<ListFiles>();
}

std::unique_ptr<Tool> make_read_file(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<ReadFile>(store, pool);
}

std::unique_ptr<Tool> make_write_file() {
  return std::make_unique<WriteFile>();
}

std::unique_ptr<Tool> make_append_file(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<AppendFile>(store, pool);
}

}  // namespace lyceum::tools
