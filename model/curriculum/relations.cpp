#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/files.hpp"
#include "base/json_lines.hpp"
#include "model/curriculum/choices.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxOthers = 4;
constexpr std::size_t kMaxShown = 4;
constexpr std::size_t kMaxDescriptionBytes = 160;
constexpr std::size_t kMaxNamesBytes = 16U << 20U;

std::string words_of(const Json& tokens, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < std::min(end, tokens.size()); ++i) {
    if (!text.empty()) text += ' ';
    text += tokens[i].get<std::string>();
  }
  return text;
}

/// FewRel gives the first mention as a list of token numbers.
std::string mention_of(const Json& row, const char* name) {
  const Json& place = row.at(name).at("pos").at(0);
  return words_of(row.at("tokens"), place.front().get<std::size_t>(), place.back().get<std::size_t>() + 1);
}

RelationExample entity_example(const Json& row) {
  const Json& tokens = row.at("tokens");
  return {.sentence = words_of(tokens, 0, tokens.size()),
          .head = mention_of(row, "head"),
          .tail = mention_of(row, "tail")};
}

struct RelationText {
  std::string name{};
  std::string description{};
};

using RelationTexts = std::map<std::string, RelationText>;

Result<RelationTexts> read_relation_texts_blocking(const std::string& path) {
  TRY(const Json names_by_id, read_json_file_blocking(path, kMaxNamesBytes));
  if (!names_by_id.is_object()) return Error{Errc::malformed, path + ": expected an object of names"};
  RelationTexts texts;
  for (const auto& [id, names] : names_by_id.items()) {
    if (!names.is_array() || names.size() != 2 || !names[0].is_string() || !names[1].is_string()) continue;
    const std::string description = names[1].get<std::string>();
    texts[id] = {names[0].get<std::string>(), description.substr(0, description.find_first_of(".[(;"))};
    if (texts[id].description.size() > kMaxDescriptionBytes) texts[id].description.clear();
  }
  return texts;
}

/// Sentences by relation, and choices among the relations.
class RelationChoices {
 public:
  RelationChoices(Building& building, RelationTexts texts) : building_(building), texts_(std::move(texts)) {}

  void add(const std::string& relation, RelationExample example) {
    examples_[relation].push_back(std::move(example));
  }

  Result<void> write(std::size_t passes) {
    std::vector<std::string> relations;
    for (const auto& [relation, examples] : examples_) relations.push_back(relation);
    if (relations.size() <= kMaxOthers) return ok();
    for (std::size_t pass = 0; pass < passes; ++pass) {
      for (const auto& [relation, examples] : examples_) {
        for (const RelationExample& example : examples) TRY_OK(write_choice(relations, relation, example));
      }
    }
    return ok();
  }

 private:
  Result<void> write_choice(const std::vector<std::string>& relations, const std::string& relation,
                            const RelationExample& example) {
    Dice& dice = building_.dice;
    const double shape = static_cast<double>(dice.below(100));
    const std::size_t num_examples = shape < 30 ? 0 : (shape < 60 ? 1 : 1 + dice.below(5));
    const bool has_name = num_examples == 0 || dice.chance(0.7);
    const bool has_description = has_name && dice.chance(0.5);
    std::set<std::string> chosen{relation};
    while (chosen.size() < kMaxOthers + 1) chosen.insert(dice.pick(relations));
    ChooseRequest request{.prompt = relation_prompt(example.sentence, example.head, example.tail)};
    std::size_t right = 0;
    for (const std::string& candidate : chosen) {
      if (candidate == relation) right = request.options.size();
      request.options.push_back(
          option_of(candidate, example.sentence, has_name, has_description, num_examples));
    }
    return add_choice(building_, "relation", example.sentence, request, right, kMaxShown);
  }

  std::string option_of(const std::string& relation, const std::string& asked, bool has_name,
                        bool has_description, std::size_t num_examples) {
    std::vector<RelationExample> shown;
    for (std::size_t tries = 0; shown.size() < num_examples && tries < 4 * num_examples; ++tries) {
      const RelationExample& example = building_.dice.pick(examples_.at(relation));
      if (example.sentence != asked) shown.push_back(example);
    }
    const auto text = texts_.find(relation);
    const RelationText none{.name = relation, .description = {}};
    const RelationText& found = text == texts_.end() ? none : text->second;
    return relation_option(has_name || shown.empty() ? found.name : "",
                           has_description ? found.description : "", shown);
  }

  Building& building_;
  RelationTexts texts_;
  std::map<std::string, std::vector<RelationExample>> examples_{};
};

std::vector<std::string> no_texts(const Json&) {
  return {};
}

/// The sentence without its marks, and what they mark.
RelationExample marked_example(std::string sentence) {
  RelationExample example;
  const auto take = [&](const std::string& open, const std::string& close) {
    const auto begin = sentence.find(open);
    const auto end = sentence.find(close);
    if (begin == std::string::npos || end == std::string::npos || end < begin) return std::string();
    const std::string text = sentence.substr(begin + open.size(), end - begin - open.size());
    sentence = sentence.substr(0, begin) + text + sentence.substr(end + close.size());
    return text;
  };
  example.head = take("<e1>", "</e1>");
  example.tail = take("<e2>", "</e2>");
  example.sentence = sentence;
  return example;
}

}  // namespace

Result<void> add_choice(Building& building, const char* kind, std::string_view group,
                        const ChooseRequest& request, std::size_t right, std::size_t verdicts_max) {
  if (const auto question = building.verbs.verdict(request))
    return building.writer.add_verdict(kind, group, *question, right);
  std::vector<DataWriter::Verdict> verdicts;
  for (std::size_t i = 0; i < request.options.size(); ++i) verdicts.push_back({i, i == right});
  building.dice.shuffle(verdicts);
  const auto place = std::find_if(verdicts.begin(), verdicts.end(),
                                  [](const DataWriter::Verdict& verdict) { return verdict.is_right; });
  const auto at = static_cast<std::size_t>(place - verdicts.begin());
  // An option is asked for by itself: half of the documents show one, and half of those the right one.
  if (building.dice.chance(0.5)) verdicts_max = 1;
  const bool is_shown = verdicts_max > 1 || building.dice.chance(0.5);
  if (is_shown && at >= verdicts_max) std::swap(verdicts[at], verdicts[building.dice.below(verdicts_max)]);
  verdicts.resize(std::min(verdicts.size(), verdicts_max));
  return building.writer.add_judgement(kind, group, building.verbs.choose(request), verdicts);
}

Result<void> add_entity_relations_blocking(Building& building, const std::string& files, std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, no_texts));
  TRY(RelationTexts texts, read_relation_texts_blocking(building.path_of(files, "pid2name.json")));
  RelationChoices choices(building, std::move(texts));
  for (const Json& row : rows) {
    RelationExample example = entity_example(row);
    if (!building.is_known(files, example.sentence))
      choices.add(text_field(row, "relation"), std::move(example));
  }
  return choices.write(passes);
}

Result<void> add_directed_relations_blocking(Building& building, const std::string& files,
                                             std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, no_texts));
  RelationTexts texts;
  std::vector<std::string> labels;
  for (const Json& row : rows) {
    const std::string label = text_field(row, "relation");
    if (texts.emplace(label, RelationText{directed_relation_option(label), {}}).second)
      labels.push_back(label);
  }
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const Json& row : rows) {
      const RelationExample example = marked_example(text_field(row, "sentence"));
      if (building.is_known(files, text_field(row, "sentence"))) continue;
      ChooseRequest request{.prompt = relation_prompt(example.sentence, example.head, example.tail)};
      std::size_t right = 0;
      for (const auto& [label, text] : texts) {
        if (label == text_field(row, "relation")) right = request.options.size();
        request.options.push_back(text.name);
      }
      TRY_OK(add_choice(building, "relation", example.sentence, request, right, kMaxShown));
    }
  }
  return ok();
}

Result<void> add_document_relations_blocking(Building& building, const std::string& files,
                                             const std::vector<std::string>& left_out, std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, no_texts));
  TRY(RelationTexts texts, read_relation_texts_blocking(building.path_of("re-fewrel", "pid2name.json")));
  RelationChoices choices(building, texts);
  for (const Json& row : rows) {
    const Json& entities = row.at("vertexSet");
    for (const Json& label : row.at("labels")) {
      const auto relation = label.at("r").get<std::string>();
      const Json& evidence = label.at("evidence");
      if (!texts.contains(relation) || evidence.size() != 1 ||
          std::find(left_out.begin(), left_out.end(), relation) != left_out.end())
        continue;
      const Json& sentence = row.at("sents").at(evidence[0].get<std::size_t>());
      RelationExample example{
          .sentence = words_of(sentence, 0, sentence.size()),
          .head = entities.at(label.at("h").get<std::size_t>())[0].at("name").get<std::string>(),
          .tail = entities.at(label.at("t").get<std::size_t>())[0].at("name").get<std::string>()};
      const bool names_both = example.sentence.find(example.head) != std::string::npos &&
                              example.sentence.find(example.tail) != std::string::npos;
      if (names_both && !building.is_known(files, example.sentence))
        choices.add(relation, std::move(example));
    }
  }
  return choices.write(passes);
}

namespace {

/// How a relation of Wikidata is said; {h} and {t} stand for the two.
const std::map<std::string, std::vector<std::string>>& statements_of_relations() {
  static const std::map<std::string, std::vector<std::string>> all = {
      {"P101", {"{h} worked in the field of {t}.", "{h} is known in the field of {t}."}},
      {"P118", {"{h} plays in {t}.", "{h} played in the {t}."}},
      {"P1344", {"{h} took part in {t}.", "{h} participated in {t}."}},
      {"P1346", {"{t} won {h}.", "The winner of {h} was {t}."}},
      {"P135", {"{h} belongs to the {t} movement.", "{h} is associated with {t}."}},
      {"P140", {"The religion of {h} is {t}.", "{h} belongs to {t}."}},
      {"P1408", {"{h} is licensed to broadcast to {t}.", "{h} broadcasts to {t}."}},
      {"P156", {"{h} was followed by {t}.", "{t} came after {h}."}},
      {"P159", {"The headquarters of {h} are in {t}.", "{h} is based in {t}."}},
      {"P175", {"{h} was performed by {t}.", "{t} performed {h}."}},
      {"P178", {"{h} was developed by {t}.", "{t} developed {h}."}},
      {"P1877", {"{h} is based on a work by {t}."}},
      {"P1923", {"{t} took part in {h}."}},
      {"P22", {"{t} is the father of {h}.", "{h} is a child of {t}."}},
      {"P27", {"{h} is a citizen of {t}.", "{h} is from {t}."}},
      {"P39", {"{h} held the position of {t}.", "{h} was {t}."}},
      {"P400", {"{h} runs on {t}.", "{h} was released for {t}."}},
      {"P407", {"{h} is in {t}.", "The language of {h} is {t}."}},
      {"P449", {"{h} aired on {t}.", "{h} was shown on {t}."}},
      {"P527", {"{t} is part of {h}.", "{h} includes {t}."}},
      {"P57", {"{t} directed {h}.", "{h} was directed by {t}."}},
      {"P740", {"{h} was formed in {t}.", "{h} comes from {t}."}},
      {"P800", {"{t} is a work by {h}.", "{h} is known for {t}."}},
      {"P84", {"{t} designed {h}.", "The architect of {h} was {t}."}},
      {"P991", {"{t} was elected in {h}.", "{t} won {h}."}},
  };
  return all;
}

std::string filled(std::string form, const std::string& head, const std::string& tail) {
  for (const auto& [mark, text] : {std::pair<std::string, std::string>{"{h}", head}, {"{t}", tail}}) {
    if (const auto at = form.find(mark); at != std::string::npos) form.replace(at, mark.size(), text);
  }
  return form;
}

}  // namespace

Result<void> add_relation_claims_blocking(Building& building, const std::string& files, std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, no_texts));
  std::map<std::string, std::vector<RelationExample>> examples;
  for (const Json& row : rows) {
    RelationExample example = entity_example(row);
    const std::string relation = text_field(row, "relation");
    if (!statements_of_relations().contains(relation) || building.is_known(files, example.sentence)) continue;
    examples[relation].push_back(std::move(example));
  }
  Dice& dice = building.dice;
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const auto& [relation, list] : examples) {
      for (const RelationExample& example : list) {
        const std::size_t verdict = dice.below(3);
        const RelationExample& other = dice.pick(list);
        if (verdict != 0 && example.sentence.find(other.tail) != std::string::npos) continue;
        const std::string& form = dice.pick(statements_of_relations().at(relation));
        const std::string claim = filled(form, example.head, verdict == 1 ? other.tail : example.tail);
        const std::string& evidence = verdict == 2 ? other.sentence : example.sentence;
        TRY_OK(add_choice(building, "claim", example.sentence,
                          {.prompt = claim_prompt(claim, evidence), .options = claim_options()}, verdict, 3));
      }
    }
  }
  return ok();
}

}  // namespace lyceum::model
