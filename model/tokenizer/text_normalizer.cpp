#include "model/tokenizer/text_normalizer.hpp"

#include <array>
#include <utility>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include "base/check.hpp"
#include "model/files/gguf_parser.hpp"
#include "model/tokenizer/characters.hpp"
#include "model/tokenizer/sentence_pieces.hpp"

namespace lyceum::model {
namespace {

constexpr std::array<std::pair<std::string_view, UnicodeForm>, 4> kForms = {{{"nfc", UnicodeForm::nfc},
                                                                             {"nfd", UnicodeForm::nfd},
                                                                             {"nfkc", UnicodeForm::nfkc},
                                                                             {"nfkd", UnicodeForm::nfkd}}};

const icu::Normalizer2& normalizer_of(UnicodeForm form) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* found = nullptr;
  switch (form) {
    case UnicodeForm::none:
      break;
    case UnicodeForm::nfc:
      found = icu::Normalizer2::getNFCInstance(status);
      break;
    case UnicodeForm::nfd:
      found = icu::Normalizer2::getNFDInstance(status);
      break;
    case UnicodeForm::nfkc:
      found = icu::Normalizer2::getNFKCInstance(status);
      break;
    case UnicodeForm::nfkd:
      found = icu::Normalizer2::getNFKDInstance(status);
      break;
  }
  LYCEUM_CHECK(U_SUCCESS(status) && found != nullptr);
  return *found;
}

std::string in_form(UnicodeForm form, std::string_view text) {
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  normalizer_of(form).normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())),
                                    sink, nullptr, status);
  LYCEUM_CHECK(U_SUCCESS(status));
  return out;
}

/// Characters that the map does not name stay; what is not UTF-8 is replaced.
std::string mapped(const std::optional<CharacterMap>& map, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto match = map ? map->longest(text) : std::nullopt;
    const Character next = first_character(text);
    if (match) {
      out += match->replacement;
    } else {
      append_utf8(next.value, out);
    }
    text.remove_prefix(match ? match->num_bytes : next.num_bytes);
  }
  return out;
}

}  // namespace

std::optional<UnicodeForm> find_unicode_form(std::string_view name) {
  for (const auto& [known, form] : kForms) {
    if (known == name) return form;
  }
  return std::nullopt;
}

std::string TextNormalizer::normalize(std::string_view text, bool is_start) const {
  const std::string replaced = mapped(map, form == UnicodeForm::none ? text : in_form(form, text));
  std::string out;
  bool is_extra = removes_extra_blanks;
  for (const char c : replaced) {
    if (c != ' ') {
      out += c;
    } else if (!is_extra) {
      out += kBlankMark;
    }
    is_extra = removes_extra_blanks && c == ' ';
  }
  if (removes_extra_blanks && replaced.ends_with(' ') && !out.empty())
    out.resize(out.size() - kBlankMark.size());
  const bool is_second = adds_no_second_blank && out.starts_with(kBlankMark);
  if (is_start && adds_blank && !out.empty() && !is_second) out.insert(0, kBlankMark);
  return out;
}

Result<TextNormalizer> load_text_normalizer(const GgufFile& file) {
  constexpr std::string_view kMapKey = "tokenizer.ggml.precompiled_charsmap";
  TextNormalizer normalizer;
  TRY(normalizer.removes_extra_blanks, file.get_bool_or("tokenizer.ggml.remove_extra_whitespaces", false));
  TRY(normalizer.adds_no_second_blank, file.get_bool_or(kNoSecondBlankKey, false));
  if (file.has(kUnicodeFormKey)) {
    TRY(const auto name, file.get_string(kUnicodeFormKey));
    const auto form = find_unicode_form(name);
    if (!form) {
      return Error{Errc::unsupported, file.path() + ": " + std::string(kUnicodeFormKey) +
                                          ": expected nfc, nfd, nfkc or nfkd, found " + model::quoted(name)};
    }
    normalizer.form = *form;
  }
  if (file.has(kMapKey)) {
    TRY(const auto values, file.get_integers(kMapKey));
    std::string bytes;
    for (const std::int64_t value : values)
      bytes += static_cast<char>(static_cast<unsigned char>(value & 0xFF));
    auto map = CharacterMap::parse(bytes);
    if (!map) return Error{map.error().code, file.path() + ": tokenizer.ggml." + map.error().message};
    normalizer.map = *std::move(map);
  }
  return normalizer;
}

}  // namespace lyceum::model
