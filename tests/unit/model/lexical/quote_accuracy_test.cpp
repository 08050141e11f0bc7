#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

std::string unpack(const std::string& path) {
  std::string text;
  std::FILE* pipe = popen(("xz -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 65'536> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), size);
  pclose(pipe);
  return text;
}

std::vector<Json> read_lines(const std::string& text) {
  std::vector<Json> rows;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    rows.push_back(Json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return rows;
}

// Inverse paragraph frequency, as a store of these paragraphs would give it.
WordWeight weights_from(const std::vector<Json>& rows) {
  std::set<std::string> paragraphs;
  for (const auto& row : rows) paragraphs.insert(row.at("context").get<std::string>());
  std::map<std::string, double> counts;
  for (const auto& paragraph : paragraphs) {
    const auto terms = index_terms(paragraph);
    for (const auto& term : std::set<std::string>(terms.begin(), terms.end())) ++counts[term];
  }
  const auto total = static_cast<double>(paragraphs.size());
  return [counts, total](std::string_view word) {
    const auto terms = index_terms(word);
    const auto found = terms.empty() ? counts.end() : counts.find(terms[0]);
    const double count = found == counts.end() ? 0 : found->second;
    return std::log(1 + (total - count + 0.5) / (count + 0.5));
  };
}

// Goal: the first quote of a paragraph holds the answer in at least three questions of four.
// Method: every question of the XQuAD paragraphs (English, not used to fit the weights) is asked of its own
// paragraph.
TEST(QuoteAccuracy, FindsTheAnswerSentenceInMostParagraphs) {
  const std::string path = std::string(LYCEUM_SHARED_DATA) + "/qa-squad/test_xquad_en.jsonl.xz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  const auto rows = read_lines(unpack(path));
  ASSERT_GT(rows.size(), 100U);
  const WordWeight weight = weights_from(rows);
  WordReader reader(weight);
  std::size_t first = 0;
  std::size_t any = 0;

  for (const auto& row : rows) {
    const std::string context = row.at("context");
    const auto quotes = quote_by_rules(
        {{.task = "deep_search.evidence", .slots = {{"question", row.at("question")}}}, {context}}, reader);
    bool is_found = false;
    for (std::size_t at = 0; at < quotes.size(); ++at) {
      const auto text = context.substr(quotes[at].begin, quotes[at].end - quotes[at].begin);
      for (const std::string answer : row.at("answers")) {
        if (text.find(answer) == std::string::npos) continue;
        if (at == 0 && !is_found) ++first;
        is_found = true;
      }
    }
    any += is_found ? 1 : 0;
  }

  const auto total = static_cast<double>(rows.size());
  std::cout << "questions " << rows.size() << ", answer in the first quote "
            << static_cast<double>(first) / total << ", in the first five "
            << static_cast<double>(any) / total << "\n";
  EXPECT_GT(static_cast<double>(first) / total, 0.80);
  EXPECT_GT(static_cast<double>(any) / total, 0.93);
}

}  // namespace
}  // namespace lyceum::model::lexical
