#include "model/architectures/device_expert_cache.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.hpp"

namespace lyceum::model {

ExpertCache::ExpertCache(std::size_t num_experts, std::size_t num_slots)
    : num_slots_(num_slots),
      experts_(num_experts, Expert{.heat = -std::numeric_limits<double>::infinity()}) {}

void ExpertCache::begin_step() {
  std::ranges::sort(used_);
  const auto repeated = std::ranges::unique(used_);
  used_.erase(repeated.begin(), repeated.end());
  const double now = static_cast<double>(step_) / kHalfLife;
  for (const std::size_t index : used_) {
    Expert& expert = experts_[index];
    const bool is_ranked = free_to_go_.erase({expert.heat, index}) > 0;
    expert.heat = now + std::log2(1.0 + std::exp2(expert.heat - now));
    if (is_ranked) free_to_go_.insert({expert.heat, index});
  }
  used_.clear();
  ++step_;
}

void ExpertCache::use(std::size_t expert) {
  used_.push_back(expert);
}

std::optional<std::size_t> ExpertCache::slot_of(std::size_t expert) const {
  const std::size_t slot = experts_[expert].slot;
  return slot == kNone ? std::nullopt : std::optional(slot);
}

/// Of those that are as cold: the last one that the step has passed, else the last one of all.
std::size_t ExpertCache::coldest(std::size_t passed) const {
  const double heat = free_to_go_.begin()->first;
  const auto behind = free_to_go_.lower_bound({heat, passed});
  if (behind != free_to_go_.begin()) {
    const auto last = std::prev(behind);
    if (last->first == heat) return last->second;
  }
  return std::prev(free_to_go_.upper_bound({heat, kNone}))->second;
}

std::optional<std::size_t> ExpertCache::admit(std::size_t expert, std::size_t passed) {
  LYCEUM_CHECK(experts_[expert].slot == kNone);
  std::size_t slot = num_taken_;
  if (num_taken_ < num_slots_) {
    ++num_taken_;
  } else {
    if (free_to_go_.empty()) return std::nullopt;
    const std::size_t victim = coldest(passed);
    free_to_go_.erase({experts_[victim].heat, victim});
    slot = std::exchange(experts_[victim].slot, kNone);
  }
  experts_[expert].slot = slot;
  free_to_go_.insert({experts_[expert].heat, expert});
  return slot;
}

void ExpertCache::hold(std::size_t expert) {
  LYCEUM_CHECK(experts_[expert].slot != kNone);
  experts_[expert].is_held = true;
  free_to_go_.erase({experts_[expert].heat, expert});
}

void ExpertCache::release(std::size_t expert) {
  LYCEUM_CHECK(experts_[expert].is_held);
  experts_[expert].is_held = false;
  free_to_go_.insert({experts_[expert].heat, expert});
}

}  // namespace lyceum::model
