#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "model/verbs/verbs.hpp"
#include "tests/unit/model/architectures/tiny_model.hpp"
#include "tests/unit/model/tokenizer/tokenizer_bytes.hpp"

namespace lyceum::model {

/// A file of a model with random weights that reads and writes bytes; `is_trained` for the verbs or for
/// chats. Removed with this.
class TinyTextModel {
 public:
  explicit TinyTextModel(bool is_trained, std::size_t context = 2048)
      : path_((std::filesystem::temp_directory_path() /
               ("lyceum-tiny-" + std::to_string(::getpid()) + "-" + std::to_string(++num_made_) + ".gguf"))
                  .string()) {
    auto texts = byte_level_texts();
    for (const std::string_view special : special_token_texts()) texts.emplace_back(special);
    TinyModel tiny;
    tiny.numbers["context_length"] = static_cast<std::uint32_t>(context);
    tiny.tensors["token_embd.weight"] = {8, texts.size()};
    tiny.num_more_keys = is_trained ? 7 : 6;
    tiny.write_more_keys = [&](GgufBytes& file) { write_keys(file, texts, is_trained); };
    std::ofstream(path_, std::ios::binary) << tiny.bytes();
  }

  TinyTextModel(const TinyTextModel&) = delete;
  TinyTextModel& operator=(const TinyTextModel&) = delete;

  ~TinyTextModel() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

 private:
  static void write_keys(GgufBytes& file, const std::vector<std::string>& texts, bool is_trained) {
    if (is_trained) file.key("lyceum.verbs.version", GgufType::u32).number<std::uint32_t>(1);
    file.key("tokenizer.ggml.model", GgufType::string).text("gpt2");
    file.key("tokenizer.ggml.pre", GgufType::string).text("gpt-2");
    file.key("tokenizer.ggml.eos_token_id", GgufType::u32).number<std::uint32_t>(256);
    file.texts("tokenizer.ggml.tokens", texts);
    file.texts("tokenizer.ggml.merges", {});
    file.key("tokenizer.ggml.token_type", GgufType::array).array(GgufType::i32, texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) file.number<std::int32_t>(i < 256 ? 1 : 3);
  }

  static inline int num_made_ = 0;
  std::string path_;
};

}  // namespace lyceum::model
