#include "model/engine/tracing.hpp"

#include <algorithm>

#include "model/engine/contrast.hpp"

namespace lyceum::model {
namespace {

/// Rows of logits that are kept at once: each is as wide as the vocabulary. Enough for fast products.
constexpr std::size_t kRowsAtOnce = 128;

}  // namespace

TraceJob::TraceJob(TraceJobRequest request, OnEnd on_end)
    : request_(std::move(request)), on_end_(std::move(on_end)) {
  const auto add = [&](const std::vector<TokenId>& prompt) {
    // What is before the prompt's last token shows nothing, so that it costs no more than any prompt.
    Sequence& sequence = add_sequence(prompt);
    if (prompt.size() > 1) {
      sequence.tokens.pop_back();
    } else {
      sequence.logits_from = 0;
    }
    set_changes(sequence, prompt.size(), request_.controls, request_.changes);
  };
  add(request_.prompt);
  if (request_.contrast) add(request_.contrast->prompt_without);
  if (request_.prompt.size() == 1) show(*sequences_.front());
}

void TraceJob::show(Sequence& sequence) const {
  sequence.taps.wants_routes = true;
  sequence.taps.attention_spans = request_.attention_spans;
}

std::size_t TraceJob::prompt_size(const Sequence& sequence) const {
  const bool is_with = &sequence == sequences_.front().get();
  return is_with ? request_.prompt.size() : request_.contrast->prompt_without.size();
}

std::size_t TraceJob::tokens_max() const {
  std::size_t longest = 0;
  for (const auto& sequence : sequences_) longest = std::max(longest, prompt_size(*sequence));
  return longest + request_.tokens.size();
}

void TraceJob::on_chunk(Sequence& sequence, const ChunkResult& result) {
  const bool is_with = &sequence == sequences_.front().get();
  const std::size_t first_row = result.first + result.num_tokens - result.num_rows;
  for (std::size_t row = 0; row < result.num_rows; ++row) {
    const std::size_t position = first_row + row;
    const std::size_t token = position + 1 - prompt_size(sequence);
    // Chunks may come again, when the pages were taken away.
    if (token < traced_.size() || token >= request_.tokens.size()) continue;
    Row& waiting = rows_[token];
    (is_with ? waiting.with : waiting.without).assign(result.row(row).begin(), result.row(row).end());
    if (is_with) waiting.shown = view_of(sequence.taps, position - result.first, true);
  }
  while (!has_ended_ && !rows_.empty()) {
    const Row& next = rows_.begin()->second;
    const bool is_whole = !next.with.empty() && (!request_.contrast || !next.without.empty());
    if (rows_.begin()->first != traced_.size() || !is_whole) return;
    describe(std::move(rows_.extract(rows_.begin()).mapped()));
  }
}

void TraceJob::describe(Row row) {
  double divergence = 0;
  if (request_.contrast) {
    divergence = jensen_shannon_divergence(row.with, row.without);
    row.with = contrasted(row.with, row.without, divergence * request_.contrast->strength);
  }
  auto described = describe_distribution(row.with, request_.tokens[traced_.size()], request_.num_top);
  if (!described) {
    fail(std::move(described).error());
    return;
  }
  traced_.push_back(
      {.described = *std::move(described), .shown = std::move(row.shown), .contrast = divergence});
}

void TraceJob::advance() {
  if (has_ended_) return;
  if (traced_.size() == request_.tokens.size()) {
    has_ended_ = true;
    on_end_(std::move(traced_));
    return;
  }
  for (const auto& sequence : sequences_) {
    if (sequence->pending() > 0) return;
  }
  for (const auto& sequence : sequences_) grow(*sequence);
  show(*sequences_.front());
}

void TraceJob::grow(Sequence& sequence) const {
  const bool is_with = &sequence == sequences_.front().get();
  const auto& prompt = is_with ? request_.prompt : request_.contrast->prompt_without;
  sequence.logits_from = sequence.tokens.size();
  // The text's last token follows from the row of the one before it.
  const std::size_t end = prompt.size() + request_.tokens.size() - 1;
  for (std::size_t count = 0; count < kRowsAtOnce && sequence.tokens.size() < end; ++count) {
    const std::size_t at = sequence.tokens.size();
    sequence.tokens.push_back(at < prompt.size() ? prompt[at] : request_.tokens[at - prompt.size()]);
  }
}

void TraceJob::fail(Error error) {
  if (has_ended_) return;
  has_ended_ = true;
  on_end_(std::move(error));
}

}  // namespace lyceum::model
