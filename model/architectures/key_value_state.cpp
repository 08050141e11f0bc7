#include "model/architectures/key_value_state.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "kernels/attention.hpp"

namespace lyceum::model {
namespace {

using kernels::kAttentionPage;

std::size_t pages_of(std::size_t num_tokens) {
  return (num_tokens + kAttentionPage - 1) / kAttentionPage;
}

}  // namespace

// Rows are only ever appended, so of shared pages none but a last one with room is written.
bool KeyValueState::must_copy_last(std::size_t count) const {
  const std::size_t used = length_ % kAttentionPage;
  return count > 0 && used > 0 && pages_[length_ / kAttentionPage].use_count() > 1;
}

std::size_t KeyValueState::pages_to_reserve(std::size_t count) const {
  const std::size_t needed = pages_of(length_ + count);
  return (needed > pages_.size() ? needed - pages_.size() : 0) + (must_copy_last(count) ? 1 : 0);
}

void KeyValueState::reserve(std::size_t count) {
  if (must_copy_last(count)) {
    KeyValuePage own = pool_->take();
    KeyValuePage& last = pages_[length_ / kAttentionPage];
    pool_->copy_page(last, own);
    last = std::move(own);
  }
  while (pages_.size() < pages_of(length_ + count)) pages_.push_back(pool_->take());
}

void KeyValueState::truncate(std::size_t length) {
  LYCEUM_CHECK(length <= length_);
  length_ = length;
  pages_.resize(pages_of(length));
}

void KeyValueState::adopt(std::span<const KeyValuePage> pages, std::size_t length) {
  LYCEUM_CHECK(length_ == 0 && pages.size() == pages_of(length));
  pages_.assign(pages.begin(), pages.end());
  length_ = length;
}

float* KeyValueState::key_row(std::size_t layer, std::size_t position) {
  return pages_[position / kAttentionPage].get() + layer * pool_->layer_floats() +
         position % kAttentionPage * pool_->extents().key_stride;
}

float* KeyValueState::value_row(std::size_t layer, std::size_t position) {
  const KeyValueExtents extents = pool_->extents();
  return pages_[position / kAttentionPage].get() + layer * pool_->layer_floats() +
         kAttentionPage * extents.key_stride + position % kAttentionPage * extents.value_stride;
}

std::vector<const float*> KeyValueState::key_pages(std::size_t layer) const {
  std::vector<const float*> pages;
  pages.reserve(pages_.size());
  for (const KeyValuePage& page : pages_) pages.push_back(page.get() + layer * pool_->layer_floats());
  return pages;
}

std::vector<const float*> KeyValueState::value_pages(std::size_t layer) const {
  std::vector<const float*> pages = key_pages(layer);
  if (pool_->extents().value_stride == 0) return pages;
  for (const float*& page : pages) page += kAttentionPage * pool_->extents().key_stride;
  return pages;
}

}  // namespace lyceum::model
