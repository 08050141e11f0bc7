#include "planner/run/report.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "planner/run/generation.hpp"

namespace lyceum::planner {
namespace {

const agents::Evidence* find_evidence(const RunState& state, const std::string& id) {
  const auto found = std::find_if(state.findings.evidence.begin(), state.findings.evidence.end(),
                                  [&](const auto& item) { return item.id == id; });
  return found == state.findings.evidence.end() ? nullptr : &*found;
}

/// Evidence ids in order of first citation, numbered from 1.
class Citations {
 public:
  std::string mark(const std::string& evidence) {
    const auto [entry, is_new] = numbers_.try_emplace(evidence, order_.size() + 1);
    if (is_new) order_.push_back(evidence);
    return "[" + std::to_string(entry->second) + "]";
  }

  std::string mark_all(const Json& evidence_ids) {
    std::string marks;
    for (const Json& id : evidence_ids) {
      if (id.is_string()) marks += mark(id.get<std::string>());
    }
    return marks;
  }

  const std::vector<std::string>& order() const { return order_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> order_;
};

void add_source(std::string& text, std::size_t number, const agents::Evidence& item) {
  text += std::to_string(number) + ". **" + item.title + "**";
  if (!item.section.empty() && item.section != item.title) text += ", " + item.section;
  if (!item.url.empty()) text += ", <" + item.url + ">";
  if (!item.document.empty()) {
    text += " (document " + item.document + ", bytes " + std::to_string(item.begin) + "–" +
            std::to_string(item.end) + ")";
  }
  std::string quote = item.quote;
  std::replace(quote.begin(), quote.end(), '\n', ' ');
  text += "\n   > " + quote + "\n";
}

void add_experts(std::string& text, const model::ExpertUse& use) {
  if (use.num_tokens == 0) return;
  std::size_t num_experts = 0;
  std::size_t num_used = 0;
  for (const auto& layer : use.tokens) {
    num_experts += layer.size();
    num_used += static_cast<std::size_t>(std::ranges::count_if(layer, [](std::uint64_t n) { return n > 0; }));
  }
  if (num_experts == 0) return;
  text += "\n## Experts of the model\n\n" + std::to_string(num_used) + " of its " +
          std::to_string(num_experts) + " experts wrote the " + std::to_string(use.num_tokens) +
          " tokens of this run's texts; " + std::to_string(std::lround(use.routing_consistency * 100)) +
          " % of the experts of a token had written the token before it.\n";
}

}  // namespace

std::string report_markdown(const RunState& state) {
  std::string text = "# " + state.title + "\n\n";
  if (state.title != state.question) text += "Question: " + state.question + "\n\n";
  if (!state.answer.is_object()) {
    text += state.phase == Phase::terminal ? "This run ended without an answer.\n"
                                           : "This run has no answer yet.\n";
    return text;
  }
  Citations citations;
  if (state.answer.value("not_found", false)) text += "**Not found in your sources.**\n\n";
  for (const Json& sentence : state.answer.value("sentences", Json::array())) {
    text += sentence.value("text", "") + " " +
            citations.mark_all(sentence.value("citations", Json::array())) + "\n\n";
  }
  const Json conflicts = state.answer.value("conflicts", Json::array());
  if (!conflicts.empty()) {
    text += "## Where the sources disagree\n\n";
    for (const Json& conflict : conflicts) {
      text += "- " + conflict.value("about", "") + " " +
              citations.mark_all(conflict.value("evidence", Json::array())) + "\n";
    }
    text += "\n";
  }
  const Json gaps = state.answer.value("gaps", Json::array());
  if (!gaps.empty()) {
    text += "## What the sources do not cover\n\n";
    for (const Json& gap : gaps) {
      if (gap.is_string()) text += "- " + gap.get<std::string>() + "\n";
    }
    text += "\n";
  }
  if (!citations.order().empty()) text += "## Sources\n\n";
  for (std::size_t i = 0; i < citations.order().size(); ++i) {
    if (const auto* item = find_evidence(state, citations.order()[i])) add_source(text, i + 1, *item);
  }
  add_experts(text, state.expert_use);
  return text;
}

Json report_json(const RunState& state) {
  Json evidence = Json::array();
  for (const agents::Evidence& item : state.findings.evidence) {
    evidence.push_back({{"evidence", item.id},
                        {"step", item.step},
                        {"quote", item.quote},
                        {"document", item.document},
                        {"title", item.title},
                        {"section", item.section},
                        {"collection", item.collection},
                        {"begin", item.begin},
                        {"end", item.end},
                        {"url", item.url},
                        {"score", item.score},
                        {"question", item.question},
                        {"by", item.by},
                        {"dropped", item.dropped}});
  }
  Json steps = Json::array();
  for (const PlanStep& step : state.plan.steps) {
    const auto known = state.steps.find(step.id);
    steps.push_back({{"step", step.id},
                     {"title", step.title},
                     {"status", name_of(state.status_of(step.id))},
                     {"result", known == state.steps.end() ? Json::object() : known->second.result},
                     {"error", known == state.steps.end() ? "" : known->second.error}});
  }
  Json files = Json::array();
  for (const auto& [path, file] : state.files)
    files.push_back({{"path", path}, {"bytes", file.bytes}, {"hash", file.hash}});
  return {{"run", summary_of(state)},
          {"plan", to_json(state.plan)},
          {"steps", std::move(steps)},
          {"evidence", std::move(evidence)},
          {"knowledge", state.findings.knowledge},
          {"entities", state.findings.entities},
          {"relations", state.findings.relations},
          {"answer", state.answer},
          {"outcome", state.outcome},
          {"experts", to_json(state.expert_use)},
          {"files", std::move(files)}};
}

}  // namespace lyceum::planner
