#include "planner/plan/markdown.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lyceum::planner {
namespace {

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (const auto item = trim(text.substr(0, comma)); !item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

constexpr std::array<std::string_view, 5> kProperties = {"agent", "inputs", "tools", "done when", "risk"};

// "- agent: x" → ("agent", "x"); a list item of the goal's own is no property.
std::pair<std::string_view, std::string_view> property(std::string_view line) {
  if (!line.starts_with("- ")) return {};
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const auto name = trim(line.substr(2, colon - 2));
  if (std::find(kProperties.begin(), kProperties.end(), name) == kProperties.end()) return {};
  return {name, trim(line.substr(colon + 1))};
}

void set_property(PlanStep& step, std::string_view name, std::string_view value) {
  if (name == "agent") step.agent = value;
  if (name == "inputs") step.inputs = split_list(value);
  if (name == "tools") step.tools = split_list(value);
  if (name == "done when") step.done_when = value;
  if (name == "risk") step.risk = value;
}

Result<PlanStep> parse_heading(std::string_view line, std::size_t number) {
  PlanStep step;
  std::string_view title = trim(line.substr(3));
  if (const auto open = title.rfind("{#"); open != std::string_view::npos && title.ends_with('}')) {
    step.id = title.substr(open + 2, title.size() - open - 3);
    title = trim(title.substr(0, open));
  }
  if (title.empty()) {
    return Error{Errc::invalid_argument,
                 "markdown: line " + std::to_string(number) + ": a step needs a title"};
  }
  step.title = title;
  return step;
}

// A goal line that would read as structure is escaped with one backslash.
bool needs_escape(std::string_view line) {
  return line.starts_with("## ") || line.starts_with("\\") || !property(line).first.empty();
}

void add_goal(std::string& goal, std::string_view line) {
  if (line.starts_with("\\")) line.remove_prefix(1);
  goal += line;
  goal += '\n';
}

void finish(PlanStep& step) {
  const auto last = step.goal.find_last_not_of(" \n\r\t");
  step.goal.erase(last == std::string::npos ? 0 : last + 1);
  const auto first = step.goal.find_first_not_of('\n');
  step.goal.erase(0, first == std::string::npos ? 0 : first);
}

Json changes(const PlanStep& from, const PlanStep& to) {
  Json set = Json::object();
  if (from.title != to.title) set["title"] = to.title;
  if (from.goal != to.goal) set["goal"] = to.goal;
  if (!to.agent.empty() && from.agent != to.agent) set["agent"] = to.agent;
  if (from.inputs != to.inputs) set["inputs"] = to.inputs;
  if (from.tools != to.tools) set["tools"] = to.tools;
  if (from.done_when != to.done_when) set["done_when"] = to.done_when;
  if (from.risk != to.risk) set["risk"] = to.risk;
  return set;
}

Json description(const PlanStep& step) {
  Json json = {{"title", step.title},
               {"goal", step.goal},
               {"inputs", step.inputs},
               {"done_when", step.done_when},
               {"risk", step.risk}};
  if (!step.agent.empty()) json["agent"] = step.agent;
  if (!step.tools.empty()) json["tools"] = step.tools;
  return json;
}

}  // namespace

std::string plan_markdown(const std::string& title, const Plan& plan) {
  std::string text = "# " + title + "\n";
  for (const PlanStep& step : plan.steps) {
    text += "\n## " + step.title + "  {#" + step.id + "}\n";
    std::string_view goal = step.goal;
    while (!goal.empty()) {
      const auto end = std::min(goal.find('\n'), goal.size());
      const std::string_view line = goal.substr(0, end);
      text += (needs_escape(line) ? "\\" : "") + std::string(line) + "\n";
      goal.remove_prefix(std::min(end + 1, goal.size()));
    }
    text += "- agent: " + step.agent + "\n- inputs: " + join(step.inputs) + "\n- tools: " + join(step.tools) +
            "\n- done when: " + step.done_when + "\n- risk: " + step.risk + "\n";
  }
  return text;
}

Result<Plan> parse_plan_markdown(std::string_view text) {
  if (text.size() > kMaxMarkdownBytes) return Error{Errc::too_large, "markdown: over the limit of 256 KiB"};
  Plan plan;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("## ")) {
      TRY(auto step, parse_heading(line, number));
      plan.steps.push_back(std::move(step));
    } else if (plan.steps.empty()) {
      const bool is_preamble = trim(line).empty() || line.starts_with("# ");
      if (!is_preamble) {
        return Error{Errc::invalid_argument, "markdown: line " + std::to_string(number) +
                                                 ": text before the first step; steps begin with '## '"};
      }
    } else if (const auto [name, value] = property(line); !name.empty()) {
      set_property(plan.steps.back(), name, value);
    } else {
      add_goal(plan.steps.back().goal, line);
    }
  }
  for (PlanStep& step : plan.steps) finish(step);
  return plan;
}

Result<Json> plan_difference(const Plan& from, const Plan& to) {
  Json ops = Json::array();
  const auto has = [](const Plan& plan, const std::string& id) { return plan.find(id) != nullptr; };
  for (const PlanStep& step : to.steps) {
    if (!step.id.empty() && !has(from, step.id)) {
      return Error{Errc::invalid_argument,
                   "markdown: the plan has no step '" + step.id + "'; leave the {#…} off a new step"};
    }
  }
  // The order as it would be after the deletions and moves so far; new steps are placed relative to known
  // ones.
  std::vector<std::string> order;
  for (const PlanStep& step : from.steps) {
    if (has(to, step.id)) {
      order.push_back(step.id);
    } else {
      ops.push_back({{"op", "delete"}, {"step", step.id}});
    }
  }
  Json inserts = Json::array();
  Json previous = nullptr;
  std::size_t at = 0;
  for (const PlanStep& step : to.steps) {
    if (step.id.empty()) {
      inserts.push_back({{"op", "insert"}, {"after", previous}, {"step", description(step)}});
      continue;
    }
    if (order[at] != step.id) {
      std::erase(order, step.id);
      order.insert(order.begin() + static_cast<std::ptrdiff_t>(at), step.id);
      ops.push_back({{"op", "move"}, {"step", step.id}, {"after", previous}});
    }
    if (Json set = changes(*from.find(step.id), step); !set.empty()) {
      ops.push_back({{"op", "update"}, {"step", step.id}, {"set", std::move(set)}});
    }
    previous = step.id;
    ++at;
  }
  // Several new steps after the same known one: the last is inserted first, so that they end in document
  // order.
  for (auto insert = inserts.rbegin(); insert != inserts.rend(); ++insert) ops.push_back(*insert);
  return ops;
}

}  // namespace lyceum::planner
