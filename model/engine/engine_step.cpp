// One batch through the model, and what follows from it.
#include <algorithm>
#include <exception>

#include "base/log.hpp"
#include "kernels/attention.hpp"
#include "model/engine/engine.hpp"

namespace lyceum::model {

bool Engine::step() {
  take_commands();
  admit();
  std::vector<Planned> batch = plan();
  const auto begin_time = MonotonicClock::now();
  counters_.batch_tokens = 0;
  std::size_t prefill = 0;
  for (const Planned& planned : batch) {
    counters_.batch_tokens += planned.tokens.size();
    prefill += planned.is_prefill ? planned.tokens.size() : 0;
  }
  const std::uint64_t decoded = counters_.decode_tokens;
  if (!batch.empty()) compute(batch);
  counters_.prefill_tokens += prefill;
  if (!batch.empty())
    throughput_.add(begin_time, MonotonicClock::now(), prefill, counters_.decode_tokens - decoded);
  end_step();
  publish();
  return !batch.empty();
}

Result<std::vector<float>> Engine::forward(std::span<Planned> batch) const {
  std::vector<SequenceChunk> chunks;
  for (Planned& planned : batch) {
    planned.highest.count = planned.sequence->num_highest;
    Sequence& sequence = *planned.sequence;
    const RoutingControls& controls = sequence.controls_at(sequence.computed());
    const ChunkTaps& taps = sequence.taps;
    const bool is_tapped = taps.wants_routes || taps.wants_final_hidden || !taps.hidden_layers.empty() ||
                           !taps.attention_spans.empty();
    chunks.push_back({.tokens = planned.tokens,
                      .state = &*sequence.state,
                      .num_logits = planned.num_rows,
                      .experts_per_layer = controls.experts_per_layer,
                      .expert_bias = controls.expert_bias,
                      .taps = is_tapped ? &sequence.taps : nullptr,
                      .highest = planned.highest.count > 0 ? &planned.highest : nullptr});
  }
  try {
    return transformer_.forward_blocking(chunks);
  } catch (const std::exception& failure) {
    log_error("engine.step_failed", {{"error", failure.what()}});
    return Error{Errc::internal, std::string("the forward pass failed: ") + failure.what()};
  }
}

/// A batch that fails is computed one by one: only those fail whose own chunk does.
void Engine::compute(std::vector<Planned>& batch) {
  if (const auto logits = forward(batch)) {
    deliver(batch, *logits);
    return;
  }
  for (Planned& planned : batch) {
    if (planned.entry->job->has_ended()) continue;
    const auto logits = forward({&planned, 1});
    if (logits) {
      deliver({&planned, 1}, *logits);
    } else {
      planned.entry->job->fail(logits.error());
    }
  }
}

void Engine::deliver(std::span<Planned> batch, std::span<const float> logits) {
  const std::size_t width = transformer_.config().vocabulary_size;
  for (Planned& planned : batch) {
    const std::size_t size = planned.highest.count > 0 ? 0 : planned.num_rows * width;
    deliver(planned, logits.first(size));
    logits = logits.subspan(size);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Job& job = *batch[i].entry->job;
    const bool is_again = i > 0 && batch[i - 1].entry == batch[i].entry;
    if (is_again || job.has_ended()) continue;
    try {
      job.advance();
    } catch (const std::exception& failure) {
      job.fail({Errc::internal, std::string("the request failed: ") + failure.what()});
    }
    if (options_.counts_experts) {
      for (const auto& sequence : job.sequences()) sequence->taps.wants_routes = true;
    }
    if (job.wants_hold()) batch[i].entry->is_paused = true;
    job.clear_hold();
  }
}

void Engine::deliver(Planned& planned, std::span<const float> logits) {
  Job& job = *planned.entry->job;
  Sequence& sequence = *planned.sequence;
  const std::size_t first = sequence.computed() - planned.tokens.size();
  if (options_.counts_experts) count_experts(planned);
  const std::size_t length_before = sequence.tokens.size();
  const bool has_drafts = sequence.computed() > length_before;
  try {
    const ChunkResult result{.first = first,
                             .num_tokens = planned.tokens.size(),
                             .logits = logits,
                             .num_rows = planned.num_rows,
                             .highest = planned.highest.count > 0 ? &planned.highest : nullptr};
    if (!job.has_ended()) job.on_chunk(sequence, result);
  } catch (const std::exception& failure) {
    job.fail({Errc::internal, std::string("the request failed: ") + failure.what()});
  }
  counters_.decode_tokens += sequence.tokens.size() - length_before;
  // Of the drafts those stay that became tokens; the last token is no draft, or comes once more.
  if (has_drafts)
    sequence.state->truncate(
        std::min(sequence.computed(), std::max(length_before, sequence.tokens.size() - 1)));
  const std::size_t pages = sequence.shareable() / kernels::kAttentionPage;
  if (pages > first / kernels::kAttentionPage) share_pages(sequence, pages * kernels::kAttentionPage);
}

void Engine::count_experts(const Planned& planned) {
  const auto& routes = planned.sequence->taps.routes;
  for (std::size_t layer = 0; layer < routes.size(); ++layer) {
    for (const std::int32_t expert : routes[layer].experts)
      ++counters_.expert_tokens[layer][static_cast<std::size_t>(expert)];
  }
}

void Engine::share_pages(const Sequence& sequence, std::size_t num_tokens) {
  const std::size_t pages = (num_tokens + kernels::kAttentionPage - 1) / kernels::kAttentionPage;
  cache_.insert(sequence.cache_variant(), std::span(sequence.tokens).first(num_tokens),
                std::span(sequence.state->pages()).first(pages));
}

void Engine::end_step() {
  std::size_t num_ended = 0;
  for (const auto& entry : entries_) {
    if (!entry->job->has_ended()) continue;
    ++num_ended;
    const Sequence& first = *entry->job->sequences().front();
    if (first.shareable() > 0) share_pages(first, first.shareable());
  }
  if (num_ended > 0) {
    std::erase_if(entries_, [](const auto& entry) { return entry->job->has_ended(); });
    const std::lock_guard lock(mutex_);
    num_jobs_ -= num_ended;
  }
  sort_entries();
}

void Engine::publish() {
  counters_.num_waiting = 0;
  counters_.num_running = 0;
  counters_.num_paused = 0;
  for (const auto& entry : entries_) {
    if (entry->is_paused) {
      ++counters_.num_paused;
    } else {
      ++(entry->is_admitted ? counters_.num_running : counters_.num_waiting);
    }
  }
  counters_.num_pages_cached = cache_.num_idle_pages();
  counters_.num_pages_used = pool_->num_used() - counters_.num_pages_cached;
  counters_.prefill_tokens_per_s = throughput_.prefill_per_s();
  counters_.decode_tokens_per_s = throughput_.decode_per_s();
  if (const auto fetches = transformer_.expert_fetches_blocking()) {
    counters_.num_expert_slots = fetches->num_slots;
    counters_.expert_uses = fetches->num_uses;
    counters_.expert_hits = fetches->num_hits;
    counters_.expert_fetched_bytes = fetches->fetched_bytes;
  }
  const std::lock_guard lock(mutex_);
  status_ = counters_;
}

}  // namespace lyceum::model
