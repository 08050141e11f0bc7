#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/terminal.hpp"

namespace lyceum::cli {

/// Turns the events of one run into lines for people, and its answer into text with numbered citations. Pure
/// but for what it has seen. Takes any event; unknown types and ill-formed data give no line.
class RunRenderer {
 public:
  explicit RunRenderer(Terminal terminal) : terminal_(terminal) {}

  /// The lines that `event` is worth; often none.
  std::vector<std::string> take(const Json& event);

  /// The answer proposed last, with its sources; empty before there is one.
  std::string answer() const;

  bool has_answer() const { return answer_.is_object(); }

  const Json& proposed_answer() const { return answer_; }  ///< Data of answer.proposed; null before.

 private:
  std::vector<std::string> plan_lines(const Json& data);
  std::string step_line(const Json& event, const Json& data);
  std::string evidence_line(const Json& data);
  std::string source_line(std::size_t number, const std::string& evidence) const;

  Terminal terminal_;
  std::map<std::string, std::string> step_titles_;
  std::map<std::string, Json> evidence_;
  Json answer_ = nullptr;
};

/// The string under `name`, safe for a terminal; empty when it is absent or no string.
std::string text_of(const Json& object, const char* name);

/// "approval: fetch_url (fetch https://…)": one line that tells what a hold asks for.
std::string hold_title(const Json& hold);

}  // namespace lyceum::cli
