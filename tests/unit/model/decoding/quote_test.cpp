#include <algorithm>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "model/decoding/quote_constraint.hpp"
#include "model/decoding/suffix_automaton.hpp"
#include "tests/unit/model/decoding/vocabularies.hpp"

namespace lyceum::model {
namespace {

/// Sources with random tokens, as one text may be tokenised in several ways.
struct Sources {
  std::shared_ptr<const TokenTrie> vocabulary = small_vocabulary();
  std::vector<std::string> texts{};
  std::vector<std::vector<TokenId>> tokens{};

  Sources(std::vector<std::string> all, std::uint64_t seed) : texts(std::move(all)) {
    std::mt19937_64 random(seed);
    for (const std::string& text : texts) tokens.push_back(random_tokens(*vocabulary, text, random));
  }

  /// One token a byte.
  explicit Sources(std::vector<std::string> all) : texts(std::move(all)) {
    for (const std::string& text : texts) {
      tokens.emplace_back();
      for (const char c : text) tokens.back().push_back(static_cast<unsigned char>(c));
    }
  }

  std::vector<QuoteSource> sources() const {
    std::vector<QuoteSource> all;
    for (std::size_t i = 0; i < texts.size(); ++i) all.push_back({.text = texts[i], .tokens = tokens[i]});
    return all;
  }

  Result<std::unique_ptr<QuoteConstraint>> make(const QuoteOptions& options = {}) const {
    const auto all = sources();
    return quote_constraint(all, vocabulary, options);
  }

  std::unique_ptr<QuoteConstraint> constraint(const QuoteOptions& options = {}) const {
    auto made = make(options);
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
  }
};

/// True when the constraint takes these bytes, one token each.
bool write(TokenConstraint& constraint, std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return constraint.accept(static_cast<unsigned char>(c)); });
}

TEST(SuffixAutomaton, KnowsEverySubstringAndWhereItEnds) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<TokenId> sequence(1 + random() % 40);
    for (TokenId& token : sequence) token = static_cast<TokenId>(random() % (1 + random() % 4));
    const SuffixAutomaton automaton(sequence);
    for (std::size_t begin = 0; begin < sequence.size(); ++begin) {
      auto state = SuffixAutomaton::kRoot;
      for (std::size_t end = begin; end < sequence.size(); ++end) {
        state = automaton.next(state, sequence[end]);
        ASSERT_NE(state, SuffixAutomaton::kNone);
        std::vector<std::uint32_t> expected;
        const auto length = static_cast<std::ptrdiff_t>(end + 1 - begin);
        for (auto at = sequence.begin();; ++at) {
          at = std::search(at, sequence.end(), sequence.begin() + static_cast<std::ptrdiff_t>(begin),
                           sequence.begin() + static_cast<std::ptrdiff_t>(end + 1));
          if (at == sequence.end()) break;
          expected.push_back(static_cast<std::uint32_t>(at - sequence.begin() + length - 1));
        }
        const auto found = automaton.ends(state);
        std::vector<std::uint32_t> ends(found.begin(), found.end());
        std::sort(ends.begin(), ends.end());
        ASSERT_EQ(ends, expected);
      }
    }
    EXPECT_EQ(automaton.next(SuffixAutomaton::kRoot, 9), SuffixAutomaton::kNone);
  }
}

TEST(QuoteConstraint, EveryQuoteStandsWhereItsOffsetsSay) {
  std::size_t num_ended = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Sources sources(
        {"the name of the hello world é the 12€34 name", "aaaa the aaaaaaaa\"the a\n\xF0\x9F\x99\x82 abc ab"},
        seed);
    const auto fresh = sources.constraint({.tokens_max = 12});
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20; ++i) {
      const auto fork = fresh->clone();
      auto& quote = dynamic_cast<QuoteConstraint&>(*fork);
      std::string text;
      for (std::size_t step = 0; !quote.has_ended(); ++step) {
        ASSERT_LE(step, 12U);
        ASSERT_EQ(quote.allowed(), tested_mask(quote, sources.vocabulary->vocab_size()));
        std::vector<TokenId> tokens;
        quote.allowed().for_each([&](TokenId token) { tokens.push_back(token); });
        ASSERT_FALSE(tokens.empty());
        const TokenId token = tokens[random() % tokens.size()];
        ASSERT_TRUE(quote.accept(token));
        text += sources.vocabulary->bytes_of(token);
      }
      ++num_ended;
      ASSERT_TRUE(is_utf8(text));
      const auto spans = quote.occurrences();
      ASSERT_FALSE(spans.empty());
      EXPECT_EQ(*quote.span(), spans.front());
      EXPECT_TRUE(std::is_sorted(spans.begin(), spans.end()));
      for (const QuoteSpan& span : spans) {
        EXPECT_EQ(sources.texts[span.source].substr(span.begin, span.end - span.begin), text);
      }
    }
  }
  EXPECT_EQ(num_ended, 800U);
}

TEST(QuoteConstraint, FindsAllOccurrencesThatStringSearchFinds) {
  const Sources sources({"abracadabra", "", "cab abra"});
  const auto fresh = sources.constraint();
  for (const std::string wanted : {"a", "abra", "ra", "b", "cab abra", "bra"}) {
    const auto fork = fresh->clone();
    auto& quote = dynamic_cast<QuoteConstraint&>(*fork);
    ASSERT_TRUE(write(quote, wanted)) << wanted;
    std::vector<QuoteSpan> expected;
    for (std::size_t source = 0; source < 3; ++source) {
      const std::string& text = sources.texts[source];
      for (auto at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
        expected.push_back({.source = source, .begin = at, .end = at + wanted.size()});
      }
    }
    EXPECT_EQ(quote.occurrences(), expected) << wanted;
  }
  for (const char* absent : {"rab", "abrab", "acab", "x"}) {
    EXPECT_FALSE(write(*fresh->clone(), absent)) << absent;
  }
}

TEST(QuoteConstraint, NeverCutsACharacter) {
  const Sources sources({"aé€b"});
  const auto quote = sources.constraint();
  EXPECT_FALSE(quote->allowed().test(0xA9));
  ASSERT_TRUE(quote->accept(0xC3));
  EXPECT_FALSE(quote->may_end());
  EXPECT_TRUE(quote->occurrences().empty());
  ASSERT_TRUE(quote->accept(0xA9));
  EXPECT_TRUE(quote->may_end());
  EXPECT_EQ(*quote->span(), (QuoteSpan{.source = 0, .begin = 1, .end = 3}));
}

TEST(QuoteConstraint, LengthsLeaveNoDeadEnd) {
  const Sources sources({"ab€€"});
  // Two tokens cannot hold a character of three bytes, and after "b" there is no other way.
  const auto quote = sources.constraint({.tokens_min = 2, .tokens_max = 2});
  EXPECT_EQ(quote->allowed().count(), 1U);
  ASSERT_TRUE(quote->accept('a'));
  EXPECT_FALSE(quote->may_end());
  ASSERT_TRUE(quote->accept('b'));
  EXPECT_TRUE(quote->must_end());
  EXPECT_FALSE(sources.constraint({.tokens_min = 3, .tokens_max = 3})->allowed().test('a'));
}

TEST(QuoteConstraint, KeepsWordsWhole) {
  const Sources sources({"one two, drei"});
  const auto quote = sources.constraint({.boundary = QuoteBoundary::word});
  EXPECT_TRUE(quote->allowed().test('o'));
  EXPECT_FALSE(quote->allowed().test('n'));
  ASSERT_TRUE(write(*quote, "tw"));
  EXPECT_FALSE(quote->may_end());
  ASSERT_TRUE(write(*quote, "o"));
  EXPECT_TRUE(quote->may_end());
  EXPECT_EQ(*quote->span(), (QuoteSpan{.source = 0, .begin = 4, .end = 7}));
}

TEST(QuoteConstraint, KeepsSentencesWhole) {
  const std::string text = "It rained. Dr. Smith left. Then sun.";
  const Sources sources({text});
  const auto fresh = sources.constraint({.boundary = QuoteBoundary::sentence});
  const auto fork = fresh->clone();
  auto& quote = dynamic_cast<QuoteConstraint&>(*fork);
  ASSERT_TRUE(write(quote, " Dr."));
  EXPECT_FALSE(quote.may_end());
  ASSERT_TRUE(write(quote, " Smith left."));
  ASSERT_TRUE(quote.may_end());
  EXPECT_EQ(trimmed(*quote.span(), text), (QuoteSpan{.source = 0, .begin = 11, .end = 26}));
  EXPECT_TRUE(write(quote, " Then sun."));
  EXPECT_TRUE(quote.must_end());
  EXPECT_FALSE(write(*fresh->clone(), "Smith"));
}

TEST(QuoteConstraint, NoQuoteOverlapsAnExcludedSpan) {
  const Sources sources({"abcdefabc"});
  const auto quote = sources.constraint({.excluded = {{.source = 0, .begin = 2, .end = 4}}});
  EXPECT_FALSE(quote->allowed().test('d'));
  ASSERT_TRUE(write(*quote, "ab"));
  EXPECT_EQ(quote->occurrences().size(), 2U);
  ASSERT_TRUE(write(*quote, "c"));
  EXPECT_EQ(quote->occurrences(), (std::vector<QuoteSpan>{{.source = 0, .begin = 6, .end = 9}}));
  EXPECT_TRUE(quote->must_end());

  const auto all = sources.make({.excluded = {{.source = 0, .begin = 0, .end = 9}}});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, Errc::invalid_argument);
}

TEST(QuoteConstraint, NoneMayBeWrittenInstead) {
  const Sources sources({"nobody no"});
  const auto fresh = sources.constraint({.none = {'n', 'o', '!'}});
  const auto none = fresh->clone();
  ASSERT_TRUE(write(*none, "no!"));
  EXPECT_TRUE(none->must_end());
  EXPECT_TRUE(dynamic_cast<QuoteConstraint&>(*none).is_none());
  EXPECT_FALSE(dynamic_cast<QuoteConstraint&>(*none).span());
  const auto quote = fresh->clone();
  ASSERT_TRUE(write(*quote, "nob"));
  EXPECT_FALSE(dynamic_cast<QuoteConstraint&>(*quote).is_none());
  EXPECT_TRUE(dynamic_cast<QuoteConstraint&>(*quote).span());
  EXPECT_FALSE(quote->accept('!'));
}

TEST(QuoteConstraint, EndsByTheGivenTokens) {
  const Sources sources({"a.b"});
  const auto quote = sources.constraint({.end_tokens = {'.'}});
  EXPECT_FALSE(quote->has_ended());
  ASSERT_TRUE(quote->accept('b'));
  EXPECT_FALSE(quote->allowed().test(sources.vocabulary->end_tokens().front()));
  ASSERT_TRUE(quote->accept('.'));
  EXPECT_TRUE(quote->has_ended());
  EXPECT_TRUE(quote->allowed().empty());
}

TEST(QuoteConstraint, RefusesWhatCannotBeQuoted) {
  const auto code = [](const Sources& sources, const QuoteOptions& options) {
    const auto made = sources.make(options);
    return made ? Errc::internal : made.error().code;
  };
  const Sources sources({"abc"});
  EXPECT_EQ(code(Sources(std::vector<std::string>{}), {}), Errc::invalid_argument);
  EXPECT_EQ(code(Sources({"", ""}), {}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.tokens_min = 0}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.tokens_min = 3, .tokens_max = 2}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.tokens_min = 4}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.none = {-1}}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.excluded = {{.source = 1, .begin = 0, .end = 1}}}), Errc::invalid_argument);
  EXPECT_EQ(code(sources, {.excluded = {{.source = 0, .begin = 2, .end = 4}}}), Errc::invalid_argument);
  Sources wrong({"abc"});
  wrong.texts[0] = "abd";
  EXPECT_EQ(code(wrong, {}), Errc::invalid_argument);
  wrong.tokens[0][1] = sources.vocabulary->end_tokens().front();
  EXPECT_EQ(code(wrong, {}), Errc::invalid_argument);
  EXPECT_TRUE(Sources({""}).make({.none = {'x'}}));
}

TEST(QuoteConstraint, SentencePieceMayPutASpaceBeforeASource) {
  const auto vocabulary = small_vocabulary();
  const std::vector<TokenId> tokens = {' ', 'a', ' ', 'b'};
  const std::vector<QuoteSource> sources = {{.text = "a b", .tokens = tokens}};
  const auto quote = quote_constraint(sources, vocabulary);
  ASSERT_TRUE(quote) << quote.error().message;
  ASSERT_TRUE(write(**quote, " b"));
  EXPECT_EQ((*quote)->occurrences(), (std::vector<QuoteSpan>{{.source = 0, .begin = 1, .end = 3}}));
}

}  // namespace
}  // namespace lyceum::model
