#include "model/architectures/architecture.hpp"

#include <array>
#include <string>

namespace lyceum::model {
namespace {

using kernels::RopePairs;

// A new family is a row here when its layers are made of the same parts.
constexpr std::array kArchitectures{
    Architecture{.name = "llama", .rope_pairs = RopePairs::adjacent, .renormalizes_experts = true},
    Architecture{.name = "qwen2", .has_query_key_value_bias = true},
    Architecture{.name = "qwen2moe", .has_query_key_value_bias = true, .has_gated_shared_expert = true},
    Architecture{.name = "qwen3", .query_key_norm = QueryKeyNorm::per_head},
    Architecture{.name = "qwen3moe", .query_key_norm = QueryKeyNorm::per_head, .renormalizes_experts = true},
    Architecture{.name = "olmoe", .query_key_norm = QueryKeyNorm::whole},
    Architecture{.name = "deepseek2", .rope_pairs = RopePairs::adjacent, .is_latent = true},
};

}  // namespace

Result<Architecture> find_architecture(std::string_view name) {
  std::string known;
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == name) return architecture;
    if (!known.empty()) known += ", ";
    known += architecture.name;
  }
  return Error{Errc::unsupported,
               "unknown architecture \"" + std::string(name.substr(0, 64)) + "\"; known are " + known};
}

}  // namespace lyceum::model
