#include "model/tokenizer/unigram_json.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "model/files/gguf_parser.hpp"
#include "model/tokenizer/json_fields.hpp"
#include "model/tokenizer/sentence_pieces.hpp"
#include "model/tokenizer/text_normalizer.hpp"

namespace lyceum::model {
namespace {

std::optional<std::uint32_t> base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

/// RFC 4648; nothing when the text is not base64.
std::optional<std::string> bytes_of_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned num_bits = 0;
  for (const char c : text) {
    const auto digit = base64_digit(c);
    if (!digit) return std::nullopt;
    bits = (bits << 6U) | *digit;
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    bytes += static_cast<char>(static_cast<unsigned char>((bits >> num_bits) & 0xFFU));
  }
  return bytes;
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class TextSteps {
 public:
  TextSteps(const Json& tokenizer, std::string path, GgufHeader& header)
      : tokenizer_(tokenizer), path_(std::move(path)), header_(header) {}

  Result<bool> convert() {
    for (const Json& step : steps_of(part(tokenizer_, "normalizer"), "normalizers"))
      TRY_OK(read_normalizer(step));
    bool may_cross = true;
    for (const Json& step : steps_of(part(tokenizer_, "pre_tokenizer"), "pretokenizers")) {
      const std::string type = text_at(step, "type");
      if (type == "WhitespaceSplit") {
        splits_at_spaces_ = true;
      } else if (type == "Metaspace") {
        TRY_OK(read_metaspace(step));
        may_cross = !flag_at(step, "split", true);
      } else {
        return unsupported("pre_tokenizer", "Metaspace or WhitespaceSplit", type);
      }
    }
    TRY_OK(check_spaces());
    header_.set_bool("tokenizer.ggml.remove_extra_whitespaces", splits_at_spaces_ || merges_blanks_);
    return may_cross;
  }

 private:
  Error unsupported(const std::string& field, const std::string& expected, const std::string& found) const {
    return {Errc::unsupported,
            path_ + ": " + field + ": expected " + expected + ", found " + model::quoted(found)};
  }

  Result<void> read_normalizer(const Json& step) {
    const std::string type = text_at(step, "type");
    if (type == "Precompiled") return read_map(step);
    if (find_unicode_form(lower_case(type))) {
      if (header_.has(kUnicodeFormKey)) return unsupported("normalizer", "one form of Unicode", type);
      header_.set_string(kUnicodeFormKey, lower_case(type));
      return ok();
    }
    const std::string pattern = text_at(part(step, "pattern"), "Regex");
    const std::string content = text_at(step, "content");
    if (type == "Replace" && pattern == " {2,}" && (content == kBlankMark || content == " ")) {
      merges_blanks_ = true;
    } else if (type == "Strip" && flag_at(step, "strip_right", false)) {
      strips_end_ = true;
    } else {
      return unsupported("normalizer",
                         "Precompiled, NFC, NFD, NFKC, NFKD, Strip at the right or Replace of \" {2,}\"",
                         type == "Replace" ? "Replace of " + part(step, "pattern").dump() : type);
    }
    return ok();
  }

  Result<void> read_map(const Json& step) {
    const auto bytes = bytes_of_base64(text_at(step, "precompiled_charsmap"));
    if (!bytes || bytes->empty())
      return Error{Errc::malformed, path_ + ": normalizer: precompiled_charsmap: expected base64"};
    GgufArray array{.element_type = GgufType::u8};
    std::vector<std::uint64_t> values;
    for (const char byte : *bytes) values.push_back(static_cast<unsigned char>(byte));
    array.elements = std::move(values);
    header_.set("tokenizer.ggml.precompiled_charsmap", {.type = GgufType::array, .value = std::move(array)});
    return ok();
  }

  Result<void> read_metaspace(const Json& step) {
    const std::string mark = text_at(step, "replacement");
    if (mark != kBlankMark) return unsupported("pre_tokenizer: replacement", std::string(kBlankMark), mark);
    const std::string scheme = text_at(step, "prepend_scheme");
    header_.set_bool("tokenizer.ggml.add_space_prefix",
                     scheme.empty() ? flag_at(step, "add_prefix_space", true) : scheme != "never");
    header_.set_bool(kNoSecondBlankKey, true);
    return ok();
  }

  /// Extra blanks can be kept, or removed between words and at both ends; not only at some of these places.
  Result<void> check_spaces() const {
    if (splits_at_spaces_ && !header_.has("tokenizer.ggml.precompiled_charsmap"))
      return unsupported("pre_tokenizer", "a Precompiled normalizer before it", "WhitespaceSplit");
    if (!splits_at_spaces_ && merges_blanks_ != strips_end_)
      return unsupported("normalizer", "both or none of Strip and Replace of \" {2,}\"",
                         merges_blanks_ ? "Replace" : "Strip");
    return ok();
  }

  const Json& tokenizer_;
  std::string path_;
  GgufHeader& header_;
  bool splits_at_spaces_ = false;
  bool merges_blanks_ = false;
  bool strips_end_ = false;
};

}  // namespace

Result<bool> set_unigram_text_steps(const Json& tokenizer, const std::string& path, GgufHeader& header) {
  return TextSteps(tokenizer, path, header).convert();
}

}  // namespace lyceum::model
