#include "agents/common/terms.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace lyceum::agents {
namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

std::set<std::string> stems_of(const std::vector<std::string>& texts) {
  std::set<std::string> stems;
  for (const std::string& text : texts) {
    for (std::string& stem : index_terms(text)) stems.insert(std::move(stem));
  }
  return stems;
}

}  // namespace

std::vector<Term> key_terms(std::string_view text) {
  std::vector<Term> terms;
  std::set<std::string> seen;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_word_byte(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && is_word_byte(text[end])) ++end;
    const std::string word(text.substr(at, end - at));
    at = end;
    // What an apostrophe leaves ("s", "t") says nothing.
    const bool is_scrap = word.size() == 1 && (word[0] < '0' || word[0] > '9');
    if (is_scrap || is_stop_word(to_lower_ascii(word))) continue;
    const std::vector<std::string> stems = index_terms(word);
    if (!stems.empty() && seen.insert(stems[0]).second) terms.push_back({.word = word, .stem = stems[0]});
  }
  return terms;
}

std::vector<std::string> missing_terms(std::string_view question, const std::vector<std::string>& texts) {
  const std::set<std::string> stems = stems_of(texts);
  std::vector<std::string> missing;
  for (Term& term : key_terms(question)) {
    if (!stems.contains(term.stem)) missing.push_back(std::move(term.word));
  }
  return missing;
}

std::string topic_of(std::string_view question) {
  std::set<std::string> stems;
  for (Term& term : key_terms(question)) stems.insert(std::move(term.stem));
  std::string topic;
  for (const std::string& stem : stems) topic += (topic.empty() ? "" : " ") + stem;
  return clip(topic, 300);
}

double support_of(std::string_view statement, const std::vector<std::string>& texts) {
  const std::vector<Term> terms = key_terms(statement);
  if (terms.empty()) return 1;
  const std::set<std::string> stems = stems_of(texts);
  const auto covered =
      std::count_if(terms.begin(), terms.end(), [&](const Term& term) { return stems.contains(term.stem); });
  return static_cast<double>(covered) / static_cast<double>(terms.size());
}

std::string to_lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string squeeze_blanks(std::string_view text) {
  std::string squeezed;
  for (const char c : text) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_blank) {
      squeezed += c;
    } else if (!squeezed.empty() && squeezed.back() != ' ') {
      squeezed += ' ';
    }
  }
  if (!squeezed.empty() && squeezed.back() == ' ') squeezed.pop_back();
  return squeezed;
}

std::string clip(std::string_view text, std::size_t size_bytes_max) {
  if (text.size() <= size_bytes_max) return std::string(text);
  std::size_t end = size_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace lyceum::agents
