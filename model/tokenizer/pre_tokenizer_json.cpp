#include "model/tokenizer/pre_tokenizer_json.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "model/files/gguf_parser.hpp"
#include "model/tokenizer/json_fields.hpp"

namespace lyceum::model {
namespace {

/// Steps that are no patterns, as they stand in the lists below.
constexpr std::string_view kByteLevel = "ByteLevel with its own pattern";
constexpr std::string_view kSingleDigits = "single digits";

constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kDeepseek3Words =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Known {
  std::string_view name{};
  /// A pattern that ends in "*…" stands for all that begin like it: that one lists hundreds of letters.
  std::vector<std::string_view> steps{};
};

const std::vector<Known>& known_pre_tokenizers() {
  static const std::vector<Known> all = {
      {"gpt-2", {kByteLevel}},
      {"llama-bpe", {kLlama3}},
      {"qwen2", {kQwen2}},
      {"deepseek-v3", {R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+", kDeepseek3Words}},
      {"deepseek-llm",
       {R"([\r\n])", R"(\s?[A-Za-zµÀ-Ö*…)", R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)", R"(\s+$)",
        "[一-龥ࠀ-一가-\xED\x9F\xBF]+", kSingleDigits}},
  };
  return all;
}

bool matches(std::string_view found, std::string_view known) {
  constexpr std::string_view kAnyEnd = "*…";
  if (known.ends_with(kAnyEnd)) return found.starts_with(known.substr(0, known.size() - kAnyEnd.size()));
  return found == known;
}

/// Line ends may stand in a pattern as they are or escaped.
std::string with_escapes(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

Error unsupported(const std::string& path, const std::string& field, const std::string& expected,
                  const std::string& found) {
  return {Errc::unsupported,
          path + ": " + field + ": expected " + expected + ", found " + model::quoted(found)};
}

Result<void> check_normalizer(const Json& tokenizer, const std::string& path) {
  for (const Json& step : steps_of(part(tokenizer, "normalizer"), "normalizers")) {
    if (const std::string type = text_at(step, "type"); type != "NFC")
      return unsupported(path, "normalizer", "none or NFC", type);
  }
  return ok();
}

}  // namespace

Result<std::string> recognize_pre_tokenizer(const Json& tokenizer, const std::string& path) {
  TRY_OK(check_normalizer(tokenizer, path));
  std::vector<std::string> found;
  for (const Json& step : steps_of(part(tokenizer, "pre_tokenizer"), "pretokenizers")) {
    const std::string type = text_at(step, "type");
    if (type == "ByteLevel") {
      if (flag_at(step, "add_prefix_space", false))
        return unsupported(path, "pre_tokenizer: add_prefix_space", "false", "true");
      if (flag_at(step, "use_regex", true)) found.emplace_back(kByteLevel);
    } else if (type == "Digits" && flag_at(step, "individual_digits", false)) {
      found.emplace_back(kSingleDigits);
    } else if (type == "Split" && step.contains("pattern")) {
      found.push_back(with_escapes(text_at(step["pattern"], "Regex")));
    } else {
      return unsupported(path, "pre_tokenizer", "ByteLevel, Split or Digits", type);
    }
  }
  for (const Known& known : known_pre_tokenizers()) {
    if (std::ranges::equal(found, known.steps, matches)) return std::string(known.name);
  }
  std::string names;
  for (const Known& known : known_pre_tokenizers())
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  const std::string last = found.empty() ? std::string("nothing") : found.back();
  return unsupported(path, "pre_tokenizer", "the patterns of one of " + names, last);
}

}  // namespace lyceum::model
