#pragma once

#include <memory>
#include <string>

#include "model/decoding/token_mask.hpp"

namespace lyceum::model {

/// What a generation may write next. Give `allowed()` to the sampler, then `accept` what it took:
///
///   auto token = sampler.sample(logits, history, &constraint->allowed(), position);
///   constraint->accept(token->token);
///   if (constraint->has_ended() || constraint->must_end()) stop;
///
/// A constraint and its clones share caches: use them on one thread at a time. Deterministic.
class TokenConstraint {
 public:
  TokenConstraint() = default;
  TokenConstraint& operator=(const TokenConstraint&) = delete;
  virtual ~TokenConstraint() = default;

  /// The tokens that may come next; the vocabulary's end tokens are among them where the text may end.
  /// Special tokens that do not end are never allowed. Empty only after an end token, or where the vocabulary
  /// has no token for the bytes that must follow (never when every byte is a token). Valid until the next
  /// call.
  virtual const TokenMask& allowed() = 0;
  /// False, and nothing changes, when `token` is not in `allowed()`.
  virtual bool accept(TokenId token) = 0;
  /// The text so far is complete.
  virtual bool may_end() = 0;
  /// The text so far is complete and nothing but an end token may follow.
  virtual bool must_end() = 0;

  /// The fewest bytes that make the text so far complete; empty where it is, and where none are known.
  virtual std::string shortest_completion() { return {}; }

  /// An end token was accepted.
  virtual bool has_ended() const = 0;
  /// The same state, to go another way from here. Costs no more than a few copies of small vectors.
  virtual std::unique_ptr<TokenConstraint> clone() const = 0;

 protected:
  TokenConstraint(const TokenConstraint&) = default;
};

}  // namespace lyceum::model
