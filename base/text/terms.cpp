#include <algorithm>
#include <memory>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "base/check.hpp"
#include "base/text.hpp"
#include "base/text/characters.hpp"

namespace lyceum {
namespace {

/// A text with ever new words must not fill the memory; natural text stays far below.
constexpr std::size_t kMaxMemoEntries = 200'000;

struct TransparentHash {
  using is_transparent = void;
  using is_avalanching = void;

  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using Memo = boost::unordered_flat_map<std::string, Value, TransparentHash, std::equal_to<>>;

struct WordAndTerm {
  std::string word{};
  std::string term{};
};

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

/// Cuts to kMaxTermBytes at a character border.
void limit_term(std::string& term) {
  if (term.size() <= kMaxTermBytes) return;
  std::size_t size = kMaxTermBytes;
  while (size > 0 && is_continuation(term[size])) --size;
  term.resize(size);
}

/// Folding, stemming and word breaking with their memos. Not thread-safe: one a thread.
class Analyzer {
 public:
  Analyzer() : stemmer_(sb_stemmer_new("english", "UTF_8")) {
    UErrorCode status = U_ZERO_ERROR;
    breaker_.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    casefold_ = icu::Normalizer2::getNFKCCasefoldInstance(status);
    decompose_ = icu::Normalizer2::getNFDInstance(status);
    compose_ = icu::Normalizer2::getNFCInstance(status);
    LYCEUM_CHECK(stemmer_ != nullptr && U_SUCCESS(status));
  }

  void visit(std::string_view text, const TermVisitor& visit) {
    WordScanner scanner(text);
    while (scanner.next()) {
      if (scanner.is_ascii()) {
        visit(scanner.word(), stem(scanner.word()));
      } else {
        for (const WordAndTerm& part : parts_of(scanner.word())) visit(part.word, part.term);
      }
    }
  }

 private:
  const std::string& stem(const std::string& word) {
    if (const auto found = stems_.find(word); found != stems_.end()) return found->second;
    if (stems_.size() >= kMaxMemoEntries) stems_.clear();
    return stems_.emplace(word, stem_anew(word)).first->second;
  }

  std::string stem_anew(const std::string& word) {
    const bool has_digit = std::any_of(word.begin(), word.end(), is_ascii_digit);
    std::string term = word;
    if (!has_digit) {
      const auto* bytes = reinterpret_cast<const sb_symbol*>(word.data());
      const auto* stemmed = sb_stemmer_stem(stemmer_.get(), bytes, static_cast<int>(word.size()));
      term.assign(reinterpret_cast<const char*>(stemmed),
                  static_cast<std::size_t>(sb_stemmer_length(stemmer_.get())));
    }
    limit_term(term);
    return term.empty() ? word : term;
  }

  /// A run with other than ASCII characters: folded, stripped of Latin, Greek and Cyrillic diacritics, broken
  /// by ICU.
  const std::vector<WordAndTerm>& parts_of(const std::string& run) {
    if (const auto found = runs_.find(run); found != runs_.end()) return found->second;
    if (runs_.size() >= kMaxMemoEntries) runs_.clear();

    const icu::UnicodeString folded = fold(run);
    std::vector<WordAndTerm> parts;
    breaker_->setText(folded);
    for (std::int32_t begin = breaker_->first(), end = breaker_->next(); end != icu::BreakIterator::DONE;
         begin = end, end = breaker_->next()) {
      if (breaker_->getRuleStatus() < UBRK_WORD_NONE_LIMIT) continue;
      std::string word;
      folded.tempSubStringBetween(begin, end).toUTF8String(word);
      limit_term(word);
      const bool is_ascii = std::all_of(word.begin(), word.end(), [](char c) { return !is_non_ascii(c); });
      parts.push_back({word, is_ascii ? stem(word) : word});
    }
    return runs_.emplace(run, std::move(parts)).first->second;
  }

  icu::UnicodeString fold(const std::string& run) const {
    UErrorCode status = U_ZERO_ERROR;
    const icu::UnicodeString decomposed =
        decompose_->normalize(casefold_->normalize(icu::UnicodeString::fromUTF8(run), status), status);
    icu::UnicodeString stripped;
    for (std::int32_t i = 0; i < decomposed.length(); ++i) {
      const char16_t unit = decomposed[i];
      const bool is_diacritic = unit >= 0x300 && unit <= 0x36F;
      if (!is_diacritic) stripped.append(unit);
    }
    icu::UnicodeString composed = compose_->normalize(stripped, status);
    LYCEUM_CHECK(U_SUCCESS(status));
    return composed;
  }

  std::unique_ptr<sb_stemmer, StemmerDeleter> stemmer_;
  std::unique_ptr<icu::BreakIterator> breaker_;
  const icu::Normalizer2* casefold_ = nullptr;
  const icu::Normalizer2* decompose_ = nullptr;
  const icu::Normalizer2* compose_ = nullptr;
  Memo<std::string> stems_;
  Memo<std::vector<WordAndTerm>> runs_;
};

/// A visitor may itself analyse text, which would move the memo under its caller: then it gets a fresh
/// analyzer.
class AnalyzerLease {
 public:
  AnalyzerLease() : analyzer_(std::exchange(idle(), nullptr)) {
    if (analyzer_ == nullptr) analyzer_ = std::make_unique<Analyzer>();
  }

  AnalyzerLease(const AnalyzerLease&) = delete;
  AnalyzerLease& operator=(const AnalyzerLease&) = delete;

  ~AnalyzerLease() { idle() = std::move(analyzer_); }

  Analyzer& operator*() { return *analyzer_; }

 private:
  static std::unique_ptr<Analyzer>& idle() {
    thread_local std::unique_ptr<Analyzer> analyzer;
    return analyzer;
  }

  std::unique_ptr<Analyzer> analyzer_;
};

}  // namespace

void visit_index_terms(std::string_view text, const TermVisitor& visit) {
  AnalyzerLease analyzer;
  (*analyzer).visit(text, visit);
}

std::vector<std::string> index_terms(std::string_view text) {
  std::vector<std::string> terms;
  visit_index_terms(text, [&](std::string_view, std::string_view term) { terms.emplace_back(term); });
  return terms;
}

}  // namespace lyceum
