#include <algorithm>
#include <map>

#include "cli/eval/case_rows.hpp"
#include "cli/eval/model_cases.hpp"

namespace lyceum::cli {
namespace {

std::vector<std::string> answers_of(const Json& row) {
  if (row.contains("answers")) return row["answers"].get<std::vector<std::string>>();
  return {row.at("answer").get<std::string>()};
}

/// The passage of the case half the list away is of another article, most of the time: one that holds an
/// answer is passed over.
void add_foreign_passages(std::vector<PassageCase>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (std::size_t step = 0; step < cases.size() && cases[i].foreign.empty(); ++step) {
      const std::string& passage = cases[(i + cases.size() / 2 + step) % cases.size()].passages[0];
      const bool holds =
          std::any_of(cases[i].answers.begin(), cases[i].answers.end(),
                      [&](const std::string& answer) { return passage.find(answer) != std::string::npos; });
      if (!holds && passage != cases[i].passages[0]) cases[i].foreign = passage;
    }
  }
}

Result<std::vector<PassageCase>> context_cases(const std::string& data, const std::string& set,
                                               std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, set, "test"));
  return guarded(set, [&]() -> Result<std::vector<PassageCase>> {
    std::vector<PassageCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max)) {
      cases.push_back({.question = row.at("question").get<std::string>(),
                       .passages = {row.at("context").get<std::string>()},
                       .answers = answers_of(row)});
    }
    add_foreign_passages(cases);
    return cases;
  });
}

std::string id_text(const Json& id) {
  return id.is_string() ? id.get<std::string>() : id.dump();
}

/// A collection of "id", "title" and "text" or "sentences".
Result<RetrievalSet> read_corpus(const std::string& data, const std::string& set) {
  TRY(const auto rows, read_set_blocking(data, set, "corpus"));
  return guarded(set, [&]() -> Result<RetrievalSet> {
    RetrievalSet collection;
    for (const Json& row : rows) {
      std::string text = text_field(row, "title");
      if (row.contains("sentences")) {
        for (const Json& sentence : row["sentences"]) text += " " + sentence.get<std::string>();
      } else {
        text += "\n" + text_field(row, "text");
      }
      collection.ids.push_back(id_text(row.at("id")));
      collection.texts.push_back(std::move(text));
    }
    return collection;
  });
}

using RelevantOf = std::set<std::string> (*)(const Json& row, const RetrievalSet& collection);

Result<RetrievalSet> read_retrieval(const std::string& data, const std::string& set,
                                    const std::string& queries, RelevantOf relevant_of,
                                    std::size_t cases_max) {
  TRY(RetrievalSet collection, read_corpus(data, set));
  TRY(auto rows, read_set_blocking(data, set, queries));
  return guarded(set, [&]() -> Result<RetrievalSet> {
    for (const Json& row : spread(std::move(rows), cases_max)) {
      RetrievalSet::Query query{.text = text_field(row, "query"), .relevant = relevant_of(row, collection)};
      for (const char* name : {"claim", "question"}) query.text += text_field(row, name);
      if (!query.relevant.empty()) collection.queries.push_back(std::move(query));
    }
    return std::move(collection);
  });
}

std::set<std::string> listed_ids(const Json& row, const char* name) {
  std::set<std::string> ids;
  for (const Json& id : row.at(name)) ids.insert(id_text(id));
  return ids;
}

std::set<std::string> cited_ids(const Json& row, const RetrievalSet&) {
  return listed_ids(row, "cited");
}

std::set<std::string> relevant_ids(const Json& row, const RetrievalSet&) {
  return listed_ids(row, "relevant");
}

std::set<std::string> judged_ids(const Json& row, const RetrievalSet&) {
  std::set<std::string> ids;
  for (const auto& [id, judgement] : row.at("relevant").items()) {
    if (judgement.get<int>() > 0) ids.insert(id);
  }
  return ids;
}

/// HotpotQA names titles.
std::set<std::string> titled_ids(const Json& row, const RetrievalSet& collection) {
  std::set<std::string> ids;
  for (const Json& title : row.at("gold_titles")) {
    const std::string head = title.get<std::string>() + "\n";
    for (std::size_t i = 0; i < collection.ids.size(); ++i) {
      if (collection.texts[i].starts_with(head)) ids.insert(collection.ids[i]);
    }
  }
  return ids;
}

}  // namespace

Result<std::vector<Json>> read_set_blocking(const std::string& data, const std::string& set,
                                            const std::string& prefix) {
  TRY(const auto files, list_json_lines_blocking(data + "/" + set, prefix));
  std::vector<Json> rows;
  for (const std::string& file : files) {
    TRY_OK(read_json_lines_blocking(file, [&](const Json& row) {
      rows.push_back(row);
      return true;
    }));
  }
  return rows;
}

Result<std::vector<PassageCase>> squad_cases_blocking(const std::string& data, std::size_t cases_max) {
  return context_cases(data, "qa-squad", cases_max);
}

Result<std::vector<PassageCase>> nqswap_cases_blocking(const std::string& data, std::size_t cases_max) {
  return context_cases(data, "kc-nqswap", cases_max);
}

Result<std::vector<PassageCase>> hotpot_cases_blocking(const std::string& data, std::size_t cases_max) {
  TRY(auto rows, read_set_blocking(data, "qa-hotpot", "dev200_distractor"));
  return guarded("qa-hotpot", [&]() -> Result<std::vector<PassageCase>> {
    std::vector<PassageCase> cases;
    for (const Json& row : spread(std::move(rows), cases_max)) {
      PassageCase item{.question = row.at("question").get<std::string>(), .answers = answers_of(row)};
      if (item.answers[0] == "yes" || item.answers[0] == "no") continue;
      std::set<std::string> titles;
      for (const Json& fact : row.at("supporting_facts")) titles.insert(fact.at(0).get<std::string>());
      for (const Json& pair : row.at("context")) {
        if (!titles.contains(pair.at(0).get<std::string>())) continue;
        std::string text;
        for (const Json& sentence : pair.at(1)) text += sentence.get<std::string>();
        item.passages.push_back(std::move(text));
      }
      if (!item.passages.empty()) cases.push_back(std::move(item));
    }
    return cases;
  });
}

Result<RetrievalSet> scifact_retrieval_blocking(const std::string& data, std::size_t cases_max) {
  return read_retrieval(data, "fc-scifact", "claims_dev", cited_ids, cases_max);
}

Result<RetrievalSet> cranfield_retrieval_blocking(const std::string& data, std::size_t cases_max) {
  return read_retrieval(data, "ir-cranfield", "queries", judged_ids, cases_max);
}

Result<RetrievalSet> cisi_retrieval_blocking(const std::string& data, std::size_t cases_max) {
  return read_retrieval(data, "ir-cisi", "queries", relevant_ids, cases_max);
}

Result<RetrievalSet> hotpot_retrieval_blocking(const std::string& data, std::size_t cases_max) {
  return read_retrieval(data, "qa-hotpot", "dev500", titled_ids, cases_max);
}

}  // namespace lyceum::cli
