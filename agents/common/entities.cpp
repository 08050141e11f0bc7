#include "agents/common/entities.hpp"

#include <algorithm>
#include <initializer_list>

#include "agents/common/terms.hpp"
#include "base/text.hpp"

namespace lyceum::agents {
namespace {

constexpr std::size_t kMaxNameBytes = 80;
constexpr std::size_t kMaxLabelBytes = 60;
constexpr std::size_t kMaxEntities = 400;

struct Token {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view text{};
  bool is_capital = false;
  bool is_number = false;
};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_alnum(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Inside a word: "O'Neill", "Saint-Denis", "1,200", "3.5".
bool joins(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size() || !is_alnum(text[at + 1])) return false;
  if (text[at] == '\'' || text[at] == '-' || text[at] == '&') return true;
  return (text[at] == ',' || text[at] == '.') && is_digit(text[at - 1]) && is_digit(text[at + 1]);
}

/// A–Z, and the capitals of Latin-1 in UTF-8 ("É").
bool is_capital(std::string_view word) {
  if (word[0] >= 'A' && word[0] <= 'Z') return true;
  return word.size() > 1 && word[0] == '\xC3' && static_cast<unsigned char>(word[1]) >= 0x80 &&
         static_cast<unsigned char>(word[1]) <= 0x9E;
}

/// Typographic punctuation is not part of words.
std::size_t punctuation_bytes(std::string_view text, std::size_t at) {
  return text.substr(at, 2) == "\xE2\x80" ? 3 : 0;
}

std::vector<Token> tokens_of(std::string_view text, std::size_t offset) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t skipped = punctuation_bytes(text, at);
    if (skipped > 0 || !is_alnum(text[at])) {
      at += std::max<std::size_t>(skipped, 1);
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && punctuation_bytes(text, end) == 0 &&
           (is_alnum(text[end]) || joins(text, end)))
      ++end;
    // An initial keeps its full stop: "J. K. Rowling".
    if (end == at + 1 && end < text.size() && text[end] == '.' && is_capital(text.substr(at, 1))) ++end;
    std::string_view word = text.substr(at, end - at);
    if (word.ends_with("'s")) word.remove_suffix(2);
    tokens.push_back({.begin = offset + at,
                      .end = offset + at + word.size(),
                      .text = word,
                      .is_capital = is_capital(word),
                      .is_number = is_digit(word[0])});
    at = end;
  }
  return tokens;
}

bool is_month(std::string_view word) {
  return is_one_of(word, {"January", "February", "March", "April", "May", "June", "July", "August",
                          "September", "October", "November", "December"});
}

bool is_year(std::string_view word) {
  return word.size() == 4 && std::all_of(word.begin(), word.end(), is_digit) &&
         (word[0] == '1' || word.starts_with("20"));
}

bool is_connector(std::string_view word) {
  return is_one_of(word,
                   {"of", "the", "de", "la", "le", "du", "van", "von", "der", "da", "del", "al", "bin"});
}

/// Only blanks stand between two tokens: a comma ends a name.
bool are_adjacent(std::string_view text, const Token& left, const Token& right) {
  const std::string_view gap = text.substr(left.end, right.begin - left.end);
  return std::all_of(gap.begin(), gap.end(), [](char c) { return c == ' ' || c == '\n'; });
}

/// A capital at a sentence's start says little: common openings are left out.
bool is_opening(const Token& token) {
  const std::string lower = to_lower_ascii(token.text);
  return is_stop_word(lower) || lower.ends_with("ly") || lower.ends_with("ing") || lower.ends_with("ed") ||
         is_one_of(lower,
                   {"according", "despite", "many", "several", "another", "one", "two", "three", "first",
                    "name", "list", "give", "tell", "explain", "describe", "compare", "find", "whereas"});
}

Entity make_entity(std::string_view text, const Token& first, const Token& last, std::string kind) {
  return {.name = squeeze_blanks(text.substr(first.begin, last.end - first.begin)),
          .kind = std::move(kind),
          .begin = first.begin,
          .end = last.end};
}

/// The end (one past) of the name that begins at token `at`.
std::size_t end_of_name(std::string_view text, const std::vector<Token>& tokens, std::size_t at) {
  std::size_t end = at + 1;
  while (end < tokens.size() && are_adjacent(text, tokens[end - 1], tokens[end])) {
    if (tokens[end].is_capital && !is_month(tokens[end].text)) {
      ++end;
      continue;
    }
    // "University of the Arts": connectors count only when a capital follows them.
    std::size_t next = end;
    while (next < tokens.size() && is_connector(tokens[next].text) &&
           are_adjacent(text, tokens[next - 1], tokens[next]))
      ++next;
    const bool continues = next > end && next < end + 3 && next < tokens.size() && tokens[next].is_capital &&
                           are_adjacent(text, tokens[next - 1], tokens[next]);
    if (continues) {
      end = next + 1;
      continue;
    }
    if (tokens[end].is_number && end + 1 - at <= 4 && !is_year(tokens[end].text))
      ++end;  // "Super Bowl 50", "Apollo 11"
    break;
  }
  return end;
}

/// "14 March 1879", "March 14, 1879", "March 1879", "1879".
std::size_t end_of_date(const std::vector<Token>& tokens, std::size_t at) {
  std::size_t end = at;
  bool has_month = false;
  while (end < tokens.size() && end < at + 3) {
    const bool is_near = end == at || tokens[end].begin <= tokens[end - 1].end + 2;
    const bool is_month_here = is_month(tokens[end].text);
    const bool is_day = tokens[end].is_number && tokens[end].text.size() <= 2;
    if (!is_near || !(is_month_here || is_day || is_year(tokens[end].text))) break;
    has_month |= is_month_here;
    const bool is_last = is_year(tokens[end].text);
    ++end;
    if (is_last) break;
  }
  if (has_month && end - at > 1) return end;
  return is_year(tokens[at].text) ? at + 1 : at;
}

void add_from_sentence(std::string_view text, const TextRange& range, std::vector<Entity>& entities) {
  const std::vector<Token> tokens = tokens_of(text.substr(range.begin, range.end - range.begin), range.begin);
  std::size_t at = 0;
  while (at < tokens.size() && entities.size() < kMaxEntities) {
    if (const std::size_t end = end_of_date(tokens, at); end > at) {
      entities.push_back(make_entity(text, tokens[at], tokens[end - 1], "date"));
      at = end;
    } else if (tokens[at].is_number) {
      entities.push_back(make_entity(text, tokens[at], tokens[at], "number"));
      ++at;
    } else if (tokens[at].is_capital && !(is_stop_word(to_lower_ascii(tokens[at].text)))) {
      const std::size_t name_end = end_of_name(text, tokens, at);
      const bool is_opening_only = at == 0 && name_end == 1 && is_opening(tokens[0]);
      Entity entity = make_entity(text, tokens[at], tokens[name_end - 1], "name");
      if (!is_opening_only && entity.name.size() <= kMaxNameBytes) entities.push_back(std::move(entity));
      at = name_end;
    } else {
      ++at;
    }
  }
}

/// “…” and "…" of a few words; what they hold is not looked at for names again.
void add_titles(std::string_view text, std::vector<Entity>& entities) {
  constexpr std::string_view kOpen = "“";
  constexpr std::string_view kClose = "”";
  std::size_t at = 0;
  while ((at = std::min(text.find('"', at), text.find(kOpen, at))) != std::string_view::npos) {
    const bool is_plain = text[at] == '"';
    const std::size_t begin = at + (is_plain ? 1 : kOpen.size());
    const std::size_t end = is_plain ? text.find('"', begin) : text.find(kClose, begin);
    if (end == std::string_view::npos) return;
    if (end > begin && end - begin <= kMaxNameBytes && is_alnum(text[begin]) &&
        is_capital(text.substr(begin, end - begin))) {
      std::string name = squeeze_blanks(text.substr(begin, end - begin));
      while (!name.empty() && (name.back() == ',' || name.back() == '.')) name.pop_back();
      entities.push_back({.name = std::move(name), .kind = "title", .begin = begin, .end = end});
    }
    at = end + (is_plain ? 1 : kClose.size());
  }
}

bool says_something(std::string_view label) {
  const bool has_letter = std::any_of(
      label.begin(), label.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  return has_letter && !is_one_of(label, {"and", "or", ", and", ", or", "the", ", the", "and the", "&"});
}

}  // namespace

std::vector<Entity> extract_entities(std::string_view text) {
  std::vector<Entity> titles;
  add_titles(text, titles);
  std::vector<Entity> entities;
  for (const TextRange& range : split_sentences(text)) add_from_sentence(text, range, entities);
  std::erase_if(entities, [&](const Entity& entity) {
    return std::any_of(titles.begin(), titles.end(), [&](const Entity& title) {
      return entity.begin < title.end && title.begin < entity.end;
    });
  });
  entities.insert(entities.end(), titles.begin(), titles.end());
  std::sort(entities.begin(), entities.end(),
            [](const Entity& a, const Entity& b) { return a.begin < b.begin; });
  return entities;
}

std::vector<Relation> extract_relations(std::string_view text) {
  const std::vector<Entity> entities = extract_entities(text);
  const std::vector<TextRange> sentences = split_sentences(text);
  std::vector<Relation> relations;
  for (std::size_t i = 0; i + 1 < entities.size(); ++i) {
    const Entity& left = entities[i];
    const Entity& right = entities[i + 1];
    const bool is_one_sentence = std::any_of(sentences.begin(), sentences.end(), [&](const TextRange& range) {
      return left.begin >= range.begin && right.end <= range.end;
    });
    if (!is_one_sentence || right.begin <= left.end || right.begin - left.end > kMaxLabelBytes) continue;
    std::string label = squeeze_blanks(text.substr(left.end, right.begin - left.end));
    if (label.starts_with("'s ")) label.erase(0, 3);
    if (says_something(label) && entity_id(left.name) != entity_id(right.name)) {
      relations.push_back({.from = left.name, .to = right.name, .label = std::move(label)});
    }
  }
  return relations;
}

std::string entity_id(std::string_view name) {
  std::string id = to_lower_ascii(squeeze_blanks(name));
  if (id.starts_with("the ")) id.erase(0, 4);
  return id;
}

std::vector<std::string> extract_urls(std::string_view text) {
  std::vector<std::string> urls;
  std::size_t at = 0;
  while ((at = text.find("http", at)) != std::string_view::npos) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) {
      at += 4;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ' &&
           std::string_view("\"<>`{}|\\^").find(text[end]) == std::string_view::npos)
      ++end;
    while (end > at && std::string_view(".,;:!?)]'").find(text[end - 1]) != std::string_view::npos) --end;
    std::string url(text.substr(at, end - at));
    if (url.find("://") + 3 < url.size() && std::find(urls.begin(), urls.end(), url) == urls.end())
      urls.push_back(std::move(url));
    at = end;
  }
  return urls;
}

}  // namespace lyceum::agents
