#include "model/curriculum/byte_pair_training.hpp"

#include <algorithm>
#include <optional>
#include <queue>

#include "model/tokenizer/byte_characters.hpp"
#include "model/tokenizer/pre_tokenizer.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kNumBytes = 256;
constexpr std::size_t kMaxWordBytes = 64;
constexpr const char* kPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using Id = std::int32_t;
using Key = std::uint64_t;

Key key_of(Id left, Id right) {
  return (static_cast<Key>(static_cast<std::uint32_t>(left)) << 32U) | static_cast<std::uint32_t>(right);
}

std::pair<Id, Id> pair_of(Key key) {
  return {static_cast<Id>(key >> 32U), static_cast<Id>(key & 0xFFFFFFFFU)};
}

/// Keeps the count of every pair and the words where it occurs up to date while pairs are merged.
class Trainer {
 public:
  explicit Trainer(const WordCounts& words) {
    std::vector<std::pair<std::string_view, std::uint64_t>> sorted(words.counts().begin(),
                                                                   words.counts().end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [text, count] : sorted) {
      Word word{.ids = {}, .count = static_cast<std::int64_t>(count)};
      for (const char c : text) word.ids.push_back(static_cast<unsigned char>(c));
      words_.push_back(std::move(word));
    }
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      for (std::size_t at = 0; at + 1 < word.ids.size(); ++at)
        count(key_of(word.ids[at], word.ids[at + 1]), word.count, i);
    }
    for (const auto& [key, pair] : pairs_) queue_.push({pair.count, key});
  }

  /// The most frequent pair that occurs at least twice.
  std::optional<std::pair<Id, Id>> best() {
    while (!queue_.empty()) {
      const Candidate top = queue_.top();
      const auto found = pairs_.find(top.key);
      if (found != pairs_.end() && found->second.count == top.count) {
        return top.count < 2 ? std::nullopt : std::optional(pair_of(top.key));
      }
      queue_.pop();
    }
    return std::nullopt;
  }

  /// Writes `merged` wherever `pair` stands.
  void merge(std::pair<Id, Id> pair, Id merged) {
    const auto found = pairs_.find(key_of(pair.first, pair.second));
    const std::vector<std::size_t> where = std::move(found->second.words);
    pairs_.erase(found);
    changed_.clear();
    for (const std::size_t word : where) merge_in(word, pair, merged);
    for (const Key key : changed_) {
      const auto other = pairs_.find(key);
      if (other != pairs_.end() && other->second.count > 0) queue_.push({other->second.count, key});
    }
  }

 private:
  struct Word {
    std::vector<Id> ids{};
    std::int64_t count = 0;
  };

  struct Pair {
    std::int64_t count = 0;
    std::vector<std::size_t> words{};  ///< May name a word twice, or one that lost the pair.
  };

  struct Candidate {
    std::int64_t count = 0;
    Key key = 0;

    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : key > other.key;
    }
  };

  void count(Key key, std::int64_t change, std::size_t word) {
    Pair& pair = pairs_[key];
    pair.count += change;
    if (change > 0 && (pair.words.empty() || pair.words.back() != word)) pair.words.push_back(word);
  }

  void merge_in(std::size_t index, std::pair<Id, Id> best, Id merged) {
    Word& word = words_[index];
    const auto occurs = [&](std::size_t at) {
      return at + 1 < word.ids.size() && word.ids[at] == best.first && word.ids[at + 1] == best.second;
    };
    std::vector<Id> ids;
    ids.reserve(word.ids.size());
    bool is_changed = false;
    for (std::size_t at = 0; at < word.ids.size(); ++at) {
      const bool is_match = occurs(at);
      ids.push_back(is_match ? merged : word.ids[at]);
      if (is_match) ++at;
      is_changed = is_changed || is_match;
    }
    if (!is_changed) return;
    const Key merged_key = key_of(best.first, best.second);
    for (std::size_t at = 0; at + 1 < word.ids.size(); ++at)
      change(key_of(word.ids[at], word.ids[at + 1]), -word.count, index, merged_key);
    for (std::size_t at = 0; at + 1 < ids.size(); ++at)
      change(key_of(ids[at], ids[at + 1]), word.count, index, merged_key);
    word.ids = std::move(ids);
  }

  void change(Key key, std::int64_t change, std::size_t word, Key merged_key) {
    if (key == merged_key) return;
    count(key, change, word);
    changed_.push_back(key);
  }

  std::vector<Word> words_{};
  std::unordered_map<Key, Pair> pairs_{};
  std::priority_queue<Candidate> queue_{};
  std::vector<Key> changed_{};
};

/// Bytes as the printable characters that tokenizer files use.
std::string characters_of_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(byte_characters()[static_cast<unsigned char>(c)], out);
  return out;
}

}  // namespace

void WordCounts::add(std::string_view text) {
  static const PreTokenizer pre_tokenizer = *find_pre_tokenizer(kTrainedPreTokenizer);
  for (const std::string_view word : split_words(pre_tokenizer, text)) {
    if (word.size() > 1 && word.size() <= kMaxWordBytes) ++counts_[std::string(word)];
  }
}

Result<BytePairVocabulary> train_byte_pairs(const WordCounts& words, std::size_t num_tokens) {
  if (num_tokens < kNumBytes || num_tokens > kMaxTrainedVocabulary) {
    return Error{Errc::invalid_argument, "tokens: expected 256 to " + std::to_string(kMaxTrainedVocabulary) +
                                             ", found " + std::to_string(num_tokens)};
  }
  BytePairVocabulary vocabulary;
  for (std::size_t byte = 0; byte < kNumBytes; ++byte)
    vocabulary.tokens.emplace_back(1, static_cast<char>(static_cast<unsigned char>(byte)));
  Trainer trainer(words);
  std::unordered_map<std::string, Id> ids;
  for (const std::string& token : vocabulary.tokens) ids.emplace(token, static_cast<Id>(ids.size()));
  while (vocabulary.tokens.size() < num_tokens) {
    const auto best = trainer.best();
    if (!best) break;
    std::string text = vocabulary.tokens[static_cast<std::size_t>(best->first)] +
                       vocabulary.tokens[static_cast<std::size_t>(best->second)];
    // Two pairs may make the same token: "a" + "bc" and "ab" + "c".
    const auto [place, is_new] = ids.emplace(text, static_cast<Id>(vocabulary.tokens.size()));
    if (is_new) vocabulary.tokens.push_back(std::move(text));
    trainer.merge(*best, place->second);
    vocabulary.merges.push_back(*best);
  }
  return vocabulary;
}

Json tokenizer_json(const BytePairVocabulary& vocabulary, const std::vector<std::string>& special) {
  std::vector<std::string> texts;
  Json vocab = Json::object();
  for (const std::string& token : vocabulary.tokens) {
    vocab[characters_of_bytes(token)] = texts.size();
    texts.push_back(characters_of_bytes(token));
  }
  Json merges = Json::array();
  for (const auto& [left, right] : vocabulary.merges)
    merges.push_back(texts[static_cast<std::size_t>(left)] + " " + texts[static_cast<std::size_t>(right)]);
  Json added = Json::array();
  for (const std::string& text : special) {
    added.push_back({{"id", texts.size() + added.size()},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const Json split{
      {"type", "Split"}, {"pattern", {{"Regex", kPattern}}}, {"behavior", "Isolated"}, {"invert", false}};
  const Json bytes{
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}, {"use_regex", false}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", std::move(added)},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}},
          {"post_processor", nullptr},
          {"decoder", bytes},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

}  // namespace lyceum::model
