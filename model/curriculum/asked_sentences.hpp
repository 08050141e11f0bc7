#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "model/curriculum/dice.hpp"

namespace lyceum::model {

/// Words of a text by their stems: "build", "builds", "building".
class WordForms {
 public:
  void add(std::string_view text);
  /// A word of the same stem, perhaps the same; lower case.
  std::string other_form(Dice& dice, std::string_view word) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> forms_{};
};

struct AskedQuestion {
  std::string question{};
  TextRange answer{};  ///< In the paragraph.
};

/// A question made of a statement, in the manner of unsupervised cloze translation (Lewis, Denoyer and
/// Riedel, ACL 2019): a question word for a name or a number, then the words around it, some of them left
/// out, in another form or another order. Nothing where the sentence holds neither, or too few words.
std::optional<AskedQuestion> ask(Dice& dice, std::string_view title, std::string_view paragraph,
                                 TextRange sentence, const WordForms& forms);

}  // namespace lyceum::model
