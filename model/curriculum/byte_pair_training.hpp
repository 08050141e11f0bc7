#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace lyceum::model {

/// The pre-tokenizer of tokenizers that are trained here (tokenizer.ggml.pre).
inline constexpr std::string_view kTrainedPreTokenizer = "qwen2";
inline constexpr std::size_t kMaxTrainedVocabulary = 65'536;

/// How often each word of a text occurs, cut as kTrainedPreTokenizer does. Words longer than 64 bytes are
/// left out: they are not worth a token.
class WordCounts {
 public:
  void add(std::string_view text);

  const std::unordered_map<std::string, std::uint64_t>& counts() const { return counts_; }

 private:
  std::unordered_map<std::string, std::uint64_t> counts_{};
};

/// A byte-level vocabulary: ids 0 to 255 are bytes, then one id a merge in the order of the merges.
struct BytePairVocabulary {
  std::vector<std::string> tokens{};  ///< As bytes.
  std::vector<std::pair<std::int32_t, std::int32_t>> merges{};
};

/// Merges the most frequent pair (of equals the one with the smaller ids) until there are `num_tokens` tokens
/// or no pair occurs twice. Depends on the counts only. About n log n in the number of different words.
/// invalid_argument when num_tokens is not within 256 and kMaxTrainedVocabulary.
Result<BytePairVocabulary> train_byte_pairs(const WordCounts& words, std::size_t num_tokens);

/// The vocabulary with `special` tokens after its own as a Hugging Face tokenizer.json.
Json tokenizer_json(const BytePairVocabulary& vocabulary, const std::vector<std::string>& special);

}  // namespace lyceum::model
