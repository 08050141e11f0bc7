// Who is in the batch, and with how many tokens.
#include <algorithm>

#include "kernels/attention.hpp"
#include "model/engine/engine.hpp"

namespace lyceum::model {
namespace {

using kernels::kAttentionPage;

bool holds_pages(Job& job) {
  return std::ranges::any_of(job.sequences(), [](const auto& sequence) {
    return sequence->state && !sequence->state->pages().empty();
  });
}

/// Of what `sequence` may take over, the tokens that `running` has computed.
std::size_t computed_alike(const Sequence& running, const Sequence& sequence, std::size_t useful) {
  if (&running == &sequence || !running.state || running.cache_variant() != sequence.cache_variant())
    return 0;
  const auto computed = std::span(running.tokens).first(std::min(running.shareable(), running.tokens.size()));
  const auto wanted = std::span(sequence.tokens).first(useful);
  return static_cast<std::size_t>(std::ranges::mismatch(computed, wanted).in1 - computed.begin());
}

}  // namespace

void Engine::begin(Sequence& sequence) {
  sequence.state.emplace(pool_);
  if (!sequence.uses_cache) return;
  // The last token is computed in any case, for its logits.
  const std::size_t useful =
      std::min({sequence.tokens.size() - 1, sequence.logits_from, sequence.next_change(0)});
  PrefixCache::Hit hit = cache_.find(sequence.cache_variant(), std::span(sequence.tokens).first(useful));
  // The cache gets the pages of those that run when they are full; a fork wants the last one, too.
  for (const auto& entry : entries_) {
    for (const auto& running : entry->job->sequences()) {
      const std::size_t length = computed_alike(*running, sequence, useful);
      if (length <= hit.length) continue;
      const auto& pages = running->state->pages();
      const auto count = static_cast<std::ptrdiff_t>((length + kAttentionPage - 1) / kAttentionPage);
      hit = {.pages = {pages.begin(), pages.begin() + count}, .length = length};
    }
  }
  sequence.state->adopt(hit.pages, hit.length);
  sequence.num_cached = hit.length;
  counters_.cached_tokens += hit.length;
}

void Engine::take_pages(Entry& entry) {
  for (const auto& sequence : entry.job->sequences()) sequence->state.reset();
  entry.is_admitted = false;
}

/// Frees pages at the expense of prefixes that nobody uses, then of jobs that come after `entry`.
bool Engine::make_room(const Entry& entry, std::size_t num_pages, Yields yields) {
  while (pool_->num_available() < num_pages) {
    if (cache_.evict()) continue;
    const auto victim = std::find_if(entries_.rbegin(), entries_.rend(), [&](const auto& other) {
      const bool may_take =
          yields == Yields::all_after || other->is_paused || other->priority > entry.priority;
      return may_take && comes_before(entry, *other) && holds_pages(*other->job);
    });
    if (victim == entries_.rend()) return false;
    take_pages(**victim);
  }
  return true;
}

/// In order, while the pages for what is known of a job are there; none overtakes another.
void Engine::admit() {
  auto num_admitted = static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& entry) { return entry->is_admitted; }));
  for (const auto& entry : entries_) {
    if (entry->is_admitted || entry->is_paused || entry->job->has_ended()) continue;
    if (num_admitted >= options_.jobs_max) return;
    Sequence& first = *entry->job->sequences().front();
    begin(first);
    if (!make_room(*entry, first.state->pages_to_reserve(first.pending()), Yields::lower_priorities)) {
      first.state.reset();
      return;
    }
    entry->is_admitted = true;
    ++num_admitted;
  }
}

/// Pages for a sequence's next tokens; what cannot be had elsewhere, its job's later sequences give.
bool Engine::reserve(Entry& entry, std::size_t index, std::size_t num_tokens) {
  auto& sequences = entry.job->sequences();
  KeyValueState& state = *sequences[index]->state;
  while (!make_room(entry, state.pages_to_reserve(num_tokens), Yields::all_after)) {
    const auto last = std::find_if(sequences.rbegin(), sequences.rend(), [](const auto& sequence) {
      return sequence->state && sequence->pending() > 0 && !sequence->state->pages().empty();
    });
    if (last == sequences.rend() || last->get() == sequences[index].get()) return false;
    if (sequences.rend() - last - 1 < static_cast<std::ptrdiff_t>(index)) return false;
    (*last)->state.reset();
  }
  state.reserve(num_tokens);
  return true;
}

void Engine::plan_sequence(Entry& entry, std::size_t index, std::size_t& budget,
                           std::vector<Planned>& batch) {
  Sequence& sequence = *entry.job->sequences()[index];
  if (sequence.pending() == 0) return;
  if (!sequence.state) begin(sequence);
  const std::size_t first = sequence.computed();
  const std::size_t pending = sequence.pending();
  std::size_t count = pending == 1 ? 1 : std::min({pending, budget, sequence.next_change(first) - first});
  if (count == 0) return;
  const std::size_t context = transformer_.config().context_length;
  const std::size_t drafts =
      pending == 1 ? std::min({sequence.drafts.size(), budget, context - sequence.tokens.size()}) : 0;
  if (!reserve(entry, index, count + drafts)) return;
  Planned planned{.entry = &entry, .sequence = &sequence, .is_prefill = pending > 1};
  const auto known = std::span(sequence.tokens).subspan(first, count);
  planned.tokens.assign(known.begin(), known.end());
  planned.tokens.insert(planned.tokens.end(), sequence.drafts.begin(),
                        sequence.drafts.begin() + static_cast<std::ptrdiff_t>(drafts));
  const std::size_t end = first + planned.tokens.size();
  planned.num_rows = end > sequence.logits_from ? end - std::max(first, sequence.logits_from) : 0;
  budget -= pending == 1 ? drafts : count;
  batch.push_back(std::move(planned));
}

std::vector<Engine::Planned> Engine::plan() {
  std::size_t num_decoding = 0;
  for (const auto& entry : entries_) {
    if (!entry->is_admitted || entry->is_paused) continue;
    num_decoding += static_cast<std::size_t>(std::ranges::count_if(
        entry->job->sequences(), [](const auto& sequence) { return sequence->pending() == 1; }));
  }
  // Decoding comes first, but may not keep prefill from going on.
  const std::size_t least = std::max<std::size_t>(1, options_.step_tokens_max / 8);
  std::size_t budget =
      std::max(least, options_.step_tokens_max - std::min(options_.step_tokens_max, num_decoding));
  std::vector<Planned> batch;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& entry = *entries_[i];
    if (!entry.is_admitted || entry.is_paused) continue;
    for (std::size_t index = 0; index < entry.job->sequences().size(); ++index)
      plan_sequence(entry, index, budget, batch);
  }
  return batch;
}

}  // namespace lyceum::model
