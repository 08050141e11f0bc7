#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace lyceum::model {

/// Which experts lie in the slots of a device, and which one makes room for the next: bookkeeping alone.
///
/// The coldest expert goes first. An expert's heat is the number of steps that used it, of which each counts
/// half as much kHalfLife steps later; it is kept for those outside as well, so that what was hot comes back
/// hot. Uses count from the next step on: among experts that every step uses, those go whose next use is the
/// farthest, which are the ones that the step has just passed. (In the order of the recency alone, a model
/// that is larger than the slots would never find anything.)
class ExpertCache {
 public:
  static constexpr double kHalfLife = 64;

  /// Experts are numbered through all layers, in the order in which a step passes them.
  ExpertCache(std::size_t num_experts, std::size_t num_slots);

  std::size_t num_slots() const { return num_slots_; }

  /// A pass through all layers begins.
  void begin_step();
  void use(std::size_t expert);

  std::optional<std::size_t> slot_of(std::size_t expert) const;

  /// Gives an expert that has no slot an empty one, or the coldest one that is not held. `passed` is how many
  /// experts the step has behind it. Nothing: all are held.
  std::optional<std::size_t> admit(std::size_t expert, std::size_t passed);

  /// An expert in a slot does not go while it is held.
  void hold(std::size_t expert);
  void release(std::size_t expert);

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  struct Expert {
    std::size_t slot = kNone;
    double heat;  ///< As a logarithm, and of step 0: fading changes nothing in the order
    bool is_held = false;
  };

  using Rank = std::pair<double, std::size_t>;  ///< Heat and expert

  std::size_t coldest(std::size_t passed) const;

  std::size_t num_slots_;
  std::size_t num_taken_ = 0;
  std::uint64_t step_ = 0;
  std::vector<Expert> experts_;
  std::vector<std::size_t> used_{};  ///< In this step
  std::set<Rank> free_to_go_{};      ///< In a slot and not held
};

}  // namespace lyceum::model
