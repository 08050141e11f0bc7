#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "memory/documents.hpp"

namespace lyceum::memory {

/// Makes sections of headings that come in the text's order: each reaches to the next one of its level or
/// above.
class SectionBuilder {
 public:
  void open(int level, std::size_t begin);
  /// Adds to the title of the section opened last.
  void add_title(std::string_view part);
  /// In the order of their begins, outer before inner.
  std::vector<Section> finish(std::size_t text_bytes) &&;

 private:
  void close(int level, std::size_t end);

  std::vector<Section> sections_;
  std::vector<std::size_t> open_;  // Indexes of the sections that have not ended, outermost first.
  bool is_full_ = false;
};

}  // namespace lyceum::memory
