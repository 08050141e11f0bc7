#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/architectures/transformer.hpp"
#include "model/tokenizer/tokenizer.hpp"

namespace lyceum::model {

/// What a request changes in the routing of its tokens. Empty: the model's own.
struct RoutingControls {
  std::vector<std::size_t> experts_per_layer{};
  std::vector<float> expert_bias{};

  friend bool operator==(const RoutingControls&, const RoutingControls&) = default;
};

/// The tokens of one context, of which the first `computed()` are in pages.
struct Sequence {
  static constexpr std::size_t kNoLogits = std::numeric_limits<std::size_t>::max();

  std::vector<TokenId> tokens{};
  /// Guesses at the tokens after these; computed with the last token and then forgotten.
  std::vector<TokenId> drafts{};
  std::size_t logits_from = kNoLogits;  ///< Rows are wanted for the tokens from this one on.
  /// From a position on; they hold for the tokens computed there, however often that is done.
  std::map<std::size_t, RoutingControls> controls{};
  /// Rows come as so many highest logits; 0: whole. At most kHighestLogitsMax.
  std::size_t num_highest = 0;
  bool uses_cache = true;  ///< Tokens that another request has computed need not be computed again.
  ChunkTaps taps{};
  /// Absent while the engine has not admitted the sequence or has taken its pages away.
  std::optional<KeyValueState> state{};
  std::size_t num_cached = 0;  ///< Tokens that came from the prefix cache.

  std::size_t computed() const { return state ? state->length() : 0; }

  std::size_t pending() const { return tokens.size() - computed(); }

  /// In force for the token at `position`.
  const RoutingControls& controls_at(std::size_t position) const;
  /// The first position after `position` where others are in force; npos when there is none.
  std::size_t next_change(std::size_t position) const;
  /// Names what keys and values depend on besides the tokens, as far as `shareable()` reaches.
  std::string cache_variant() const;
  /// Tokens whose pages others may take.
  std::size_t shareable() const;
};

/// What a forward pass gave for one chunk of a sequence. Valid during the call.
struct ChunkResult {
  std::size_t first = 0;  ///< Position of its first token.
  std::size_t num_tokens = 0;
  std::span<const float> logits{};  ///< Rows of its last tokens, as many as were wanted.
  std::size_t num_rows = 0;
  const HighestLogits* highest = nullptr;  ///< The rows, where the sequence wants the highest alone.

  std::span<const float> row(std::size_t index) const {
    return logits.subspan(index * (logits.size() / num_rows), logits.size() / num_rows);
  }

  std::span<const float> last_row() const { return row(num_rows - 1); }
};

}  // namespace lyceum::model
