#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace lyceum {
namespace {

/// The English function words of the usual lists (Snowball's, Lucene's), question words included. "us" is
/// left out: the index writes "U.S." so.
constexpr auto kStopWords = [] {
  auto words = std::to_array<std::string_view>(
      {"a",         "about",     "above",    "after",     "again",   "against",    "all",    "also",
       "although",  "am",        "among",    "an",        "and",     "any",        "are",    "aren't",
       "as",        "at",        "be",       "because",   "been",    "before",     "being",  "below",
       "between",   "both",      "but",      "by",        "can",     "can't",      "cannot", "could",
       "couldn't",  "did",       "didn't",   "do",        "does",    "doesn't",    "doing",  "don't",
       "down",      "during",    "each",     "either",    "else",    "etc",        "ever",   "every",
       "few",       "for",       "from",     "further",   "had",     "hadn't",     "has",    "hasn't",
       "have",      "haven't",   "having",   "he",        "her",     "here",       "hers",   "herself",
       "him",       "himself",   "his",      "how",       "however", "i",          "i'm",    "if",
       "in",        "into",      "is",       "isn't",     "it",      "it's",       "its",    "itself",
       "just",      "let",       "may",      "me",        "might",   "more",       "most",   "must",
       "my",        "myself",    "neither",  "no",        "nor",     "not",        "of",     "off",
       "on",        "once",      "only",     "onto",      "or",      "other",      "our",    "ours",
       "ourselves", "out",       "over",     "own",       "per",     "same",       "shall",  "she",
       "should",    "shouldn't", "since",    "so",        "some",    "such",       "than",   "that",
       "that's",    "the",       "their",    "theirs",    "them",    "themselves", "then",   "there",
       "these",     "they",      "this",     "those",     "though",  "through",    "thus",   "to",
       "too",       "under",     "until",    "up",        "upon",    "very",       "was",    "wasn't",
       "we",        "were",      "weren't",  "what",      "what's",  "when",       "where",  "whether",
       "which",     "while",     "who",      "who's",     "whom",    "whose",      "why",    "will",
       "with",      "within",    "without",  "won't",     "would",   "wouldn't",   "yet",    "you",
       "your",      "yours",     "yourself", "yourselves"});
  std::sort(words.begin(), words.end());
  return words;
}();

}  // namespace

bool is_stop_word(std::string_view lower_case_word) {
  return std::binary_search(kStopWords.begin(), kStopWords.end(), lower_case_word);
}

}  // namespace lyceum
