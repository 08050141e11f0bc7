#include "planner/run/stored_run.hpp"

#include <algorithm>

namespace lyceum::planner {
namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

Result<void> visit_events_blocking(const memory::EventLog& log, const std::string& run_id,
                                   std::uint64_t after, std::uint64_t until,
                                   const std::function<Visit(const Event&)>& visit) {
  for (std::uint64_t last = after; until == 0 || last < until;) {
    const std::size_t wanted = until == 0 ? kPage : std::min<std::size_t>(kPage, until - last);
    TRY(const auto texts, log.read_blocking(run_id, last, wanted));
    if (texts.empty()) break;
    for (const std::string& text : texts) {
      TRY(const Event event, event_from_stored_text(text));
      if (event.seq != ++last)
        return Error{Errc::data_loss, run_id + ": event " + std::to_string(last) + " is missing"};
      if (visit(event) == Visit::stop) return ok();
    }
  }
  return ok();
}

Result<RunState> load_state_blocking(const memory::EventLog& log, const std::string& run_id,
                                     std::uint64_t seq) {
  RunState state(run_id);
  TRY_OK(visit_events_blocking(log, run_id, 0, seq, [&](const Event& event) {
    state.apply(event);
    return Visit::next;
  }));
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
