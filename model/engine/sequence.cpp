#include "model/engine/sequence.hpp"

#include <algorithm>
#include <cstring>

namespace lyceum::model {
namespace {

template <class T>
void append_bytes(std::string& text, const std::vector<T>& values) {
  const std::size_t size = values.size();
  text.append(reinterpret_cast<const char*>(&size), sizeof size);
  text.append(reinterpret_cast<const char*>(values.data()), size * sizeof(T));
}

}  // namespace

const RoutingControls& Sequence::controls_at(std::size_t position) const {
  static const RoutingControls own;
  const auto after = controls.upper_bound(position);
  return after == controls.begin() ? own : std::prev(after)->second;
}

std::size_t Sequence::next_change(std::size_t position) const {
  const auto after = controls.upper_bound(position);
  return after == controls.end() ? std::numeric_limits<std::size_t>::max() : after->first;
}

std::string Sequence::cache_variant() const {
  const RoutingControls& first = controls_at(0);
  if (first == RoutingControls{}) return "";
  std::string variant;
  append_bytes(variant, first.experts_per_layer);
  append_bytes(variant, first.expert_bias);
  return variant;
}

std::size_t Sequence::shareable() const {
  return uses_cache ? std::min(computed(), next_change(0)) : 0;
}

}  // namespace lyceum::model
