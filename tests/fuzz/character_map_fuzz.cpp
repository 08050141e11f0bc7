#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "model/tokenizer/text_normalizer.hpp"

/// The first two bytes are the size of a map, which comes next; the others are a text that it is applied to.
/// Whatever the map says, each match must lie in the text, and what becomes of the text stays in proportion.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lyceum::model;
  if (size < 2) return 0;
  const void* bytes = data + 2;
  const std::string_view all(static_cast<const char*>(bytes), size - 2);
  const std::size_t map_size = std::min<std::size_t>(all.size(), data[0] + 256U * data[1]);
  const auto map = CharacterMap::parse(all.substr(0, map_size));
  if (!map) return 0;
  const std::string_view text = all.substr(map_size);
  if (const auto match = map->longest(text)) {
    LYCEUM_CHECK(match->num_bytes > 0 && match->num_bytes <= text.size());
  }
  const TextNormalizer normalizer{.map = *map, .removes_extra_blanks = true, .adds_blank = true};
  LYCEUM_CHECK(normalizer.normalize(text, true).size() <= 3 + 64 * 3 * text.size());
  return 0;
}
