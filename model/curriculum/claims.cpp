#include <algorithm>

#include "base/json_lines.hpp"
#include "model/curriculum/choices.hpp"
#include "model/curriculum/passages.hpp"
#include "model/curriculum/statements.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::model {
namespace {

enum Verdict : std::size_t { kSupports, kRefutes, kNotEnough };

constexpr std::size_t kMinClaimBytes = 40;
constexpr std::size_t kMaxClaimBytes = 260;

Result<void> add_claim(Building& building, std::string_view group, const std::string& claim,
                       const std::string& evidence, Verdict verdict) {
  // Some evaluation texts stand apart from their full stops.
  const bool is_spaced = building.dice.chance(0.3) && claim.ends_with('.');
  const std::string written = is_spaced ? claim.substr(0, claim.size() - 1) + " ." : claim;
  const ChooseRequest request{.prompt = claim_prompt(written, evidence), .options = claim_options()};
  return add_choice(building, "claim", group, request, verdict, claim_options().size());
}

std::string evidence_of(const PassageSet& set, const ReadingItem& item) {
  for (const TextRange sentence : set.sentences[item.passage]) {
    if (set.is_evidence(item, sentence)) return std::string(set.text_of(item.passage, sentence));
  }
  return {};
}

/// Another answer of the same shape, that the evidence does not hold.
std::optional<std::string> wrong_answer(Dice& dice, const PassageSet& set, const ReadingItem& item,
                                        const std::string& evidence) {
  const AnswerShape shape = shape_of(set.answer_of(item));
  const auto own = static_cast<std::size_t>(&item - set.items.data());
  for (std::size_t tries = 0; tries < 60; ++tries) {
    // Neighbours in the list are about the same article and so more alike.
    const std::size_t reach = tries < 40 ? 40 : set.items.size();
    const std::size_t at = (own + set.items.size() - reach / 2 + dice.below(reach)) % set.items.size();
    std::string answer = set.answer_of(set.items[at]);
    if (shape_of(answer) == shape && evidence.find(answer) == std::string::npos) return answer;
  }
  return std::nullopt;
}

/// One sentence of free text with the others of its paragraph.
class SentenceClaims {
 public:
  SentenceClaims(Building& building, std::string_view paragraph, std::vector<TextRange> sentences,
                 const std::vector<std::string>& names)
      : building_(building), paragraph_(paragraph), sentences_(std::move(sentences)), names_(names) {}

  /// How many claims were made: 0 or 1.
  Result<std::size_t> add() {
    Dice& dice = building_.dice;
    const std::size_t at = dice.below(sentences_.size());
    const std::string sentence = text_of(at);
    if (sentence.size() < kMinClaimBytes || sentence.size() > kMaxClaimBytes) return std::size_t{0};
    const auto verdict = static_cast<Verdict>(dice.below(3));
    std::string claim = simplified(sentence);
    std::string evidence = sentence;
    if (verdict == kRefutes) {
      const auto changed = altered(claim);
      if (!changed) return std::size_t{0};
      claim = *changed;
      // Either side may be the changed one.
      if (dice.chance(0.3)) std::swap(claim, evidence);
    } else if (verdict == kNotEnough) {
      const std::size_t other = dice.below(sentences_.size());
      if (other == at || text_of(other).size() < kMinClaimBytes) return std::size_t{0};
      evidence = text_of(other);
    }
    TRY_OK(add_claim(building_, paragraph_, claim, evidence, verdict));
    return std::size_t{1};
  }

 private:
  std::string text_of(std::size_t sentence) const {
    const TextRange range = sentences_[sentence];
    return std::string(paragraph_.substr(range.begin, range.end - range.begin));
  }

  /// Without brackets, and now and then without what follows a late comma.
  std::string simplified(std::string text) {
    for (auto open = text.find('('); open != std::string::npos; open = text.find('(')) {
      const auto close = text.find(')', open);
      if (close == std::string::npos) break;
      const std::size_t begin = open > 0 && text[open - 1] == ' ' ? open - 1 : open;
      text.erase(begin, close + 1 - begin);
    }
    const auto comma = text.rfind(',');
    if (comma != std::string::npos && comma > kMinClaimBytes && building_.dice.chance(0.5))
      text = text.substr(0, comma) + ".";
    return text;
  }

  std::optional<std::string> altered(const std::string& text) {
    Dice& dice = building_.dice;
    const std::size_t first = dice.below(3);
    for (std::size_t i = 0; i < 3; ++i) {
      std::optional<std::string> changed;
      switch ((first + i) % 3) {
        case 0:
          changed = exchanged(text, numbers_in(text),
                              [&](const std::string& number) { return other_number(number); });
          break;
        case 1:
          changed = exchanged(text, names_in(text), [&](const std::string&) { return dice.pick(names_); });
          break;
        default:
          changed = negated(text);
      }
      if (changed && *changed != text) return changed;
    }
    return std::nullopt;
  }

  template <class Other>
  std::optional<std::string> exchanged(const std::string& text, const std::vector<TextRange>& places,
                                       Other other) {
    if (places.empty() || names_.empty()) return std::nullopt;
    const TextRange place = building_.dice.pick(places);
    const std::string old = text.substr(place.begin, place.end - place.begin);
    const std::string replacement = other(old);
    if (text.find(replacement) != std::string::npos) return std::nullopt;
    return text.substr(0, place.begin) + replacement + text.substr(place.end);
  }

  std::string other_number(std::string number) {
    for (std::size_t tries = 0; tries < 10; ++tries) {
      std::string changed = number;
      const std::size_t at = building_.dice.below(changed.size());
      if (changed[at] == ',') continue;
      changed[at] = static_cast<char>('0' + building_.dice.below(10));
      if (changed != number && changed[0] != '0') return changed;
    }
    return "7" + number;
  }

  Building& building_;
  std::string_view paragraph_;
  std::vector<TextRange> sentences_;
  const std::vector<std::string>& names_;
};

}  // namespace

Result<void> add_answer_claims(Building& building, const PassageSet& set, std::size_t passes) {
  Dice& dice = building.dice;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const ReadingItem& item : set.items) {
      const std::string& group = set.passages[item.passage];
      std::string evidence = evidence_of(set, item);
      const auto verdict = static_cast<Verdict>(dice.below(3));
      const auto wrong = wrong_answer(dice, set, item, evidence);
      const auto claim =
          statement_of(item.question, verdict == kRefutes && wrong ? *wrong : set.answer_of(item));
      if (!claim || claim->size() > kMaxClaimBytes || (verdict == kRefutes && !wrong)) continue;
      if (verdict == kNotEnough) {
        const auto& sentences = set.sentences[item.passage];
        const TextRange other = sentences[dice.below(sentences.size())];
        if (set.is_evidence(item, other)) continue;
        evidence = std::string(set.text_of(item.passage, other));
      }
      TRY_OK(add_claim(building, group, *claim, evidence, verdict));
    }
  }
  return ok();
}

Result<void> add_altered_claims_blocking(Building& building, const std::string& files,
                                         std::size_t claims_max) {
  TRY(const auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  std::size_t made = 0;
  for (std::size_t i = 0; made < claims_max && i < rows.size() * 2; ++i) {
    const std::string text = text_field(building.dice.pick(rows), "text");
    std::vector<std::string> names;
    for (const TextRange name : names_in(text)) {
      const std::string found = text.substr(name.begin, name.end - name.begin);
      if (found.size() < 40 && found.find('\n') == std::string::npos) names.push_back(found);
    }
    std::string_view left = text;
    while (!left.empty() && made < claims_max) {
      const std::size_t end = std::min(left.find('\n'), left.size() - 1) + 1;
      const std::string_view paragraph = left.substr(0, end);
      left.remove_prefix(end);
      auto sentences = split_sentences(paragraph);
      if (sentences.size() < 3 || building.is_known(files, paragraph)) continue;
      SentenceClaims claims(building, paragraph, std::move(sentences), names);
      TRY(const std::size_t added, claims.add());
      made += added;
    }
  }
  return ok();
}

}  // namespace lyceum::model
