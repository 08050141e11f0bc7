#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "model/curriculum.hpp"
#include "model/curriculum/skip_gram.hpp"
#include "model/files/gguf_writer.hpp"
#include "model/lexical/words.hpp"
#include "model/tokenizer/tokenizer_json.hpp"
#include "model/training/data_file.hpp"
#include "model/training/token_vectors.hpp"
#include "model/word_vectors.hpp"

namespace lyceum::model {
namespace {

constexpr std::string_view kLanguageKind = "language.";
constexpr SkipGramOptions kTokenOptions = {.dimensions = 96, .passes = 2, .window = 6};
constexpr SkipGramOptions kWordOptions = {.dimensions = 64, .passes = 4, .window = 5};
constexpr std::size_t kMaxVectorWords = 40'000;
constexpr std::uint32_t kLeastCount = 5;

/// The documents of free text among those to learn from.
class FreeTexts {
 public:
  static Result<FreeTexts> open_blocking(const std::string& folder) {
    TRY(const auto kinds, read_kinds_blocking(folder));
    TRY(auto file, TrainingDataFile::open_blocking(folder + "/train.lytd"));
    FreeTexts texts(std::move(file));
    for (const std::string& kind : kinds) texts.is_language_.push_back(kind.starts_with(kLanguageKind));
    return texts;
  }

  template <typename Visit>
  void each(const Visit& visit) const {
    for (std::size_t i = 0; i < file_.num_documents(); ++i) {
      const TrainingDocument document = file_.document(i);
      if (document.kind < is_language_.size() && is_language_[document.kind]) visit(document.tokens);
    }
  }

  std::size_t vocabulary_size() const { return file_.vocabulary_size(); }

 private:
  explicit FreeTexts(TrainingDataFile file) : file_(std::move(file)) {}

  TrainingDataFile file_;
  std::vector<bool> is_language_{};
};

std::vector<std::int32_t> tokens_of(const FreeTexts& texts) {
  std::vector<std::int32_t> items;
  texts.each([&](std::span<const std::uint16_t> tokens) {
    items.insert(items.end(), tokens.begin(), tokens.end());
    items.push_back(kTextEnd);
  });
  return items;
}

/// Numbers words as they come.
class WordNumbers {
 public:
  void append(std::string_view text, std::vector<std::int32_t>& items) {
    for (const auto& word : reader_.read(text)) {
      const auto [found, is_new] =
          numbers_.try_emplace(word.lower, static_cast<std::int32_t>(counts_.size()));
      if (is_new) counts_.emplace_back(0, word.is_stop);
      ++counts_[static_cast<std::size_t>(found->second)].first;
      items.push_back(found->second);
    }
    items.push_back(kTextEnd);
  }

  /// The commonest words, which get new numbers in `items`; rarer ones are taken out.
  std::vector<std::string> keep_commonest(std::vector<std::int32_t>& items) {
    std::vector<std::string_view> words(counts_.size());
    for (const auto& [word, number] : numbers_) words[static_cast<std::size_t>(number)] = word;
    std::vector<std::size_t> order(words.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {},
                      [&](std::size_t i) { return std::pair(-std::int64_t{counts_[i].first}, i); });
    std::vector<std::int32_t> new_numbers(words.size(), kRare);
    std::vector<std::string> kept;
    for (const std::size_t i : order) {
      if (kept.size() == kMaxVectorWords || counts_[i].first < kLeastCount) break;
      new_numbers[i] = static_cast<std::int32_t>(kept.size());
      kept.emplace_back(words[i]);
      is_stop_.push_back(counts_[i].second);
    }
    for (std::int32_t& item : items) {
      if (item != kTextEnd) item = new_numbers[static_cast<std::size_t>(item)];
    }
    std::erase(items, kRare);
    return kept;
  }

  bool is_stop(std::size_t kept) const { return is_stop_[kept]; }

 private:
  static constexpr std::int32_t kRare = -2;

  const WordWeight unweighted_ = [](std::string_view) { return 1.0; };
  lexical::WordReader reader_{unweighted_};
  std::unordered_map<std::string, std::int32_t> numbers_{};
  std::vector<std::pair<std::uint32_t, bool>> counts_{};
  std::vector<bool> is_stop_{};
};

/// Of all kept words but stop words, which no comparison looks at.
Result<WordVectors> learn_words(const FreeTexts& texts, const Tokenizer& tokenizer) {
  WordNumbers numbers;
  std::vector<std::int32_t> items;
  std::vector<TokenId> ids;
  texts.each([&](std::span<const std::uint16_t> tokens) {
    ids.assign(tokens.begin(), tokens.end());
    numbers.append(tokenizer.decode(ids), items);
  });
  const std::vector<std::string> words = numbers.keep_commonest(items);
  const std::vector<float> all = train_skip_gram(items, words.size(), kWordOptions);
  std::vector<std::string> kept;
  std::vector<float> values;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (numbers.is_stop(i)) continue;
    kept.push_back(words[i]);
    const auto row = std::span(all).subspan(i * kWordOptions.dimensions, kWordOptions.dimensions);
    values.insert(values.end(), row.begin(), row.end());
  }
  centre_rows(kWordOptions.dimensions, values);
  return WordVectors::make(std::move(kept), values);
}

}  // namespace

Result<Json> train_vectors_blocking(const std::string& data, const std::string& tokenizer_path,
                                    const std::string& output) {
  TRY(const Tokenizer tokenizer, open_tokenizer_blocking(tokenizer_path));
  TRY(const FreeTexts texts, FreeTexts::open_blocking(data));
  if (texts.vocabulary_size() != tokenizer.vocab_size())
    return Error{Errc::invalid_argument, data + ": not made with the tokenizer " + tokenizer_path};
  const std::vector<std::int32_t> tokens = tokens_of(texts);
  const TokenVectors vectors{.num_dimensions = kTokenOptions.dimensions,
                             .values = train_skip_gram(tokens, texts.vocabulary_size(), kTokenOptions)};
  TRY(const WordVectors words, learn_words(texts, tokenizer));
  GgufHeader header;
  header.set_string("general.architecture", "lyceum-vectors");
  vectors.store(header);
  words.store(header);
  TRY(GgufWriter writer, GgufWriter::create_blocking(output, header, {.may_replace = true}));
  TRY_OK(writer.finish_blocking());
  return Json{{"tokens_read", tokens.size()},
              {"token_vectors", texts.vocabulary_size()},
              {"word_vectors", words.size()}};
}

}  // namespace lyceum::model
