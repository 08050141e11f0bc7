#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "model/decoding/token_constraint.hpp"
#include "model/decoding/token_trie.hpp"

namespace lyceum::model {

/// Token i is byte i for i below 256; then come tokens that cross what grammars separate (quotes, brackets,
/// characters), one without bytes, and the end token, which is the last.
inline std::shared_ptr<const TokenTrie> small_vocabulary() {
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  for (const char* text :
       {"{\"",      "\":",   "\": ",         "\",\"",       "\", \"", "\"}",      "\"]",
        "}]",       "]}",    "},{",          "[[",          "]]",     "null",     "true",
        "false",    "true,", "12",           "34",          "00",     "0.",       ".5",
        "e1",       "-1",    "1,",           "2]",          "3}",     "abc",      "ab",
        "a",        " the",  "the",          " a",          "name",   "name\":",  "\\n",
        "\\\"",     "\\u00", "\xC3\xA9",     "\xC3",        "\xA9",   "\xE2\x82", "\xE2\x82\xAC",
        "\x82\xAC", "  ",    "\xF0\x9F\x99", "x\xC3",       "\xAC\"", "aaaa",     "aaaaaaaa\"",
        "...",      ",\n",   "hello",        "hello world", ", "}) {
    bytes.emplace_back(text);
  }
  bytes.emplace_back();
  bytes.emplace_back();
  const auto end = static_cast<TokenId>(bytes.size() - 1);
  return TokenTrie::of(std::move(bytes), {end});
}

/// The tokens of a text, each a random one of those that go on with it.
inline std::vector<TokenId> random_tokens(const TokenTrie& vocabulary, std::string_view text,
                                          std::mt19937_64& random) {
  std::vector<TokenId> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::vector<TokenId> fitting;
    for (std::size_t i = 0; i < vocabulary.vocab_size(); ++i) {
      const std::string_view bytes = vocabulary.bytes_of(static_cast<TokenId>(i));
      if (!bytes.empty() && text.substr(at, bytes.size()) == bytes) {
        fitting.push_back(static_cast<TokenId>(i));
      }
    }
    tokens.push_back(fitting[random() % fitting.size()]);
    at += vocabulary.bytes_of(tokens.back()).size();
  }
  return tokens;
}

/// Whether a fresh clone lets `text` through and may end there. Masks and accept() must agree on the way.
inline bool lets_through(const TokenConstraint& fresh, const TokenTrie& vocabulary, std::string_view text,
                         std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  const auto constraint = fresh.clone();
  for (const TokenId token : random_tokens(vocabulary, text, random)) {
    const bool is_allowed = constraint->allowed().test(token);
    if (constraint->accept(token) != is_allowed) return false;
    if (!is_allowed) return false;
  }
  return constraint->may_end();
}

/// Writes at random what the constraint allows. Prefers tokens that close something, the more the longer the
/// text is. Empty when it did not end within `tokens_max`.
struct Walk {
  bool has_ended = false;
  std::string text{};
};

inline Walk random_walk(TokenConstraint& constraint, const TokenTrie& vocabulary, std::mt19937_64& random,
                        std::size_t tokens_max) {
  Walk walk;
  for (std::size_t i = 0; i < tokens_max; ++i) {
    std::vector<TokenId> all;
    std::vector<TokenId> closing;
    constraint.allowed().for_each([&](TokenId token) {
      all.push_back(token);
      const std::string_view bytes = vocabulary.bytes_of(token);
      if (bytes.empty() || bytes.find_first_of("\"]}") != std::string_view::npos) closing.push_back(token);
    });
    if (all.empty()) return walk;
    const bool closes = !closing.empty() && random() % tokens_max < 20 + 2 * i;
    const auto& choice = closes ? closing : all;
    const TokenId token = choice[random() % choice.size()];
    if (!constraint.accept(token)) return walk;
    walk.text += vocabulary.bytes_of(token);
    if (constraint.has_ended()) {
      walk.has_ended = true;
      return walk;
    }
  }
  return walk;
}

/// The mask as the tokens themselves say it, one accept() each.
inline TokenMask tested_mask(const TokenConstraint& constraint, std::size_t vocab_size) {
  TokenMask mask(vocab_size);
  for (std::size_t i = 0; i < vocab_size; ++i) {
    if (constraint.clone()->accept(static_cast<TokenId>(i))) mask.set(static_cast<TokenId>(i));
  }
  return mask;
}

}  // namespace lyceum::model
