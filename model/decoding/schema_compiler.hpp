#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/decoding/grammar.hpp"
#include "model/decoding/json_grammar.hpp"
#include "model/decoding/schema_merge.hpp"

namespace lyceum::model {

/// Turns one schema into a grammar. Functions that return Result<bool> add a part between the states of a
/// gap; false when no value fits, and then what they added must not be reached.
class SchemaCompiler {
 public:
  /// `root` must outlive this.
  explicit SchemaCompiler(const Json& root) : root_(root), merger_(root) {}

  Result<Grammar> compile();

 private:
  struct Gap {
    GrammarState from = 0;
    GrammarState to = 0;
  };

  /// A rule of its own, so that a part can be called from several places.
  struct Part {
    RuleId rule = 0;
    Gap gap{};
  };

  struct Member {
    RuleId rule = 0;
    bool is_required = false;
  };

  Part add_part(std::string name, std::uint32_t levels);
  bool none_fits(const std::string& path, const std::string& why);

  Result<bool> add_schema(Gap gap, const Json& schema, const std::string& path);
  Result<bool> add_constrained(Gap gap, const Json& schema, const std::string& path);
  Result<bool> add_reference(Gap gap, const std::string& reference, const std::string& path);
  Result<bool> add_flat(Gap gap, const Json& flat, const std::string& path);
  Result<bool> add_alternatives(Gap gap, const Json& flat, const char* keyword, const std::string& path);
  Result<void> check_disjoint(const Json& branches, const std::string& path);
  Result<bool> add_values(Gap gap, const Json& flat, const std::string& path);

  Result<bool> add_type(Gap gap, const Json& flat, const std::string& type, const std::string& path);
  Result<bool> add_text_type(Gap gap, const Json& flat, const std::string& path);
  Result<bool> add_integer_type(Gap gap, const Json& flat, const std::string& path);
  Result<bool> add_number_type(Gap gap, const Json& flat, const std::string& path);
  Result<bool> add_array_type(Gap gap, const Json& flat, const std::string& path);
  Result<bool> add_object_type(Gap gap, const Json& flat, const std::string& path);
  Result<std::optional<RuleId>> add_member(const Json& schema, const std::string& name,
                                           const std::string& path);
  Result<std::optional<RuleId>> add_other_member(const Json& schema, const std::vector<std::string>& names,
                                                 const std::string& path);
  void add_members(const Part& object, const std::vector<Member>& members, std::optional<RuleId> other);

  const Json& root_;
  SchemaMerger merger_;
  GrammarBuilder builder_{};
  AnyValue any_{};
  std::map<std::string, RuleId> references_{};
  std::map<std::string, bool> reference_is_possible_{};
  std::string impossible_{};  ///< Where and why a schema first fitted nothing
  std::size_t num_schemas_ = 0;
  int depth_ = 0;
};

}  // namespace lyceum::model
