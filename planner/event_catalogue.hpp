#pragma once

#include <string_view>

namespace lyceum::planner {

/// planner/event_catalogue.json, which defines every event type.
std::string_view event_catalogue_json();

/// True for a type of the catalogue that is durable.
bool is_fact(std::string_view type);

}  // namespace lyceum::planner
