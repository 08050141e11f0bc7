#include <algorithm>
#include <array>
#include <map>

#include "base/files.hpp"
#include "base/random.hpp"
#include "cli/eval/case_rows.hpp"
#include "cli/eval/model_cases.hpp"
#include "model/lexical_index.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::cli {
namespace {

constexpr std::uint64_t kSeed = 4;
constexpr std::size_t kToolOptions = 10;
constexpr std::size_t kSimilarTools = 5;
constexpr std::size_t kEvidenceSentences = 2;
constexpr std::size_t kMaxNamesBytes = 16U << 20U;

std::size_t draw(SeededRandom& random, std::size_t below) {
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  std::size_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8U) | byte;
  return value % below;
}

/// `label` is one of SUPPORTS, SUPPORT, REFUTES, CONTRADICT and anything else.
ChoiceCase claim_case(const std::string& claim, const std::string& evidence, const std::string& label,
                      std::size_t num_options) {
  const auto& all = model::claim_options();
  const std::vector<std::string> options(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(num_options));
  const std::size_t right = label.starts_with("SUPPORT")                                   ? 0
                            : (label.starts_with("REFUTE") || label.starts_with("CONTRA")) ? 1
                                                                                           : 2;
  return {.request = {.prompt = model::claim_prompt(claim, evidence), .options = options},
          .right = right,
          .labels = options};
}

struct Tool {
  std::string name{};
  std::string description{};
};

/// Puts a right tool among others: the most alike in words, then any.
class ToolChoices {
 public:
  explicit ToolChoices(const std::vector<Json>& rows) {
    for (const Json& row : rows) {
      tools_.push_back({text_field(row, "name"), text_field(row, "description")});
      index_.add(tools_.back().name + " " + tools_.back().description);
    }
  }

  void add(const std::string& request, const std::string& name, std::vector<ChoiceCase>& cases) {
    const auto own =
        std::find_if(tools_.begin(), tools_.end(), [&](const Tool& tool) { return tool.name == name; });
    if (own == tools_.end() || tools_.size() < kToolOptions) return;
    std::vector<std::size_t> options{static_cast<std::size_t>(own - tools_.begin())};
    const auto take = [&](std::size_t tool) {
      const bool is_new = std::find(options.begin(), options.end(), tool) == options.end();
      if (is_new) options.push_back(tool);
    };
    const std::string own_text = own->name + " " + own->description;
    for (const auto& hit : index_.search(own_text, kSimilarTools + 1)) {
      if (options.size() <= kSimilarTools) take(hit.text);
    }
    while (options.size() < kToolOptions) take(draw(random_, tools_.size()));
    ChoiceCase item{.request = {.prompt = model::tool_prompt(request)}, .right = draw(random_, kToolOptions)};
    std::swap(options[0], options[item.right]);
    for (const std::size_t tool : options) {
      item.request.options.push_back(model::tool_option(tools_[tool].name, tools_[tool].description));
      item.labels.push_back(tools_[tool].name);
    }
    cases.push_back(std::move(item));
  }

 private:
  std::vector<Tool> tools_{};
  model::LexicalIndex index_{};
  SeededRandom random_{kSeed};
};

std::string joined(const Json& tokens, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < std::min(end, tokens.size()); ++i)
    text += (text.empty() ? "" : " ") + tokens[i].get<std::string>();
  return text;
}

model::RelationExample relation_example(const Json& row) {
  const Json& tokens = row.at("tokens");
  const auto mention = [&](const char* name) {
    const Json& place = row.at(name).at("pos").at(0);
    return joined(tokens, place.front().get<std::size_t>(), place.back().get<std::size_t>() + 1);
  };
  return {.sentence = joined(tokens, 0, tokens.size()), .head = mention("head"), .tail = mention("tail")};
}

std::string description_of(const Json& names, const std::string& relation) {
  const std::string text =
      names.contains(relation) ? names[relation].at(1).get<std::string>() : std::string();
  return text.substr(0, text.find_first_of(".[(;"));
}

std::string marked_text(std::string& sentence, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::string close = "</" + name + ">";
  const auto begin = sentence.find(open);
  const auto end = sentence.find(close);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  std::string text = sentence.substr(begin + open.size(), end - begin - open.size());
  sentence = sentence.substr(0, begin) + text + sentence.substr(end + close.size());
  return text;
}

/// The abstract's sentences most like the claim, in their order.
std::string likely_evidence(const std::string& claim, const Json& sentences) {
  const auto terms = model::content_terms(claim);
  std::vector<std::pair<std::size_t, std::size_t>> ranked;
  for (std::size_t i = 0; i < sentences.size(); ++i)
    ranked.emplace_back(model::shared_terms(terms, sentences[i].get<std::string>()), sentences.size() - i);
  std::sort(ranked.rbegin(), ranked.rend());
  ranked.resize(std::min(ranked.size(), kEvidenceSentences));
  std::string text;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const bool is_kept = std::any_of(ranked.begin(), ranked.end(),
                                     [&](const auto& entry) { return sentences.size() - entry.second == i; });
    if (is_kept) text += (text.empty() ? "" : " ") + sentences[i].get<std::string>();
  }
  return text;
}

}  // namespace

Result<std::vector<ChoiceCase>> symmetric_fever_cases_blocking(const std::string& data,
                                                               std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, "fc-fever", "symmetric"));
  return guarded("fc-fever", [&]() -> Result<std::vector<ChoiceCase>> {
    std::vector<ChoiceCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max))
      cases.push_back(claim_case(row.at("claim").get<std::string>(), row.at("evidence").get<std::string>(),
                                 row.at("label").get<std::string>(), 2));
    return cases;
  });
}

Result<std::vector<ChoiceCase>> scifact_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, "fc-scifact", "claims_dev"));
  TRY(const auto corpus, read_set_blocking(data, "fc-scifact", "corpus"));
  return guarded("fc-scifact", [&]() -> Result<std::vector<ChoiceCase>> {
    std::map<std::string, const Json*> abstracts;
    for (const Json& row : corpus) abstracts[row.at("id").get<std::string>()] = &row.at("sentences");
    std::vector<ChoiceCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max)) {
      const auto claim = row.at("claim").get<std::string>();
      const bool has_evidence = !row.at("evidence").empty();
      const Json& document = has_evidence ? row["evidence"][0].at("doc") : row.at("cited").at(0);
      const auto abstract = abstracts.find(document.dump());
      if (abstract == abstracts.end()) continue;
      std::string evidence;
      if (has_evidence) {
        for (const Json& sentence : row["evidence"][0].at("sentences"))
          evidence += (evidence.empty() ? "" : " ") +
                      abstract->second->at(sentence.get<std::size_t>()).get<std::string>();
      } else {
        evidence = likely_evidence(claim, *abstract->second);
      }
      const auto label =
          has_evidence ? row["evidence"][0].at("label").get<std::string>() : std::string("NONE");
      cases.push_back(claim_case(claim, evidence, label, 3));
    }
    return cases;
  });
}

Result<std::vector<ChoiceCase>> climate_fever_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(const auto rows, read_set_blocking(data, "fc-climatefever", "climate"));
  return guarded("fc-climatefever", [&]() -> Result<std::vector<ChoiceCase>> {
    std::vector<ChoiceCase> cases;
    for (const Json& row : rows) {
      for (const Json& evidence : row.at("evidences"))
        cases.push_back(claim_case(row.at("claim").get<std::string>(),
                                   evidence.at("evidence").get<std::string>(),
                                   evidence.at("evidence_label").get<std::string>(), 3));
    }
    return spread(std::move(cases), cases_max);
  });
}

Result<std::vector<ChoiceCase>> fewrel_cases_blocking(const std::string& data, const Episodes& episodes,
                                                      std::size_t cases_max) {
  TRY(const auto rows, read_set_blocking(data, "re-fewrel", "novel_wiki"));
  TRY(const Json names, read_json_file_blocking(data + "/re-fewrel/pid2name.json", kMaxNamesBytes));
  return guarded("re-fewrel", [&]() -> Result<std::vector<ChoiceCase>> {
    std::map<std::string, std::vector<model::RelationExample>> examples;
    for (const Json& row : rows)
      examples[row.at("relation").get<std::string>()].push_back(relation_example(row));
    std::vector<std::string> relations;
    for (const auto& [relation, list] : examples) relations.push_back(relation);
    if (relations.size() < episodes.ways) return std::vector<ChoiceCase>{};
    SeededRandom random(kSeed);
    std::vector<ChoiceCase> cases;
    for (std::size_t i = 0; i < cases_max; ++i) {
      for (std::size_t way = 0; way < episodes.ways; ++way)
        std::swap(relations[way], relations[way + draw(random, relations.size() - way)]);
      ChoiceCase item{.right = draw(random, episodes.ways)};
      const auto& right = examples[relations[item.right]];
      const auto& asked = right[draw(random, right.size())];
      item.request.prompt = model::relation_prompt(asked.sentence, asked.head, asked.tail);
      for (std::size_t way = 0; way < episodes.ways; ++way) {
        const auto& list = examples[relations[way]];
        std::vector<model::RelationExample> shown;
        for (std::size_t tries = 0; shown.size() < episodes.shots && tries < 100; ++tries) {
          const auto& example = list[draw(random, list.size())];
          if (example.sentence != asked.sentence) shown.push_back(example);
        }
        const std::string name =
            names.contains(relations[way]) ? names[relations[way]].at(0).get<std::string>() : relations[way];
        item.request.options.push_back(
            model::relation_option(episodes.is_named ? name : "",
                                   episodes.is_named ? description_of(names, relations[way]) : "", shown));
        item.labels.push_back(relations[way]);
      }
      cases.push_back(std::move(item));
    }
    return cases;
  });
}

Result<std::vector<ChoiceCase>> semeval_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, "re-semeval2010", "test"));
  return guarded("re-semeval2010", [&]() -> Result<std::vector<ChoiceCase>> {
    std::map<std::string, std::string> options;
    for (const Json& row : rows) {
      const auto label = row.at("relation").get<std::string>();
      options[label] = model::directed_relation_option(label);
    }
    std::vector<ChoiceCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max)) {
      auto sentence = row.at("sentence").get<std::string>();
      const auto right = row.at("relation").get<std::string>();
      const std::string head = marked_text(sentence, "e1");
      const std::string tail = marked_text(sentence, "e2");
      ChoiceCase item{.request = {.prompt = model::relation_prompt(sentence, head, tail)}};
      for (const auto& [label, option] : options) {
        if (label == right) item.right = item.request.options.size();
        item.request.options.push_back(option);
        item.labels.push_back(label);
      }
      cases.push_back(std::move(item));
    }
    return cases;
  });
}

Result<std::vector<ChoiceCase>> metatool_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, "tool-metatool", "queries_single"));
  TRY(const auto tools, read_set_blocking(data, "tool-metatool", "tools"));
  return guarded("tool-metatool", [&]() -> Result<std::vector<ChoiceCase>> {
    ToolChoices choices(tools);
    std::vector<ChoiceCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max))
      choices.add(row.at("query").get<std::string>(), row.at("tool").get<std::string>(), cases);
    return cases;
  });
}

Result<std::vector<ChoiceCase>> apibank_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(const auto rows, read_set_blocking(data, "tool-apibank", "dialogues"));
  TRY(const auto tools, read_set_blocking(data, "tool-apibank", "apis"));
  return guarded("tool-apibank", [&]() -> Result<std::vector<ChoiceCase>> {
    ToolChoices choices(tools);
    std::vector<ChoiceCase> cases;
    for (const Json& row : rows) {
      std::string request;
      for (const Json& turn : row.at("turns")) {
        const std::string role = text_field(turn, "role");
        if (role == "User") request = text_field(turn, "text");
        // The token is fetched before what was asked for.
        if (role != "API" || request.empty() || text_field(turn, "api_name") == "GetUserToken") continue;
        choices.add(request, text_field(turn, "api_name"), cases);
        request.clear();
      }
    }
    return spread(std::move(cases), cases_max);
  });
}

}  // namespace lyceum::cli
