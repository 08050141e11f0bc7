#include "model/engine/scoring.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "model/decoding/sampler.hpp"

namespace lyceum::model {

ScoreJob::ScoreJob(ScoreRequest request, OnEnd on_end)
    : request_(std::move(request)), on_end_(std::move(on_end)) {
  Sequence& prefix = add_sequence(request_.prefix);
  prefix.logits_from = prefix.tokens.empty() ? 0 : prefix.tokens.size() - 1;
  if (request_.controls != RoutingControls{}) prefix.controls[0] = request_.controls;
  for (const auto& continuation : request_.continuations)
    scores_.continuations.push_back(
        {.logprobs = std::vector<double>(continuation.size()),
         .read_logits = std::vector<float>(request_.read.size() *
                                           std::max<std::size_t>(1, request_.read_after.size()))});
  LYCEUM_CHECK(request_.read_after.empty() || request_.continuations.size() == 1);
}

std::size_t ScoreJob::tokens_max() const {
  std::size_t longest = 0;
  for (const auto& continuation : request_.continuations) longest = std::max(longest, continuation.size());
  return request_.prefix.size() + longest;
}

/// The last token's own row is only of use to `read`.
std::size_t ScoreJob::needed_tokens(const std::vector<TokenId>& continuation) const {
  return request_.read.empty() && !continuation.empty() ? continuation.size() - 1 : continuation.size();
}

/// `position`: how many tokens of the continuation the row has seen.
void ScoreJob::read_row(std::size_t continuation, std::size_t position, std::span<const float> row) {
  const auto& tokens = request_.continuations[continuation];
  ContinuationScore& score = scores_.continuations[continuation];
  if (request_.wants_logprobs && position < tokens.size()) {
    const auto described = describe_distribution(row, tokens[position], 0);
    if (!described) {
      fail(described.error());
      return;
    }
    score.logprobs[position] = described->logprob;
  }
  std::size_t place = 0;
  if (request_.read_after.empty()) {
    if (position != tokens.size()) return;
  } else {
    const auto found = std::ranges::lower_bound(request_.read_after, position);
    if (found == request_.read_after.end() || *found != position) return;
    place = static_cast<std::size_t>(found - request_.read_after.begin());
  }
  for (std::size_t i = 0; i < request_.read.size(); ++i)
    score.read_logits[place * request_.read.size() + i] = row[static_cast<std::size_t>(request_.read[i])];
}

void ScoreJob::on_chunk(Sequence& sequence, const ChunkResult& result) {
  scores_.computed_tokens += result.num_tokens;
  const std::size_t prefix_size = request_.prefix.size();
  const std::size_t first_row = result.first + result.num_tokens - result.num_rows;
  const auto fork = continuation_of_.find(&sequence);
  for (std::size_t row = 0; row < result.num_rows && !has_ended_; ++row) {
    const std::size_t position = first_row + row + 1 - prefix_size;
    if (fork != continuation_of_.end()) {
      read_row(fork->second, position, result.row(row));
      continue;
    }
    has_prefix_ = true;
    for (std::size_t i = 0; i < request_.continuations.size() && !has_ended_; ++i)
      read_row(i, position, result.row(row));
  }
}

void ScoreJob::fork() {
  has_forked_ = true;
  const Sequence& prefix = *sequences_.front();
  scores_.cached_tokens = prefix.num_cached;
  for (std::size_t i = 0; i < request_.continuations.size(); ++i) {
    const auto& continuation = request_.continuations[i];
    const std::size_t needed = needed_tokens(continuation);
    if (needed == 0) continue;
    std::vector<TokenId> tokens = request_.prefix;
    tokens.insert(tokens.end(), continuation.begin(),
                  continuation.begin() + static_cast<std::ptrdiff_t>(needed));
    Sequence& fork = add_sequence(std::move(tokens));
    fork.logits_from = fork.tokens.size() - 1;
    if (!request_.read_after.empty())
      fork.logits_from = request_.prefix.size() + request_.read_after.front() - 1;
    if (request_.wants_logprobs) fork.logits_from = request_.prefix.size();
    fork.controls = sequences_.front()->controls;
    fork.state = sequences_.front()->state;
    continuation_of_[&fork] = i;
  }
}

void ScoreJob::advance() {
  if (has_ended_ || !has_prefix_) return;
  if (!has_forked_) fork();
  std::erase_if(sequences_, [&](const auto& sequence) {
    return sequence->pending() == 0 && continuation_of_.erase(sequence.get()) > 0;
  });
  if (!continuation_of_.empty()) return;
  has_ended_ = true;
  on_end_(std::move(scores_));
}

void ScoreJob::fail(Error error) {
  if (has_ended_) return;
  has_ended_ = true;
  on_end_(std::move(error));
}

}  // namespace lyceum::model
