#include "agents/deep_search/report.hpp"

#include <algorithm>

#include "agents/common/terms.hpp"

namespace lyceum::agents::deep_search {
namespace {

std::string marks(const std::vector<std::size_t>& citations) {
  std::string text;
  for (const std::size_t index : citations) text += " [" + std::to_string(index + 1) + "]";
  return text;
}

/// Text of sources must not become markup of the report.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : squeeze_blanks(text)) {
    if (std::string_view("\\`*_[]<>#|").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

std::string source_of(const Evidence& evidence) {
  std::string source = evidence.title.empty() ? evidence.document : evidence.title;
  if (source.empty()) source = evidence.url;
  std::string line = "**" + escaped(source) + "**";
  if (!evidence.section.empty() && evidence.section != evidence.title)
    line += ", " + escaped(evidence.section);
  if (!evidence.url.empty()) line += ", <" + evidence.url + ">";
  if (!evidence.document.empty()) {
    line += ", document `" + evidence.document + "`, bytes " + std::to_string(evidence.begin) + "–" +
            std::to_string(evidence.end);
  }
  return line;
}

std::vector<std::size_t> cited(const Answer& answer) {
  std::vector<bool> is_cited(answer.evidence.size());
  for (const AnswerSentence& sentence : answer.sentences) {
    for (const std::size_t index : sentence.citations) is_cited[index] = true;
  }
  for (const AnswerConflict& conflict : answer.conflicts) is_cited[conflict.a] = is_cited[conflict.b] = true;
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < is_cited.size(); ++i) {
    if (is_cited[i]) indexes.push_back(i);
  }
  return indexes;
}

}  // namespace

Json to_json(const Answer& answer) {
  Json sentences = Json::array();
  for (const AnswerSentence& sentence : answer.sentences) {
    Json ids = Json::array();
    for (const std::size_t index : sentence.citations) ids.push_back(answer.evidence[index].id);
    Json measured = nullptr;
    if (sentence.measured)
      measured = {{"with_all", sentence.measured->with_all},
                  {"without_any", sentence.measured->without_any},
                  {"gains", sentence.measured->gains}};
    sentences.push_back(Json{{"text", sentence.text},
                             {"citations", std::move(ids)},
                             {"support", sentence.support},
                             {"measured", std::move(measured)}});
  }
  Json conflicts = Json::array();
  for (const AnswerConflict& conflict : answer.conflicts) {
    Json ids = Json::array();
    ids.push_back(answer.evidence[conflict.a].id);
    ids.push_back(answer.evidence[conflict.b].id);
    conflicts.push_back(Json{{"about", conflict.about}, {"evidence", std::move(ids)}});
  }
  return {{"sentences", std::move(sentences)},
          {"gaps", answer.gaps},
          {"conflicts", std::move(conflicts)},
          {"not_found", answer.is_not_found},
          {"confidence", answer.confidence ? Json(*answer.confidence) : Json()}};
}

std::string to_message(const Answer& answer) {
  std::string text;
  if (answer.is_not_found) text = "Not found in your sources.";
  for (const AnswerSentence& sentence : answer.sentences) {
    text += (text.empty() ? "" : " ") + sentence.text + marks(sentence.citations);
  }
  // The one gap of a question that was not found says the same again.
  if (answer.is_not_found && answer.gaps.size() == 1) return text;
  for (const std::string& gap : answer.gaps) text += (text.empty() ? "" : "\n\n") + gap;
  return text;
}

std::string to_markdown(const Answer& answer) {
  std::string text = "# " + escaped(answer.question) + "\n\n";
  if (answer.is_not_found) text += "**Not found in your sources.**\n\n";
  for (const AnswerSentence& sentence : answer.sentences)
    text += escaped(sentence.text) + marks(sentence.citations) + "\n";
  if (!answer.sentences.empty()) text += "\n";
  if (!answer.conflicts.empty()) {
    text += "## Where the sources disagree\n\n";
    for (const AnswerConflict& conflict : answer.conflicts) {
      text += "- " + escaped(conflict.about) + ":" + marks({conflict.a}) + " against" + marks({conflict.b}) +
              "\n";
    }
    text += "\n";
  }
  if (!answer.gaps.empty()) {
    text += "## What is not covered\n\n";
    for (const std::string& gap : answer.gaps) text += "- " + escaped(gap) + "\n";
    text += "\n";
  }
  const std::vector<std::size_t> indexes = cited(answer);
  if (!indexes.empty()) text += "## Sources\n\n";
  for (const std::size_t index : indexes) {
    text += "[" + std::to_string(index + 1) + "] " + source_of(answer.evidence[index]) + "\n\n> " +
            escaped(answer.evidence[index].quote) + "\n\n";
  }
  return text;
}

}  // namespace lyceum::agents::deep_search
