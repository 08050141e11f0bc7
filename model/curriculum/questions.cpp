#include "model/curriculum/questions.hpp"

#include <algorithm>
#include <map>

#include "base/json_lines.hpp"
#include "model/curriculum/choices.hpp"
#include "model/curriculum/statements.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxSubQuestions = 6;
constexpr std::size_t kMaxQueryTerms = 6;

const std::vector<std::string>& question_kinds() {
  static const std::vector<std::string> kinds{"factoid",    "definition",  "list",
                                              "comparison", "explanation", "yes_no"};
  return kinds;
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> heads) {
  return std::any_of(heads.begin(), heads.end(),
                     [&](std::string_view head) { return text.starts_with(head); });
}

/// What the first words say; nothing when they leave it open.
std::string kind_by_form(const std::string& question) {
  const std::string text = lower_case(question);
  const bool compares = text.find(" than ") != std::string::npos ||
                        text.find(" difference") != std::string::npos ||
                        text.find(" compare") != std::string::npos ||
                        text.find(" both ") != std::string::npos || text.find("same ") != std::string::npos;
  if (compares) return "comparison";
  if (starts_with_any(text, {"why ", "how do ", "how does ", "how did ", "how is ", "how are "}))
    return "explanation";
  if (starts_with_any(text, {"is ", "are ", "was ", "were ", "did ", "does ", "do ", "can ", "could ", "has ",
                             "have ", "would ", "will "}))
    return "yes_no";
  if (starts_with_any(
          text, {"what are ", "what were ", "which are ", "name the ", "list ", "who were ", "who are "}))
    return "list";
  if (starts_with_any(
          text, {"what is a ", "what is an ", "what is the definition", "what does the term", "define "}))
    return "definition";
  if (starts_with_any(text, {"when ", "where ", "who ", "which ", "how many ", "how much ", "how long ",
                             "how old ", "what year", "in what ", "in which ", "what "}))
    return "factoid";
  return {};
}

std::vector<std::string> names_of(const std::string& question) {
  std::vector<std::string> names;
  for (const TextRange range : names_in(question))
    names.push_back(question.substr(range.begin, range.end - range.begin));
  return names;
}

Result<void> add_kind(Building& building, const std::string& question, const std::string& kind) {
  const auto& kinds = question_kinds();
  const auto place = std::find(kinds.begin(), kinds.end(), kind);
  if (place == kinds.end()) return ok();
  const ChooseRequest request{
      .prompt = {.task = "deep_search.question_kind", .slots = {{"question", question}}}, .options = kinds};
  return add_choice(building, "question_kind", question, request,
                    static_cast<std::size_t>(place - kinds.begin()), 4);
}

Result<void> add_json(Building& building, const char* kind, const std::string& group, const Prompt& prompt,
                      const Json& answer) {
  return building.writer.add_text(kind, group, building.verbs.write(prompt),
                                  building.verbs.encode(dump_json(answer)));
}

Result<void> add_sub_questions(Building& building, const std::string& question, const std::string& kind,
                               const std::vector<std::string>& parts) {
  if (parts.empty() || parts.size() > kMaxSubQuestions) return ok();
  const Prompt prompt{.task = "deep_search.sub_questions",
                      .slots = {{"question", question}, {"kind", kind}, {"entities", names_of(question)}}};
  return add_json(building, "sub_questions", question, prompt, {{"sub_questions", parts}});
}

/// MuSiQue writes some parts as "Green >> performer".
std::string readable(const std::string& part) {
  const auto arrows = part.find(" >> ");
  if (arrows == std::string::npos) return part;
  return "What is the " + part.substr(arrows + 4) + " of " + part.substr(0, arrows) + "?";
}

/// 2Wiki's chain of triples: a later triple whose head is an earlier tail asks about "#n".
std::vector<std::string> parts_of_triples(const Json& triples) {
  std::vector<std::string> parts;
  std::map<std::string, std::size_t> found;
  for (const Json& triple : triples) {
    std::string head = triple.at(0).get<std::string>();
    if (const auto known = found.find(head); known != found.end()) head = "#" + std::to_string(known->second);
    parts.push_back("What is the " + triple.at(1).get<std::string>() + " of " + head + "?");
    found.emplace(triple.at(2).get<std::string>(), parts.size());
  }
  return parts;
}

std::vector<std::string> parts_of(const Json& row) {
  std::vector<std::string> parts;
  if (row.contains("evidences")) return parts_of_triples(row["evidences"]);
  for (const char* name : {"question_decomposition", "decomposition"}) {
    if (!row.contains(name)) continue;
    for (const Json& part : row[name])
      parts.push_back(
          readable(part.is_string() ? part.get<std::string>() : part.at("question").get<std::string>()));
  }
  return parts;
}

/// Examples of one question with its passage.
class QuestionWork {
 public:
  QuestionWork(Building& building, const PassageSet& set, const ReadingItem& item)
      : building_(building), dice_(building.dice), set_(set), item_(item) {
    for (const TextRange sentence : set.sentences[item.passage]) {
      const std::string text(set.text_of(item.passage, sentence));
      (set.is_evidence(item, sentence) ? evidence_ : others_).push_back(text);
    }
  }

  bool is_usable() const { return !evidence_.empty() && !others_.empty(); }

  /// Quotes of which one answers; the answer repeats it and cites its number.
  Result<void> add_answer() {
    std::vector<std::string> quotes{evidence_[0]};
    const std::size_t num_others = dice_.below(3);
    for (std::size_t i = 0; i < num_others; ++i) {
      const std::string& other = dice_.pick(others_);
      if (std::find(quotes.begin(), quotes.end(), other) == quotes.end()) quotes.push_back(other);
    }
    dice_.shuffle(quotes);
    Json evidence = Json::array();
    std::size_t right = 0;
    for (std::size_t i = 0; i < quotes.size(); ++i) {
      if (quotes[i] == evidence_[0]) right = i + 1;
      evidence.push_back(
          {{"n", i + 1}, {"quote", quotes[i]}, {"title", set_.titles[item_.passage]}, {"section", ""}});
    }
    const Prompt prompt{
        .task = "deep_search.answer",
        .slots = {{"question", item_.question}, {"evidence", evidence}, {"conflicts", Json::array()}}};
    const Json sentence{{"text", evidence_[0]}, {"citations", {right}}};
    return add_json(building_, "answer", evidence_[0], prompt, {{"sentences", {sentence}}});
  }

  /// The question's telling words, and those that nothing found yet holds.
  Result<void> add_queries() {
    std::vector<std::string> words;
    visit_index_terms(item_.question, [&](std::string_view word, std::string_view) {
      if (!is_stop_word(word) && words.size() < kMaxQueryTerms) words.emplace_back(word);
    });
    if (words.size() < 2) return ok();
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : " ") + word;
    std::vector<std::string> queries{all};
    const auto names = names_of(item_.question);
    if (!names.empty()) queries.push_back(names[0] + " " + words.back());
    const Prompt prompt{.task = "deep_search.queries", .slots = {{"question", item_.question}}};
    return add_json(building_, "queries", item_.question, prompt, {{"queries", queries}});
  }

  /// The evidence beside itself shortened, with another answer, or beside a sentence on something else.
  Result<void> add_conflict() {
    const std::vector<std::string> options{"disagree", "agree", "unrelated"};
    const std::size_t right = dice_.below(3);
    const std::string answer = set_.answer_of(item_);
    std::string other;
    const auto statement = statement_of(item_.question, right == 0 ? wrong_answer(answer) : answer);
    if (right == 2) {
      other = dice_.pick(others_);
    } else if (statement && dice_.chance(0.6)) {
      other = *statement;
    } else {
      other = evidence_[0];
      const auto at = other.find(answer);
      if (right == 0 && at == std::string::npos) return ok();
      if (right == 0) other.replace(at, answer.size(), wrong_answer(answer));
      if (right == 1 && other.find(',') != std::string::npos && other.find(',') > at)
        other = other.substr(0, other.rfind(',')) + ".";
    }
    if (other.empty() || (right == 0 && other.find(answer) != std::string::npos)) return ok();
    std::string first = evidence_[0];
    if (dice_.chance(0.5)) std::swap(first, other);
    const ChooseRequest request{
        .prompt = {.task = "deep_search.conflict",
                   .slots = {{"question", item_.question}, {"a", first}, {"b", other}}},
        .options = options};
    return add_choice(building_, "conflict", evidence_[0], request, right, options.size());
  }

 private:
  std::string wrong_answer(const std::string& answer) {
    for (std::size_t tries = 0; tries < 40; ++tries) {
      std::string other = set_.answer_of(dice_.pick(set_.items));
      if (shape_of(other) == shape_of(answer) && other != answer) return other;
    }
    return "nobody";
  }

  Building& building_;
  Dice& dice_;
  const PassageSet& set_;
  const ReadingItem& item_;
  std::vector<std::string> evidence_{};
  std::vector<std::string> others_{};
};

}  // namespace

Result<void> add_decompositions_blocking(Building& building, const std::string& files, std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, [](const Json& row) {
    return std::vector<std::string>{text_field(row, "question")};
  }));
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const Json& row : rows) {
      const std::string question = text_field(row, "question");
      const bool is_yes_no = row.contains("answer") && row["answer"].is_boolean();
      const bool compares = text_field(row, "type").find("comparison") != std::string::npos;
      const std::string kind = is_yes_no ? "yes_no" : (compares ? "comparison" : "factoid");
      TRY_OK(add_kind(building, question, kind));
      TRY_OK(add_sub_questions(building, question, kind, parts_of(row)));
    }
  }
  return ok();
}

Result<void> add_question_work(Building& building, const PassageSet& set, std::size_t passes) {
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const ReadingItem& item : set.items) {
      const std::string kind = kind_by_form(item.question);
      // Most questions ask for one fact: not all of them are needed.
      const bool is_common = kind == "factoid";
      if (!kind.empty() && (!is_common || building.dice.chance(0.15))) {
        TRY_OK(add_kind(building, item.question, kind));
        if (is_common) TRY_OK(add_sub_questions(building, item.question, kind, {item.question}));
      }
      QuestionWork work(building, set, item);
      if (!work.is_usable()) continue;
      TRY_OK(work.add_conflict());
      if (building.dice.chance(0.4)) TRY_OK(work.add_answer());
      if (building.dice.chance(0.3)) TRY_OK(work.add_queries());
    }
  }
  return ok();
}

}  // namespace lyceum::model
