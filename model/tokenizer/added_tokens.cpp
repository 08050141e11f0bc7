#include "model/tokenizer/added_tokens.hpp"

#include <algorithm>

namespace lyceum::model {

AddedTokens::AddedTokens(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.texts.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    if (vocabulary.texts[i].empty()) continue;
    if (vocabulary.is_added_space(token)) spaces_.add(vocabulary.texts[i], token);
    if (vocabulary.is_added_space(token) || vocabulary.is_special(token))
      all_.add(vocabulary.texts[i], token);
  }
}

void AddedTokens::Matcher::add(std::string_view text, TokenId token) {
  tokens.emplace(text, token);
  auto& of_byte = lengths[static_cast<unsigned char>(text.front())];
  const auto at = std::lower_bound(of_byte.begin(), of_byte.end(), text.size(), std::greater<>());
  if (at == of_byte.end() || *at != text.size()) of_byte.insert(at, text.size());
}

std::optional<AddedTokens::Fragment> AddedTokens::Matcher::match(std::string_view text) const {
  for (const std::size_t length : lengths[static_cast<unsigned char>(text.front())]) {
    if (length > text.size()) continue;
    const auto found = tokens.find(text.substr(0, length));
    if (found != tokens.end()) return Fragment{found->first, found->second};
  }
  return std::nullopt;
}

/// The longest token at the front; a special one only within the first `num_special_bytes`.
std::optional<AddedTokens::Fragment> AddedTokens::match(std::string_view text,
                                                        std::size_t num_special_bytes) const {
  const auto space = spaces_.match(text);
  if (num_special_bytes == 0) return space;
  const auto any = all_.match(text.substr(0, num_special_bytes));
  return any && (!space || any->text.size() >= space->text.size()) ? any : space;
}

std::vector<AddedTokens::Fragment> AddedTokens::split(std::string_view text,
                                                      std::span<const TextRun> runs) const {
  std::vector<Fragment> fragments;
  std::size_t begin = 0;
  std::size_t run = 0;
  std::size_t run_end = runs.empty() ? 0 : runs.front().size_bytes;
  for (std::size_t at = 0; at < text.size();) {
    while (at >= run_end && run + 1 < runs.size()) run_end += runs[++run].size_bytes;
    const bool may_hold_special = run < runs.size() && runs[run].may_hold_special && at < run_end;
    const auto matched = match(text.substr(at), may_hold_special ? run_end - at : 0);
    if (!matched) {
      ++at;
      continue;
    }
    if (at > begin) fragments.push_back({text.substr(begin, at - begin), std::nullopt});
    fragments.push_back(*matched);
    at += matched->text.size();
    begin = at;
  }
  if (begin < text.size()) fragments.push_back({text.substr(begin), std::nullopt});
  return fragments;
}

}  // namespace lyceum::model
