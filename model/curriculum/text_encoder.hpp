#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/curriculum/byte_pair_training.hpp"
#include "model/tokenizer/pre_tokenizer.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// Encodes much text with a tokenizer of kTrainedPreTokenizer: every different word once. The same tokens as
/// Tokenizer::encode. Borrows the tokenizer. One thread.
class TextEncoder {
 public:
  explicit TextEncoder(const Tokenizer& tokenizer)
      : tokenizer_(tokenizer), pre_tokenizer_(*find_pre_tokenizer(kTrainedPreTokenizer)) {}

  void append(std::string_view text, std::vector<TokenId>& tokens);

 private:
  static constexpr std::size_t kMaxWords = 2'000'000;

  const Tokenizer& tokenizer_;
  PreTokenizer pre_tokenizer_;
  std::unordered_map<std::string, std::vector<TokenId>> words_{};
};

}  // namespace lyceum::model
