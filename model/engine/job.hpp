#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "model/engine/sequence.hpp"

namespace lyceum::model {

/// A waiting person first.
enum class Priority : std::uint8_t { interactive, normal, background };

/// One request in the batch loop: it owns sequences and decides what follows from their logits. The engine
/// calls it on its own thread only; a job ends by itself (has_ended) or by fail(), and tells its client.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  /// Those with pending tokens get their next chunk computed. Addresses hold until the next advance().
  std::vector<std::unique_ptr<Sequence>>& sequences() { return sequences_; }

  /// A chunk of `sequence` has been computed. It may come again: when pages are short, the engine takes those
  /// of a sequence away and computes its tokens once more, to the same bits.
  virtual void on_chunk(Sequence& sequence, const ChunkResult& result) = 0;

  /// After all chunks of a step: makes tokens and sequences for the next.
  virtual void advance() {}

  /// Ends it with an error.
  virtual void fail(Error error) = 0;

  /// Tokens that its longest sequence may come to have.
  virtual std::size_t tokens_max() const = 0;

  bool has_ended() const { return has_ended_; }

  /// Asks the engine not to go on until it is resumed.
  bool wants_hold() const { return wants_hold_; }

  void clear_hold() { wants_hold_ = false; }

 protected:
  Sequence& add_sequence(std::vector<TokenId> tokens) {
    sequences_.push_back(std::make_unique<Sequence>());
    sequences_.back()->tokens = std::move(tokens);
    return *sequences_.back();
  }

  std::vector<std::unique_ptr<Sequence>> sequences_{};
  bool has_ended_ = false;
  bool wants_hold_ = false;
};

}  // namespace lyceum::model
