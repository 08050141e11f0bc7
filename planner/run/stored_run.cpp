#include "planner/run/stored_run.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

Result<RunState> load_state_blocking(const memory::EventLog& log, const std::string& run_id,
                                     std::uint64_t seq) {
  RunState state(run_id);
  while (seq == 0 || state.seq < seq) {
    const std::size_t wanted =
        seq == 0 ? kPage : std::min<std::size_t>(kPage, static_cast<std::size_t>(seq - state.seq));
    TRY(const auto texts, log.read_blocking(run_id, state.seq, wanted));
    if (texts.empty()) break;
    for (const std::string& text : texts) {
      TRY(const Event event, event_from_stored_text(text));
      if (event.seq != state.seq + 1) {
        return Error{Errc::data_loss, run_id + ": event " + std::to_string(state.seq + 1) + " is missing"};
      }
      state.apply(event);
    }
  }
  return state;
}

Result<void> check_quote_blocking(const memory::Documents& documents, const Json& evidence) {
  const auto begin = evidence.value("begin", std::uint64_t{0});
  const auto end = evidence.value("end", std::uint64_t{0});
  TRY(const std::string text, documents.text_blocking(evidence.value("document", ""), begin, end));
  if (end <= begin || text != evidence.value("quote", "")) {
    return Error{Errc::invalid_argument, "the quote does not stand in the document at these offsets"};
  }
  return ok();
}

}  // namespace lyceum::planner
