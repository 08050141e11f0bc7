#include "model/files/hugging_face.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/files.hpp"
#include "model/files/gguf_parser.hpp"
#include "model/files/mapped_file.hpp"
#include "model/files/safetensors.hpp"
#include "model/tokenizer/tokenizer_json.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxConfigBytes = 16 * 1024 * 1024;
constexpr std::size_t kMaxTokenIds = 8 * 1024 * 1024;

Result<Json> read_object_blocking(const std::string& path, std::size_t size_bytes_max) {
  auto json = read_json_file_blocking(path, size_bytes_max);
  if (json && !json->is_object()) return Error{Errc::malformed, path + ": expected an object"};
  return json;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// A token's text, which may stand in an object of its own.
std::string token_text(const Json& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_object() && found->contains("content") && found->at("content").is_string()
             ? found->at("content").get<std::string>()
             : std::string();
}

/// The template itself, or of several the one called "default".
std::string template_text(const Json& config) {
  const auto found = config.find("chat_template");
  if (found == config.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (!found->is_array()) return {};
  for (const Json& each : *found) {
    if (each.is_object() && token_text(each, "name") == "default") return token_text(each, "template");
  }
  return {};
}

/// An id, or the first of several.
std::optional<std::uint32_t> token_id(const Json& config, const char* name) {
  const auto found = config.find(name);
  if (found == config.end()) return std::nullopt;
  const Json& id = found->is_array() && !found->empty() ? found->front() : *found;
  const bool fits = id.is_number_unsigned() && id.get<std::uint64_t>() < kMaxTokenIds;
  return fits ? std::optional(id.get<std::uint32_t>()) : std::nullopt;
}

/// Owns what a SourceModel of a folder points to.
struct Files {
  SafetensorsModel weights;
  std::vector<float> rope_divisors{};
  GgufTensor rope_tensor{};
};

class FolderReader {
 public:
  explicit FolderReader(std::string folder) : folder_(std::move(folder)) {}

  Result<SourceModel> read_blocking() {
    source_.path = folder_;
    const std::string config_path = path("config.json");
    TRY(config_, read_object_blocking(config_path, kMaxConfigBytes));
    TRY(model_config_, read_hugging_face_config(config_, config_path, source_.metadata));
    source_.num_layers = model_config_.num_layers;
    source_.metadata.set_string("general.name", std::filesystem::path(folder_).filename().string());
    TRY(SafetensorsModel weights, SafetensorsModel::open_blocking(folder_));
    const auto files = std::make_shared<Files>(Files{.weights = std::move(weights)});
    TRY(source_.tensors, map_hugging_face_tensors(files->weights, model_config_, folder_));
    add_rope_divisors(*files);
    for (const SourceTensor& tensor : source_.tensors) {
      for (const TensorPart& part : tensor.parts) source_.size_bytes += part.tensor->bytes.size();
    }
    source_.files = files;
    TRY_OK(read_tokenizer_blocking());
    return std::move(source_);
  }

 private:
  std::string path(const char* name) const { return std::filesystem::path(folder_) / name; }

  void add_rope_divisors(Files& files) {
    files.rope_divisors = model_config_.rope_divisors;
    if (files.rope_divisors.empty()) return;
    files.rope_tensor = {.name = "rope_freqs.weight",
                         .num_dims = 1,
                         .shape = {files.rope_divisors.size(), 1, 1, 1},
                         .bytes = std::as_bytes(std::span(files.rope_divisors))};
    source_.tensors.push_back({.name = "rope_freqs.weight",
                               .shape = {files.rope_divisors.size()},
                               .parts = {{.tensor = &files.rope_tensor}}});
  }

  std::size_t num_embeddings() const {
    for (const SourceTensor& tensor : source_.tensors) {
      if (tensor.name == "token_embd.weight" && tensor.shape.size() == 2) return tensor.shape[1];
    }
    return 0;
  }

  Result<void> read_tokenizer_blocking() {
    const std::string tokenizer_path = path("tokenizer.json");
    TRY(const Json tokenizer, read_object_blocking(tokenizer_path, kMaxTokenizerJsonBytes));
    const std::size_t num_tokens = num_embeddings();
    if (num_tokens > kMaxTokenIds)
      return Error{Errc::too_large, folder_ + ": the embedding has too many rows"};
    GgufHeader& metadata = source_.metadata;
    TRY_OK(set_tokenizer_metadata(tokenizer, tokenizer_path, metadata, num_tokens));
    Json settings = Json::object();
    if (exists(path("tokenizer_config.json"))) {
      TRY(settings, read_object_blocking(path("tokenizer_config.json"), kMaxConfigBytes));
    }
    set_token(tokenizer, settings, "bos_token", "tokenizer.ggml.bos_token_id");
    set_token(tokenizer, settings, "eos_token", "tokenizer.ggml.eos_token_id");
    set_token(tokenizer, settings, "pad_token", "tokenizer.ggml.padding_token_id");
    const auto adds_begin = settings.find("add_bos_token");
    if (adds_begin != settings.end() && adds_begin->is_boolean())
      metadata.set_bool("tokenizer.ggml.add_bos_token",
                        adds_begin->get<bool>() && metadata.has("tokenizer.ggml.bos_token_id"));
    std::string chat_template = template_text(settings);
    if (exists(path("chat_template.jinja"))) {
      TRY(chat_template, read_file_blocking(path("chat_template.jinja"), kMaxConfigBytes));
    }
    if (!chat_template.empty()) metadata.set_string("tokenizer.chat_template", chat_template);
    return ok();
  }

  /// By the text in tokenizer_config.json, else by the id in config.json.
  void set_token(const Json& tokenizer, const Json& settings, const std::string& name, const char* key) {
    const std::string text = token_text(settings, name.c_str());
    std::optional<std::uint32_t> id;
    const Json& vocab = tokenizer["model"]["vocab"];
    if (const auto found = vocab.find(text); !text.empty() && found != vocab.end())
      id = found->get<std::uint32_t>();
    if (const auto added = tokenizer.find("added_tokens"); added != tokenizer.end()) {
      for (const Json& token : *added) {
        if (!text.empty() && token["content"] == text) id = token["id"].get<std::uint32_t>();
      }
    }
    if (!id) id = token_id(config_, (name + "_id").c_str());
    if (id) source_.metadata.set_u32(key, *id);
  }

  std::string folder_;
  Json config_{};
  HuggingFaceConfig model_config_{};
  SourceModel source_{};
};

}  // namespace

Result<SourceModel> open_hugging_face_blocking(const std::string& folder) {
  return FolderReader(folder).read_blocking();
}

}  // namespace lyceum::model
