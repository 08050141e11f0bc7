#include "model/engine/tracing.hpp"

#include <algorithm>

namespace lyceum::model {
namespace {

/// Rows of logits that are kept at once: each is as wide as the vocabulary.
constexpr std::size_t kRowsAtOnce = 32;

}  // namespace

TraceJob::TraceJob(TraceJobRequest request, OnEnd on_end)
    : request_(std::move(request)), on_end_(std::move(on_end)) {
  Sequence& sequence = add_sequence(request_.prompt);
  sequence.logits_from = sequence.tokens.empty() ? 0 : sequence.tokens.size() - 1;
  sequence.taps.wants_routes = true;
  sequence.taps.attention_spans = request_.attention_spans;
  set_changes(sequence, request_.prompt.size(), request_.controls, request_.changes);
}

std::size_t TraceJob::tokens_max() const {
  return request_.prompt.size() + request_.tokens.size();
}

void TraceJob::on_chunk(Sequence& sequence, const ChunkResult& result) {
  const std::size_t first_row = result.first + result.num_tokens - result.num_rows;
  for (std::size_t row = 0; row < result.num_rows; ++row) {
    const std::size_t position = first_row + row;
    // Chunks may come again, when the pages were taken away.
    if (position + 1 != request_.prompt.size() + traced_.size() || traced_.size() == request_.tokens.size())
      continue;
    auto described =
        describe_distribution(result.row(row), request_.tokens[traced_.size()], request_.num_top);
    if (!described) {
      fail(std::move(described).error());
      return;
    }
    traced_.push_back(
        {.described = *std::move(described), .shown = view_of(sequence.taps, position - result.first, true)});
  }
}

void TraceJob::advance() {
  if (has_ended_) return;
  if (traced_.size() == request_.tokens.size()) {
    has_ended_ = true;
    on_end_(std::move(traced_));
    return;
  }
  Sequence& sequence = *sequences_.front();
  if (sequence.pending() > 0) return;
  const std::size_t have = sequence.tokens.size() - request_.prompt.size();
  // The last token follows from the row of the one before it.
  const std::size_t until = std::min(have + kRowsAtOnce, request_.tokens.size() - 1);
  sequence.tokens.insert(sequence.tokens.end(), request_.tokens.begin() + static_cast<std::ptrdiff_t>(have),
                         request_.tokens.begin() + static_cast<std::ptrdiff_t>(until));
  sequence.logits_from = request_.prompt.size() + have;
}

void TraceJob::fail(Error error) {
  if (has_ended_) return;
  has_ended_ = true;
  on_end_(std::move(error));
}

}  // namespace lyceum::model
