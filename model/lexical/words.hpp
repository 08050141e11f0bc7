#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/lexical.hpp"

namespace lyceum::model::lexical {

/// One word of a text with what the scoring rules look at.
struct Word {
  std::size_t begin = 0;  ///< Byte range in the text.
  std::size_t end = 0;
  std::string lower{};  ///< ASCII letters in lower case, thousands separators removed.
  std::string stem{};
  double weight = 0;  ///< How telling it is; 0 for stop words.
  std::optional<WordVectors::Row> vector{};
  bool is_stop = false;
  bool is_capital = false;       ///< Starts with a capital letter.
  bool is_number = false;        ///< Starts with a digit, or is a number word.
  bool starts_sentence = false;  ///< Its capital then says nothing.
};

/// Splits texts into words for one request. Remembers stems and weights, so that repeated words cost one
/// look-up. May block (the weight function may); not thread-safe.
class WordReader {
 public:
  explicit WordReader(const WordWeight& weight, const WordVectors* vectors = nullptr)
      : weight_(weight), vectors_(vectors) {}

  std::vector<Word> read(std::string_view text);

  /// Null when there are none.
  const WordVectors* vectors() const { return vectors_; }

 private:
  struct Known {
    std::string stem{};
    double weight = 0;
    std::optional<WordVectors::Row> vector{};
    bool is_stop = false;
  };

  const Known& look_up(const std::string& lower);

  const WordWeight& weight_;
  const WordVectors* vectors_;
  std::map<std::string, Known, std::less<>> known_;
};

/// The best likeness of meaning between `vector` and a word that is no stop word: a cosine, 0..1; 0 without
/// vectors.
double best_likeness(const WordVectors* vectors, std::optional<WordVectors::Row> vector,
                     const std::vector<Word>& words);

/// A month, a weekday or a number that reads as a year.
bool is_date_word(const Word& word);

/// "two", "dozen", "million", "half".
bool is_number_word(std::string_view lower);

/// ASCII letters in lower case; other bytes stay.
std::string to_lower(std::string_view text);

/// White space runs as one blank, none at the ends.
std::string squeeze(std::string_view text);

}  // namespace lyceum::model::lexical
