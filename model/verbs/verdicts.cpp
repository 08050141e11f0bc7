#include "model/verbs/verdicts.hpp"

#include <algorithm>
#include <array>

namespace lyceum::model {
namespace {

struct Row {
  std::string_view task;
  std::string_view option;
  VerdictLabel label;
};

/// A small model learns what a fixed label means much sooner than to compare a text with a label's text.
constexpr std::array<Row, 10> kRows = {{
    {"deep_search.relevant", "relevant", VerdictLabel::yes},
    {"deep_search.relevant", "not relevant", VerdictLabel::no},
    {"deep_search.enough", "enough", VerdictLabel::yes},
    {"deep_search.enough", "not enough", VerdictLabel::no},
    {"deep_search.conflict", "agree", VerdictLabel::yes},
    {"deep_search.conflict", "disagree", VerdictLabel::no},
    {"deep_search.conflict", "unrelated", VerdictLabel::none},
    {"claim.verdict", "supports", VerdictLabel::yes},
    {"claim.verdict", "refutes", VerdictLabel::no},
    {"claim.verdict", "not enough information", VerdictLabel::none},
}};

}  // namespace

std::vector<VerdictLabel> verdict_labels(std::string_view task, const std::vector<std::string>& options) {
  std::vector<VerdictLabel> labels;
  for (const std::string& option : options) {
    const auto* const row = std::ranges::find_if(
        kRows, [&](const Row& known) { return known.task == task && known.option == option; });
    if (row == kRows.end()) return {};
    labels.push_back(row->label);
  }
  return labels;
}

}  // namespace lyceum::model
