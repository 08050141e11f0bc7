#include "model/curriculum/text_encoder.hpp"

namespace lyceum::model {

void TextEncoder::append(std::string_view text, std::vector<TokenId>& tokens) {
  for (const std::string_view word : split_words(pre_tokenizer_, text)) {
    std::string key(word);
    auto found = words_.find(key);
    if (found == words_.end()) {
      const auto encoded = tokenizer_.encode(word);
      LYCEUM_CHECK(encoded.has_value());
      if (words_.size() == kMaxWords) words_.clear();
      found = words_.emplace(std::move(key), *encoded).first;
    }
    tokens.insert(tokens.end(), found->second.begin(), found->second.end());
  }
}

}  // namespace lyceum::model
