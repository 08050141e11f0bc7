#pragma once

#include <memory>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/decoding/token_constraint.hpp"
#include "model/decoding/token_trie.hpp"

/// Constraints by a grammar over bytes. Making one costs a compilation; keep it and clone it for each request
/// with the same grammar, then they also share the masks that were computed (on one thread at a time).
namespace lyceum::model {

inline constexpr std::size_t kMaxGrammarBytes = 256U << 10U;

/// The text is one JSON value that is valid under `schema`, written as dump_json writes it (no escapes but
/// the needed ones; properties in the order of their names), but with an optional space after each ',' and
/// ':'. At most kMaxJsonDepth levels. model/README.md lists the keywords. Errors, each with the schema's
/// path: unsupported for a keyword or a combination that is not implemented (none is ignored but
/// annotations), invalid_argument for a schema that is wrong or that no value satisfies, too_large.
Result<std::unique_ptr<TokenConstraint>> json_schema_constraint(const Json& schema,
                                                                std::shared_ptr<const TokenTrie> vocabulary);

/// The text is one that rule `root` of a GBNF grammar makes. Characters are Unicode's, as UTF-8. Errors:
/// malformed, with line and column; invalid_argument for an unknown rule, left recursion, or rules that
/// cannot end; too_large.
Result<std::unique_ptr<TokenConstraint>> grammar_constraint(std::string_view gbnf,
                                                            std::shared_ptr<const TokenTrie> vocabulary);

}  // namespace lyceum::model
