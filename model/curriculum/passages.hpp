#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "model/curriculum/building.hpp"
#include "model/lexical_index.hpp"

namespace lyceum::model {

/// A question that a passage answers.
struct ReadingItem {
  std::string question{};
  std::size_t passage = 0;  ///< In PassageSet::passages.
  TextRange answer{};       ///< Where the passage answers it.
};

/// Questions with the passages of one set, to draw examples and look-alikes from.
struct PassageSet {
  std::vector<std::string> passages{};
  std::vector<std::string> titles{};  ///< One a passage; may be empty.
  std::vector<std::vector<TextRange>> sentences{};
  std::vector<ReadingItem> items{};
  LexicalIndex index{};

  /// The passage's number; a text that is there already keeps its own.
  std::size_t add_passage(const std::string& title, const std::string& text);
  std::string_view text_of(std::size_t passage, TextRange range) const;
  std::string answer_of(const ReadingItem& item) const;
  bool is_evidence(const ReadingItem& item, TextRange sentence) const;
  /// Passages that share words with the question but hold neither its answer nor its passage's beginning,
  /// most alike first.
  std::vector<std::size_t> look_alikes(const ReadingItem& item, std::size_t count) const;

 private:
  std::unordered_map<std::string, std::size_t> numbers_{};
};

/// Where `answer` stands in `text`; of several places the one whose sentence shares most words with
/// `question`.
std::optional<TextRange> find_answer(std::string_view text, std::string_view answer,
                                     std::string_view question);

/// SQuAD's forms: "question", "context" and "answers" or "answer", perhaps "title" and "starts".
Result<PassageSet> read_passage_set_blocking(Building& building, const std::string& files);
/// HotpotQA's form: "context" of [title, sentences] and "supporting_facts": a question and each sentence that
/// a person needed, as an item.
Result<PassageSet> read_supporting_facts_blocking(Building& building, const std::string& files);

}  // namespace lyceum::model
