#pragma once

#include <string>
#include <vector>

#include "base/json_lines.hpp"

namespace lyceum::cli {

/// All rows of the files of data/set whose names begin with `prefix`.
Result<std::vector<Json>> read_set_blocking(const std::string& data, const std::string& set,
                                            const std::string& prefix);

/// `count` of them, evenly spread; all when there are no more.
template <class T>
std::vector<T> spread(std::vector<T> items, std::size_t count) {
  if (items.size() <= count) return items;
  std::vector<T> chosen;
  chosen.reserve(count);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(std::move(items[i * items.size() / count]));
  return chosen;
}

/// Makes a row's unexpected form an error instead of an exception.
template <class Make>
auto guarded(const std::string& set, Make make) -> decltype(make()) {
  try {
    return make();
  } catch (const Json::exception& unexpected) {
    return Error{Errc::malformed, set + ": " + unexpected.what()};
  }
}

}  // namespace lyceum::cli
