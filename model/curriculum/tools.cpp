#include <algorithm>
#include <set>

#include "base/json_lines.hpp"
#include "model/curriculum/choices.hpp"
#include "model/lexical_index.hpp"
#include "model/task_prompts.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kOptions = 6;
constexpr std::size_t kMaxShown = 4;
constexpr std::size_t kMaxDescriptionBytes = 300;

struct Tool {
  std::string name{};
  std::string description{};
};

std::string first_of(const Json& row, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string text = text_field(row, name);
    if (!text.empty()) return text;
  }
  return {};
}

/// Tools with an index of their texts.
class ToolBox {
 public:
  void add(const Json& row) {
    Tool tool{.name = first_of(row, {"api_name", "name", "endpoint"}),
              .description = first_of(row, {"api_description", "description"})};
    if (tool.name.empty()) return;
    if (tool.description.size() > kMaxDescriptionBytes) tool.description.resize(kMaxDescriptionBytes);
    index_.add(tool.name + " " + tool.description);
    tools_.push_back(std::move(tool));
  }

  const std::vector<Tool>& tools() const { return tools_; }

  const Tool* find(const std::string& name) const {
    const auto found =
        std::find_if(tools_.begin(), tools_.end(), [&](const Tool& tool) { return tool.name == name; });
    return found == tools_.end() ? nullptr : &*found;
  }

  /// `tool` among others, of which half look alike. `excluded` are right, too.
  ChooseRequest choice(Dice& dice, const std::string& request, const Tool& tool,
                       const std::set<std::string>& excluded, bool has_descriptions) const {
    std::vector<const Tool*> others;
    std::set<std::string> names(excluded);
    names.insert(tool.name);
    for (const auto& hit : index_.search(request, kOptions)) {
      const Tool& other = tools_[hit.text];
      if (others.size() < kOptions / 2 && names.insert(other.name).second) others.push_back(&other);
    }
    for (std::size_t tries = 0; others.size() + 1 < kOptions && tries < 100; ++tries) {
      const Tool& other = dice.pick(tools_);
      if (names.insert(other.name).second) others.push_back(&other);
    }
    ChooseRequest choice{.prompt = tool_prompt(request)};
    choice.options.push_back(tool_option(tool.name, has_descriptions ? tool.description : ""));
    for (const Tool* other : others)
      choice.options.push_back(tool_option(other->name, has_descriptions ? other->description : ""));
    return choice;
  }

 private:
  std::vector<Tool> tools_{};
  LexicalIndex index_{};
};

Result<ToolBox> read_tools_blocking(Building& building, const std::string& files) {
  TRY(const auto rows, building.read_blocking(files, [](const Json&) { return std::vector<std::string>(); }));
  ToolBox box;
  for (const Json& row : rows) box.add(row);
  return box;
}

/// A description as somebody would ask for it.
std::string request_of(Dice& dice, std::string description) {
  description = description.substr(0, description.find_first_of(".\n"));
  if (description.empty()) return {};
  const char first = description[0];
  if (first >= 'A' && first <= 'Z') description[0] = static_cast<char>(first - 'A' + 'a');
  switch (dice.below(5)) {
    case 0:
      return "I need to " + description + ".";
    case 1:
      return "Can you " + description + "?";
    case 2:
      return "Please " + description + " for me.";
    case 3:
      return "Help me " + description + ".";
    default:
      return description;
  }
}

}  // namespace

Result<void> add_tool_queries_blocking(Building& building, const std::string& files, std::size_t passes) {
  TRY(const auto rows, building.read_blocking(files, [](const Json& row) {
    return std::vector<std::string>{text_field(row, "query")};
  }));
  TRY(const ToolBox box, read_tools_blocking(building, files.substr(0, files.find('/')) + "/tools"));
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const Json& row : rows) {
      std::set<std::string> called;
      for (const Json& call : row.at("calling")) called.insert(text_field(call, "api"));
      const std::string query = text_field(row, "query");
      for (const std::string& name : called) {
        const Tool* tool = box.find(name);
        if (tool == nullptr) continue;
        const bool has_descriptions = building.dice.chance(0.8);
        const ChooseRequest choice = box.choice(building.dice, query, *tool, called, has_descriptions);
        TRY_OK(add_choice(building, "tool", query, choice, 0, kMaxShown));
        if (pass > 0) continue;
        DataWriter::Pair pair{.query = building.verbs.embed(query),
                              .positive = building.verbs.embed(tool_option(tool->name, tool->description)),
                              .negatives = {}};
        for (std::size_t i = 1; i < std::min<std::size_t>(choice.options.size(), 4); ++i)
          pair.negatives.push_back(building.verbs.embed(choice.options[i]));
        TRY_OK(building.writer.add_pair("tools", query, pair));
      }
    }
  }
  return ok();
}

Result<void> add_tool_names_blocking(Building& building, const std::string& files, std::size_t passes) {
  TRY(const ToolBox box, read_tools_blocking(building, files));
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (const Tool& tool : box.tools()) {
      const std::string request = request_of(building.dice, tool.description);
      if (request.size() < 15 || building.is_known(files, request)) continue;
      const ChooseRequest choice = box.choice(building.dice, request, tool, {}, false);
      TRY_OK(add_choice(building, "tool", tool.name, choice, 0, kMaxShown));
    }
  }
  return ok();
}

}  // namespace lyceum::model
