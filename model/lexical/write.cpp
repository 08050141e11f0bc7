#include <algorithm>

#include "base/json_schema.hpp"
#include "model/lexical/relevance.hpp"
#include "model/lexical/slots.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model::lexical {
namespace {

constexpr std::size_t kExtractSentences = 3;

// The best sentences of what the slots hold, in their order there.
std::string extract(const Prompt& prompt, WordReader& reader) {
  std::string asked = text_slot(prompt.slots, "question");
  if (asked.empty()) asked = prompt.user;
  Json rest = prompt.slots;
  rest.erase("question");
  const std::string text = all_text(rest);
  const Question question = read_question(asked, reader);
  auto windows = score_windows(question, text, reader);
  std::erase_if(windows, [&](const ScoredRange& window) {
    return split_sentences(text.substr(window.range.begin, window.range.end - window.range.begin)).size() > 1;
  });
  std::sort(windows.begin(), windows.end(), [](const ScoredRange& a, const ScoredRange& b) {
    return a.score != b.score ? a.score > b.score : a.range.begin < b.range.begin;
  });
  if (windows.size() > kExtractSentences) windows.resize(kExtractSentences);
  std::sort(windows.begin(), windows.end(),
            [](const ScoredRange& a, const ScoredRange& b) { return a.range.begin < b.range.begin; });
  std::string out;
  for (const auto& window : windows) {
    if (!out.empty()) out += ' ';
    out += squeeze(text.substr(window.range.begin, window.range.end - window.range.begin));
  }
  return out;
}

Result<Json> write_value(const WriteRequest& request, WordReader& reader) {
  const std::string& task = request.prompt.task;
  const Json& slots = request.prompt.slots;
  if (task == "deep_search.sub_questions") return write_sub_questions(slots, reader);
  if (task == "deep_search.queries") return write_queries(slots, reader);
  if (task == "deep_search.answer") return write_answer(slots, reader);
  return Error{Errc::unsupported,
               "the lexical model has no template for \"" + task + "\": configure a remote model"};
}

}  // namespace

Result<Written> write_by_template(const WriteRequest& request, WordReader& reader) {
  Written written;
  if (request.schema.is_null()) {
    written.text = extract(request.prompt, reader);
    if (!written.text.empty()) return written;
    return Error{Errc::unsupported,
                 "the lexical model writes only what its slots hold, and these hold no text"};
  }
  TRY(written.value, write_value(request, reader));
  if (const auto valid = validate_schema(written.value, request.schema, "result"); !valid) {
    return Error{Errc::malformed,
                 request.prompt.task + ": the template does not fit the schema: " + valid.error().message};
  }
  written.text = dump_json(written.value);
  return written;
}

}  // namespace lyceum::model::lexical
