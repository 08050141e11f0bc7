#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "model/curriculum/byte_pair_training.hpp"
#include "model/tokenizer/tokenizer_json.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {

/// A folder of the test's own, removed with it.
class TestFolder {
 public:
  TestFolder() : path_((std::filesystem::temp_directory_path() / "lyceum-test-XXXXXX").string()) {
    LYCEUM_CHECK(::mkdtemp(path_.data()) != nullptr);
  }

  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  std::string write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }

 private:
  std::string path_;
};

inline constexpr std::string_view kSmallText =
    "The tower was built in 1889 by the engineer. It stands in the city, and many people visit the tower. "
    "Who built the tower? The engineer built it. When was the bridge opened? The bridge was opened in "
    "1932.\n";

/// tokenizer.json of bytes, a few merges and the special tokens, written into the folder.
inline std::string write_small_tokenizer(const TestFolder& folder) {
  WordCounts words;
  words.add(kSmallText);
  const auto vocabulary = train_byte_pairs(words, 300);
  LYCEUM_CHECK(vocabulary.has_value());
  const auto special = special_token_texts();
  const Json json = tokenizer_json(*vocabulary, {special.begin(), special.end()});
  return folder.write("tokenizer.json", json.dump());
}

inline Tokenizer small_tokenizer() {
  const TestFolder folder;
  auto tokenizer = open_tokenizer_blocking(write_small_tokenizer(folder));
  LYCEUM_CHECK(tokenizer.has_value());
  return *std::move(tokenizer);
}

}  // namespace lyceum::model
