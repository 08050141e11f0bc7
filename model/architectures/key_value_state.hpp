#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "model/architectures/key_value_pages.hpp"

namespace lyceum::model {

/// The keys and values of one sequence: a table of pages. A copy is a fork: it shares all pages and costs no
/// more than a copy of the last one, when either side goes on. Sequences that share pages belong to one
/// thread at a time.
class KeyValueState {
 public:
  explicit KeyValueState(std::shared_ptr<KeyValuePool> pool) : pool_(std::move(pool)) {}

  /// Tokens that a forward pass has taken in.
  std::size_t length() const { return length_; }

  /// Pages that reserve(count) would take from the pool.
  std::size_t pages_to_reserve(std::size_t count) const;

  /// Makes room for `count` more tokens in every layer; their rows are written before they are read. The pool
  /// has pages_to_reserve(count) pages.
  void reserve(std::size_t count);

  /// Counts `count` reserved tokens in.
  void advance(std::size_t count) { length_ += count; }

  /// Forgets the tokens from `length` on.
  void truncate(std::size_t length);

  /// Begins with `length` tokens that another sequence has computed.
  void adopt(std::span<const KeyValuePage> pages, std::size_t length);

  float* key_row(std::size_t layer, std::size_t position);
  float* value_row(std::size_t layer, std::size_t position);
  std::vector<const float*> key_pages(std::size_t layer) const;
  std::vector<const float*> value_pages(std::size_t layer) const;

  const std::vector<KeyValuePage>& pages() const { return pages_; }

  const KeyValuePool& pool() const { return *pool_; }

 private:
  bool must_copy_last(std::size_t count) const;

  std::shared_ptr<KeyValuePool> pool_;
  std::vector<KeyValuePage> pages_{};
  std::size_t length_ = 0;
};

}  // namespace lyceum::model
