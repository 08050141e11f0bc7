// What constraints and sampling cost a decode step, on vocabularies of 32,768 and 151,936 tokens made of the
// words of given texts (or of random ones). Masks are beside the plain way: testing every token. Usage:
// decoding_bench [text file]...
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.hpp"
#include "model/decoding/gbnf.hpp"
#include "model/decoding/grammar_automaton.hpp"
#include "model/decoding/quote_constraint.hpp"
#include "model/decoding/sampler.hpp"
#include "model/decoding/schema_grammar.hpp"

namespace lyceum::model {
namespace {

/// This thread's, so that a busy machine does not count.
double cpu_us() {
  timespec now{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double time_us(const std::function<void()>& work) {
  const double begin = cpu_us();
  work();
  return cpu_us() - begin;
}

std::string text_of(int argc, char** argv) {
  std::ostringstream text;
  for (int i = 1; i < argc; ++i) text << std::ifstream(argv[i], std::ios::binary).rdbuf();
  if (argc > 1) return text.str();
  std::mt19937_64 random(1);
  for (int i = 0; i < 400'000; ++i) {
    for (std::size_t letters = 2 + random() % 9; letters > 0; --letters) {
      text << "etaoinshrdlucmfw"[std::min(random() % 16, random() % 16)];
    }
    text << (random() % 12 == 0 ? ". " : " ");
  }
  return text.str();
}

/// The bytes, what JSON is made of, and the most frequent words and beginnings of words, with and without a
/// space before them: what a byte pair encoder learns, roughly.
std::shared_ptr<const TokenTrie> vocabulary_of(const std::string& text, std::size_t vocab_size) {
  std::unordered_map<std::string, std::size_t> counts;
  const auto is_in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && end - at < 24 && is_in_word(text[end])) ++end;
    for (std::size_t length = 2; length < end - at; ++length) ++counts[text.substr(at, length)];
    if (end - at > 1) counts[text.substr(at, end - at)] += 4;
    if (end - at > 3) ++counts[text.substr(at + (end - at) / 2, (end - at + 1) / 2)];
    at = end;
  }
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const auto& [piece, count] : counts) ranked.emplace_back(count, piece);
  std::sort(ranked.rbegin(), ranked.rend());
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  for (const char* piece : {"{\"", "\":", "\",", "\",\"", "\"}", "\"]", "},", "],", "\": \"", ", \"", "\\n"})
    bytes.emplace_back(piece);
  for (std::size_t i = 2; i <= 64; i *= 2) bytes.emplace_back(i, ' ');
  for (const auto& [count, piece] : ranked) {
    if (bytes.size() + 1 < vocab_size) bytes.push_back(piece);
  }
  bytes.emplace_back();
  const auto end = static_cast<TokenId>(bytes.size() - 1);
  return TokenTrie::of(std::move(bytes), {end});
}

/// The longest token first.
std::vector<TokenId> tokens_of(const TokenTrie& vocabulary, const std::string& text) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (std::size_t i = 0; i < vocabulary.vocab_size(); ++i) {
    ids.try_emplace(vocabulary.bytes_of(static_cast<TokenId>(i)), static_cast<TokenId>(i));
  }
  std::vector<TokenId> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = std::min(vocabulary.token_bytes_max(), text.size() - at);
    while (!ids.contains(std::string_view(text).substr(at, length))) --length;
    tokens.push_back(ids.at(std::string_view(text).substr(at, length)));
    at += length;
  }
  return tokens;
}

GrammarAutomaton::State read(GrammarAutomaton& automaton, GrammarAutomaton::State state,
                             std::string_view bytes) {
  for (const char byte : bytes) {
    if (state == GrammarAutomaton::kDead) break;
    state = automaton.next(state, static_cast<std::uint8_t>(byte));
  }
  return state;
}

/// Each token from its first byte on; the automaton's transitions are known already.
TokenMask tested_mask(GrammarAutomaton& automaton, GrammarAutomaton::State state) {
  const TokenTrie& vocabulary = automaton.vocabulary();
  TokenMask mask(vocabulary.vocab_size());
  for (std::size_t i = 0; i < vocabulary.vocab_size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const auto bytes = vocabulary.bytes_of(token);
    if (!bytes.empty() && read(automaton, state, bytes) != GrammarAutomaton::kDead) mask.set(token);
  }
  return mask;
}

void measure_grammar(const char* name, Grammar grammar, const std::shared_ptr<const TokenTrie>& vocabulary,
                     const std::string& text) {
  GrammarAutomaton automaton(std::move(grammar), vocabulary);
  const auto tokens = tokens_of(*vocabulary, text);
  const auto steps = static_cast<double>(tokens.size());
  double slowest = 0;
  const auto pass = [&] {
    slowest = 0;
    auto state = automaton.start();
    return time_us([&] {
      for (const TokenId token : tokens) {
        slowest = std::max(slowest, time_us([&] { (void)automaton.mask(state); }));
        state = read(automaton, state, vocabulary->bytes_of(token));
        if (state == GrammarAutomaton::kDead) {
          (void)std::fprintf(stderr, "%s: the text does not fit\n", name);
          std::exit(EXIT_FAILURE);
        }
      }
    });
  };
  const double first = pass();
  const double first_slowest = slowest;
  const double warm = pass();
  auto state = automaton.start();
  const double tested = time_us([&] {
    for (const TokenId token : tokens) {
      (void)tested_mask(automaton, state);
      state = read(automaton, state, vocabulary->bytes_of(token));
    }
  });
  std::printf("| %-28s | %6zu | %5zu | %9.1f | %9.0f | %9.2f | %9.0f |\n", name, vocabulary->vocab_size(),
              tokens.size(), first / steps, first_slowest, warm / steps, tested / steps);
}

void measure_quotes(const std::string& text, const std::shared_ptr<const TokenTrie>& vocabulary) {
  for (const std::size_t num_bytes : {std::size_t{20'000}, std::size_t{400'000}}) {
    const std::string source = text.substr(0, num_bytes);
    const auto tokens = tokens_of(*vocabulary, source);
    const std::vector<QuoteSource> sources = {{.text = source, .tokens = tokens}};
    const QuoteOptions options{.boundary = QuoteBoundary::word};
    std::unique_ptr<QuoteConstraint> fresh;
    const double build = time_us([&] { fresh = *quote_constraint(sources, vocabulary, options); });
    double steps = 0;
    double total = 0;
    double slowest = 0;
    for (std::size_t begin = 0; begin + 40 < tokens.size(); begin += tokens.size() / 200 + 1) {
      const auto quote = fresh->clone();
      for (std::size_t i = begin; i < begin + 40; ++i) {
        bool is_accepted = false;
        const double step = time_us([&] {
          (void)quote->allowed();
          is_accepted = quote->accept(tokens[i]);
        });
        if (!is_accepted) break;
        total += step;
        slowest = std::max(slowest, step);
        ++steps;
      }
    }
    std::printf(
        "quote, %6zu source tokens of %zu: built in %.2f us a token; %.2f us a step, slowest %.0f us\n",
        tokens.size(), vocabulary->vocab_size(), build / static_cast<double>(tokens.size()), total / steps,
        slowest);
  }
}

void measure_sampler(std::size_t vocab_size) {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> logits(vocab_size);
  for (float& logit : logits) logit = normal(random);
  const auto measure = [&](const char* name, const SamplerParameters& parameters, const TokenMask* mask) {
    const auto sampler = Sampler::make(parameters, vocab_size);
    constexpr int kRounds = 30;
    const double us = time_us([&] {
      for (std::uint64_t i = 0; i < kRounds; ++i) (void)sampler->sample(logits, {}, mask, i);
    });
    std::printf("sampler, %s, %zu tokens: %.0f us\n", name, vocab_size, us / kRounds);
  };
  TokenMask few(vocab_size);
  for (TokenId token = 0; token < 50; ++token) few.set(token * 100);
  measure("greedy", {.temperature = 0}, nullptr);
  measure("greedy with 5 logprobs", {.temperature = 0, .top_logprobs = 5}, nullptr);
  measure("temperature", {}, nullptr);
  measure("top-k 40, top-p 0.95", {.top_k = 40, .top_p = 0.95}, nullptr);
  measure("top-p 0.9", {.temperature = 0.7, .top_p = 0.9}, nullptr);
  measure("temperature, 50 allowed", {}, &few);
}

void run(const std::string& text) {
  const Json answer = *parse_json(R"({"type":"object","properties":{"sentences":{"type":"array","maxItems":6,
    "items":{"type":"object","properties":{"text":{"type":"string","maxLength":400},"citations":{"type":"array",
    "minItems":1,"maxItems":8,"items":{"type":"integer","minimum":1,"maximum":64}}},"required":["text","citations"],
    "additionalProperties":false}}},"required":["sentences"],"additionalProperties":false})");
  std::string sentence = text.substr(0, 350);
  sentence.erase(std::remove_if(sentence.begin(), sentence.end(),
                                [](char c) { return c < ' ' || c == '"' || c == '\\'; }),
                 sentence.end());
  Json document = {{"sentences", Json::array()}};
  for (int i = 0; i < 4; ++i) {
    document["sentences"].push_back({{"citations", {1, 2, 30 + i}}, {"text", sentence.substr(0, 280)}});
  }
  std::printf("| %-28s | %6s | %5s | %9s | %9s | %9s | %9s |\n", "us a token", "vocab", "steps", "first",
              "slowest", "warm", "each test");
  for (const std::size_t vocab_size : {std::size_t{32'768}, std::size_t{151'936}}) {
    std::shared_ptr<const TokenTrie> vocabulary;
    const double build = time_us([&] { vocabulary = vocabulary_of(text, vocab_size); });
    measure_grammar("schema with lengths", *grammar_of_schema(answer), vocabulary, dump_json(document));
    measure_grammar("any JSON", *grammar_of_schema(true), vocabulary, dump_json(document));
    measure_grammar("GBNF, words", *parse_gbnf("root ::= ([^ ]* \" \")* [^ ]*"), vocabulary, sentence);
    std::printf("vocabulary of %zu: %zu nodes, made in %.0f ms with counting words\n",
                vocabulary->vocab_size(), vocabulary->nodes().size(), build / 1000);
    measure_quotes(text, vocabulary);
    measure_sampler(vocabulary->vocab_size());
  }
}

}  // namespace
}  // namespace lyceum::model

int main(int argc, char** argv) {
  lyceum::model::run(lyceum::model::text_of(argc, argv));
  return EXIT_SUCCESS;
}
