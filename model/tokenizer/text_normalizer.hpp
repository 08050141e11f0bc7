#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/files/gguf.hpp"
#include "model/tokenizer/character_map.hpp"

namespace lyceum::model {

/// Keys of this program, for what tokenizer.ggml.* cannot say: one of unicode_form_names(), and whether a
/// text that begins with a blank gets no second one.
inline constexpr std::string_view kUnicodeFormKey = "lyceum.tokenizer.unicode_form";
inline constexpr std::string_view kNoSecondBlankKey = "lyceum.tokenizer.no_second_blank";

/// Unicode's normalisation forms (UAX #15).
enum class UnicodeForm { none, nfc, nfd, nfkc, nfkd };

/// "nfc", "nfd", "nfkc" or "nfkd".
std::optional<UnicodeForm> find_unicode_form(std::string_view name);

/// What happens to a text before it is cut into the pieces of a unigram vocabulary: first its characters are
/// replaced, then its blanks become marks.
struct TextNormalizer {
  UnicodeForm form = UnicodeForm::none;
  std::optional<CharacterMap> map{};
  bool removes_extra_blanks = false;  ///< At both ends, and all but one between words
  bool adds_blank = false;            ///< Before a text that is not empty
  bool adds_no_second_blank = false;  ///< Not before a text that begins with a blank

  /// `is_start`: nothing, or a special token, stands before the text. What is not UTF-8 becomes U+FFFD.
  std::string normalize(std::string_view text, bool is_start) const;
};

/// From tokenizer.ggml.precompiled_charsmap, remove_extra_whitespaces and this program's keys; `adds_blank`
/// is left to the caller. malformed and unsupported name the entry and the file.
Result<TextNormalizer> load_text_normalizer(const GgufFile& file);

}  // namespace lyceum::model
