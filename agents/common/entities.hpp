#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lyceum::agents {

/// Something that a text names.
struct Entity {
  std::string name{};  ///< As written, blanks squeezed.
  std::string kind{};  ///< "name", "number", "date" or "title" (in quotation marks).
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Two entities of one sentence and the words between them.
struct Relation {
  std::string from{};
  std::string to{};
  std::string label{};
};

/// Runs of capitalised words (joined by "of", "the", "de", …), numbers, dates and quoted titles, in order. A
/// rule, not a recogniser: it takes what looks like a name for one.
std::vector<Entity> extract_entities(std::string_view text);

/// Neighbouring entities of a sentence with the phrase between them as label, where that phrase says more
/// than "and" or ",".
std::vector<Relation> extract_relations(std::string_view text);

/// The same entity in other spellings has one id: lower case, without a leading article.
std::string entity_id(std::string_view name);

/// The http and https addresses in a text.
std::vector<std::string> extract_urls(std::string_view text);

}  // namespace lyceum::agents
