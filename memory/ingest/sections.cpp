#include "memory/ingest/sections.hpp"

#include <utility>

#include "memory/ingest/parse.hpp"

namespace lyceum::memory {

void SectionBuilder::open(int level, std::size_t begin) {
  is_full_ = sections_.size() >= kMaxSections;
  if (is_full_) return;
  close(level, begin);
  open_.push_back(sections_.size());
  sections_.push_back({.level = level, .begin = begin});
}

void SectionBuilder::add_title(std::string_view part) {
  if (is_full_ || sections_.empty() || sections_.back().title.size() > kMaxTitleBytes) return;
  sections_.back().title += part;
}

std::vector<Section> SectionBuilder::finish(std::size_t text_bytes) && {
  close(0, text_bytes);
  for (Section& section : sections_) section.title = tidy_title(section.title);
  return std::move(sections_);
}

void SectionBuilder::close(int level, std::size_t end) {
  while (!open_.empty() && sections_[open_.back()].level >= level) {
    sections_[open_.back()].end = end;
    open_.pop_back();
  }
}

}  // namespace lyceum::memory
