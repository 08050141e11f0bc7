#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/language_model.hpp"

/// The public sets as requests with right answers. Every loader reads one folder of the form that the sets
/// have in the project's data; `cases_max` cases are spread evenly over the file. Errors: not_found where the
/// set is absent, malformed naming file and line.
namespace lyceum::cli {

struct ChoiceCase {
  model::ChooseRequest request{};
  std::size_t right = 0;
  std::vector<std::string> labels{};  ///< One an option: what they are called in the figures.
};

struct PassageCase {
  std::string question{};
  std::vector<std::string> passages{};
  std::vector<std::string> answers{};
  std::string foreign{};  ///< A passage that does not answer.
};

struct RetrievalSet {
  struct Query {
    std::string text{};
    std::set<std::string> relevant{};
  };

  std::vector<std::string> ids{};
  std::vector<std::string> texts{};  ///< One an id: title and text.
  std::vector<Query> queries{};
};

Result<std::vector<PassageCase>> squad_cases_blocking(const std::string& data, std::size_t cases_max);
/// The passages are the two that a person needed; answers yes and no are left out.
Result<std::vector<PassageCase>> hotpot_cases_blocking(const std::string& data, std::size_t cases_max);
Result<std::vector<PassageCase>> nqswap_cases_blocking(const std::string& data, std::size_t cases_max);

Result<std::vector<ChoiceCase>> symmetric_fever_cases_blocking(const std::string& data,
                                                               std::size_t cases_max);
/// Evidence is a rationale's sentences or, where there is none, the two of the abstract most like the claim.
Result<std::vector<ChoiceCase>> scifact_cases_blocking(const std::string& data, std::size_t cases_max);
Result<std::vector<ChoiceCase>> climate_fever_cases_blocking(const std::string& data, std::size_t cases_max);

struct Episodes {
  std::size_t ways = 5;
  std::size_t shots = 1;
  bool is_named = true;  ///< Options have the relation's name and description beside the examples.
};

/// Seeded episodes over the relations of novel_wiki.jsonl.
Result<std::vector<ChoiceCase>> fewrel_cases_blocking(const std::string& data, const Episodes& episodes,
                                                      std::size_t cases_max);
Result<std::vector<ChoiceCase>> semeval_cases_blocking(const std::string& data, std::size_t cases_max);
/// The right tool among ten, of which five are the most alike in words.
Result<std::vector<ChoiceCase>> metatool_cases_blocking(const std::string& data, std::size_t cases_max);
Result<std::vector<ChoiceCase>> apibank_cases_blocking(const std::string& data, std::size_t cases_max);

Result<RetrievalSet> scifact_retrieval_blocking(const std::string& data, std::size_t cases_max);
Result<RetrievalSet> cranfield_retrieval_blocking(const std::string& data, std::size_t cases_max);
Result<RetrievalSet> cisi_retrieval_blocking(const std::string& data, std::size_t cases_max);
Result<RetrievalSet> hotpot_retrieval_blocking(const std::string& data, std::size_t cases_max);

}  // namespace lyceum::cli
