#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "model/language_model.hpp"

namespace lyceum::model {

/// The metadata of a model file that holds its blend, as JSON.
inline constexpr const char* kBlendKey = "lyceum.blend";

/// How two models decide a task together: log-odds add up, weighted. A weight below 1 of a model alone makes
/// a choice less sure of itself.
struct BlendWeights {
  double trained = 0;
  double lexical = 0;
  double bias = 0;  ///< Of a quote's score; what is the same for all options changes no choice.

  friend bool operator==(const BlendWeights&, const BlendWeights&) = default;
};

/// By task. Tasks that are not here are the lexical model's.
using Blend = std::map<std::string, BlendWeights, std::less<>>;

/// {"deep_search.evidence": {"trained": 1, "lexical": 0.7, "bias": 0}, …}. invalid_argument, naming the
/// field.
Result<Blend> read_blend(const Json& json);
Json to_json(const Blend& blend);
/// What a model file says of itself ("lyceum.blend", JSON); empty where it says nothing. not_found,
/// malformed.
Result<Blend> blend_of_file_blocking(const std::string& path);

/// A small trained model where it is the better one, together with the rules of the lexical model where both
/// know something, and the lexical model alone elsewhere: a table says which, measured when the model was
/// trained. Quotes of a task of both are the lexical model's, in the order of both.
/// It owns both. Raw chat, white box, embeddings and engine are the trained model's.
std::unique_ptr<LanguageModel> make_blended_model(std::unique_ptr<LanguageModel> trained,
                                                  std::unique_ptr<LanguageModel> lexical, Blend blend);

}  // namespace lyceum::model
