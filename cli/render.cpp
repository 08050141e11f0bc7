#include "cli/render.hpp"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace lyceum::cli {
namespace {

constexpr std::size_t kMaxQuoteShown = 160;
constexpr std::size_t kMaxTextShown = 400;

std::string number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return "?";
  if (found->is_number_integer()) return std::to_string(found->get<std::int64_t>());
  std::ostringstream text;
  text << std::fixed << std::setprecision(2) << found->get<double>();
  return text.str();
}

const Json& list_of(const Json& object, const char* name) {
  static const Json empty = Json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : empty;
}

bool is_true(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && *found == true;
}

std::string place_of(const Json& evidence) {
  std::string place = text_of(evidence, "title");
  if (place.empty()) place = text_of(evidence, "document");
  if (const std::string section = text_of(evidence, "section"); !section.empty()) place += " › " + section;
  return place;
}

std::string decision_line(const Json& data) {
  std::string line = "decided: " + text_of(data, "question") + " → " + text_of(data, "chosen");
  for (const Json& option : list_of(data, "options")) {
    if (option.is_object() && text_of(option, "label") == text_of(data, "chosen")) {
      line += " (" + number_of(option, "p") + ")";
    }
  }
  return line;
}

std::string finish_line(const Json& data) {
  std::string line = text_of(data, "status") + " (" + text_of(data, "reason") + ")";
  if (const std::string detail = text_of(data, "detail"); !detail.empty()) line += ": " + detail;
  return line;
}

std::string understood_line(const Json& data) {
  std::string line = "a question of kind " + text_of(data, "kind");
  if (const std::string expects = text_of(data, "expects"); !expects.empty())
    line += "; an answer would be " + expects;
  return line;
}

}  // namespace

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? printable(found->get_ref<const std::string&>())
                                                     : std::string();
}

std::string hold_title(const Json& hold) {
  std::string title = text_of(hold, "kind") + ": " + text_of(hold, "title");
  const auto detail = hold.find("detail");
  if (detail == hold.end() || !detail->is_object() || !detail->contains("tool")) return title;
  title += "\n    " + text_of(*detail, "tool") + " " +
           shortened(printable(dump_json(detail->value("args", Json::object()))), kMaxTextShown);
  const std::string why = text_of(*detail, "why");
  if (!why.empty()) title += "\n    why: " + why;
  return title + "\n    risk " + text_of(*detail, "risk") + ", effect " + text_of(*detail, "effect");
}

std::vector<std::string> RunRenderer::plan_lines(const Json& data) {
  std::vector<std::string> lines = {terminal_.bold("plan, revision " + number_of(data, "rev"))};
  std::size_t number = 0;
  for (const Json& step : list_of(data, "steps")) {
    if (!step.is_object()) continue;
    step_titles_[text_of(step, "id")] = text_of(step, "title");
    lines.push_back("  " + std::to_string(++number) + ". " + text_of(step, "title"));
  }
  return lines;
}

std::string RunRenderer::step_line(const Json& event, const Json& data) {
  const auto title = step_titles_.find(text_of(event, "step"));
  std::string line = text_of(data, "status") + ": " + (title == step_titles_.end() ? "" : title->second);
  if (const std::string error = text_of(data, "error"); !error.empty())
    return terminal_.failure(line + ": " + error);
  const auto result = data.find("result");
  if (result == data.end() || !result->is_object()) return line;
  const std::string text = shortened(text_of(*result, "text"), kMaxTextShown);
  return text.empty() ? line : line + " — " + text;
}

std::string RunRenderer::evidence_line(const Json& data) {
  const std::string id = text_of(data, "evidence");
  evidence_[id] = data;
  return "  [" + id + "] “" + shortened(text_of(data, "quote"), kMaxQuoteShown) + "” " +
         terminal_.dim(place_of(data));
}

std::vector<std::string> RunRenderer::take(const Json& event) {
  const std::string type = text_of(event, "type");
  static const Json none = Json::object();
  const auto found = event.find("data");
  const Json& data = found != event.end() && found->is_object() ? *found : none;
  if (type == "plan.patched") return plan_lines(data);
  if (type == "step.started") {
    const std::string title = text_of(data, "title");
    step_titles_[text_of(event, "step")] = title;
    return {terminal_.bold("▸ " + title)};
  }
  if (type == "step.finished") return {"  " + step_line(event, data)};
  if (type == "question.understood") return {terminal_.dim(understood_line(data))};
  if (type == "thought.noted") return {terminal_.dim("  · " + text_of(data, "text"))};
  if (type == "query.issued") {
    return {"  search “" + text_of(data, "query") + "” " +
            terminal_.dim(number_of(data, "hits") + " hits, " + number_of(data, "fresh") + " new")};
  }
  if (type == "evidence.added") return {evidence_line(data)};
  if (type == "evidence.dropped")
    return {terminal_.dim("  [" + text_of(data, "evidence") + "] dropped: " + text_of(data, "reason"))};
  if (type == "decision.made") return {terminal_.dim("  " + decision_line(data))};
  if (type == "action.failed")
    return {terminal_.warning("  " + text_of(data, "name") + ": " + text_of(data, "message"))};
  if (type == "action.retried") return {terminal_.dim("  asking again: " + text_of(data, "message"))};
  if (type == "hold.opened") return {terminal_.warning("‖ waiting, " + hold_title(data))};
  if (type == "hold.closed") return {terminal_.dim("  went on: " + text_of(data, "decision"))};
  if (type == "loop.escalated")
    return {terminal_.warning("  nothing new: " + text_of(data, "rung") + ", " + text_of(data, "why"))};
  if (type == "run.recovered") return {terminal_.warning("the service came back and the run goes on")};
  if (type == "answer.proposed") answer_ = data;
  if (type == "run.finished") return {terminal_.bold(finish_line(data))};
  return {};
}

std::string RunRenderer::source_line(std::size_t number, const std::string& evidence) const {
  std::string line = "[" + std::to_string(number) + "] ";
  const auto found = evidence_.find(evidence);
  if (found == evidence_.end()) return line + evidence;
  line += "“" + text_of(found->second, "quote") + "”\n    " + place_of(found->second);
  if (const std::string url = text_of(found->second, "url"); !url.empty()) line += ", " + url;
  return line;
}

std::string RunRenderer::answer() const {
  if (!answer_.is_object()) return {};
  std::vector<std::string> cited;
  std::string text;
  for (const Json& sentence : list_of(answer_, "sentences")) {
    if (!sentence.is_object()) continue;
    text += (text.empty() ? "" : " ") + text_of(sentence, "text");
    for (const Json& citation : list_of(sentence, "citations")) {
      if (!citation.is_string()) continue;
      const auto known = std::find(cited.begin(), cited.end(), citation.get<std::string>());
      const auto index = static_cast<std::size_t>(known - cited.begin());
      if (known == cited.end()) cited.push_back(citation.get<std::string>());
      text += " [" + std::to_string(index + 1) + "]";
    }
  }
  if (is_true(answer_, "not_found")) text = "Not found in the sources." + (text.empty() ? "" : " " + text);
  for (const Json& gap : list_of(answer_, "gaps")) {
    if (gap.is_string()) text += "\nOpen: " + printable(gap.get<std::string>());
  }
  text += cited.empty() ? "\n" : "\n\n";
  for (std::size_t i = 0; i < cited.size(); ++i) text += source_line(i + 1, cited[i]) + "\n";
  return text;
}

}  // namespace lyceum::cli
