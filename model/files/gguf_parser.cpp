#include "model/files/gguf_parser.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace lyceum::model {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read in the file's byte order");

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 60U;
constexpr std::size_t kMaxQuotedBytes = 80;

std::string text_of(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kMaxQuotedBytes)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > kMaxQuotedBytes ? "…\"" : "\"");
}

Error GgufParser::at(Errc code, std::uint64_t offset, const std::string& text) const {
  return {code, file_.path_ + ": byte " + text_of(offset) + ": " + text};
}

Error GgufParser::malformed(std::uint64_t offset, const std::string& expected) const {
  return at(Errc::malformed, offset, "expected " + expected);
}

Error GgufParser::too_large(std::uint64_t offset, std::string_view what, std::uint64_t found,
                            std::uint64_t max) const {
  return at(Errc::too_large, offset,
            "expected at most " + text_of(max) + " " + std::string(what) + ", found " + text_of(found));
}

template <class T>
Result<T> GgufParser::read(std::string_view what) {
  if (remaining() < sizeof(T)) {
    return malformed(at_, std::string(what) + " of " + text_of(sizeof(T)) + " bytes, found the file's end");
  }
  T value{};
  std::memcpy(&value, bytes_.data() + at_, sizeof(T));
  at_ += sizeof(T);
  return value;
}

Result<std::string_view> GgufParser::parse_string(std::string_view what, std::uint64_t size_bytes_max) {
  const std::uint64_t begin = at_;
  TRY(const auto size_bytes, read<std::uint64_t>(what));
  if (size_bytes > remaining()) {
    return malformed(begin, std::string(what) + " within the file, found a length of " + text_of(size_bytes) +
                                " bytes with " + text_of(remaining()) + " left");
  }
  if (size_bytes > size_bytes_max) {
    return too_large(begin, "bytes for " + std::string(what), size_bytes, size_bytes_max);
  }
  const void* data = bytes_.data() + at_;
  at_ += size_bytes;
  return std::string_view(static_cast<const char*>(data), size_bytes);
}

Result<GgufType> GgufParser::parse_type() {
  const std::uint64_t begin = at_;
  TRY(const auto number, read<std::uint32_t>("a value type"));
  if (number > static_cast<std::uint32_t>(GgufType::f64)) {
    return malformed(begin, "a value type from 0 to 12, found " + text_of(number));
  }
  return static_cast<GgufType>(number);
}

Result<bool> GgufParser::parse_boolean() {
  const std::uint64_t begin = at_;
  TRY(const auto value, read<std::uint8_t>("a boolean"));
  if (value > 1) return malformed(begin, "a boolean of 0 or 1, found " + text_of(value));
  return value == 1;
}

Result<GgufValue> GgufParser::parse_value(GgufType type) {
  GgufValue value{.type = type, .offset = at_};
  const auto store = [this, &value]<class Stored, class Wide>(Stored, Wide) -> Result<void> {
    TRY(const auto number, read<Stored>(name_of(value.type)));
    value.value = static_cast<Wide>(number);
    return ok();
  };
  Result<void> stored;
  switch (type) {
    case GgufType::u8:
      stored = store(std::uint8_t{}, std::uint64_t{});
      break;
    case GgufType::u16:
      stored = store(std::uint16_t{}, std::uint64_t{});
      break;
    case GgufType::u32:
      stored = store(std::uint32_t{}, std::uint64_t{});
      break;
    case GgufType::u64:
      stored = store(std::uint64_t{}, std::uint64_t{});
      break;
    case GgufType::i8:
      stored = store(std::int8_t{}, std::int64_t{});
      break;
    case GgufType::i16:
      stored = store(std::int16_t{}, std::int64_t{});
      break;
    case GgufType::i32:
      stored = store(std::int32_t{}, std::int64_t{});
      break;
    case GgufType::i64:
      stored = store(std::int64_t{}, std::int64_t{});
      break;
    case GgufType::f32:
      stored = store(float{}, double{});
      break;
    case GgufType::f64:
      stored = store(double{}, double{});
      break;
    case GgufType::boolean: {
      TRY(value.value, parse_boolean());
      break;
    }
    case GgufType::string: {
      TRY(value.value, parse_string("a text", bytes_.size()));
      break;
    }
    case GgufType::array: {
      TRY(value.value, parse_array(1));
      break;
    }
  }
  TRY_OK(stored);
  return value;
}

template <class Stored, class Wide>
Result<std::vector<Wide>> GgufParser::parse_numbers(std::uint64_t count) {
  if (count > remaining() / sizeof(Stored)) {
    return malformed(at_, text_of(count) + " elements of " + text_of(sizeof(Stored)) + " bytes, found " +
                              text_of(remaining()) + " bytes to the file's end");
  }
  std::vector<Wide> values(count);
  for (Wide& value : values) {
    Stored stored{};
    std::memcpy(&stored, bytes_.data() + at_, sizeof(Stored));
    value = static_cast<Wide>(stored);
    at_ += sizeof(Stored);
  }
  return values;
}

Result<std::vector<std::string_view>> GgufParser::parse_strings(std::uint64_t count) {
  if (count > remaining() / sizeof(std::uint64_t)) {
    return malformed(at_,
                     text_of(count) + " texts, found " + text_of(remaining()) + " bytes to the file's end");
  }
  std::vector<std::string_view> texts(count);
  for (std::string_view& text : texts) {
    TRY(text, parse_string("a text", bytes_.size()));
  }
  return texts;
}

Result<std::vector<GgufArray>> GgufParser::parse_arrays(std::uint64_t count, int depth) {
  constexpr std::uint64_t kSmallestArrayBytes = 12;
  if (count > remaining() / kSmallestArrayBytes) {
    return malformed(at_,
                     text_of(count) + " arrays, found " + text_of(remaining()) + " bytes to the file's end");
  }
  std::vector<GgufArray> arrays(count);
  for (GgufArray& array : arrays) {
    TRY(array, parse_array(depth + 1));
  }
  return arrays;
}

Result<GgufArray> GgufParser::parse_array(int depth) {
  const std::uint64_t begin = at_;
  if (depth > kMaxGgufArrayDepth) {
    return at(Errc::too_large, begin,
              "expected arrays nested at most " + std::to_string(kMaxGgufArrayDepth) + " deep");
  }
  GgufArray array;
  TRY(array.element_type, parse_type());
  TRY(const auto count, read<std::uint64_t>("an array's length"));
  if (count > kMaxGgufArrayElements - num_array_elements_) {
    return too_large(begin, "array elements in all", count, kMaxGgufArrayElements - num_array_elements_);
  }
  num_array_elements_ += count;
  switch (array.element_type) {
    case GgufType::u8: {
      TRY(array.elements, (parse_numbers<std::uint8_t, std::uint64_t>(count)));
      break;
    }
    case GgufType::u16: {
      TRY(array.elements, (parse_numbers<std::uint16_t, std::uint64_t>(count)));
      break;
    }
    case GgufType::u32: {
      TRY(array.elements, (parse_numbers<std::uint32_t, std::uint64_t>(count)));
      break;
    }
    case GgufType::u64: {
      TRY(array.elements, (parse_numbers<std::uint64_t, std::uint64_t>(count)));
      break;
    }
    case GgufType::i8: {
      TRY(array.elements, (parse_numbers<std::int8_t, std::int64_t>(count)));
      break;
    }
    case GgufType::i16: {
      TRY(array.elements, (parse_numbers<std::int16_t, std::int64_t>(count)));
      break;
    }
    case GgufType::i32: {
      TRY(array.elements, (parse_numbers<std::int32_t, std::int64_t>(count)));
      break;
    }
    case GgufType::i64: {
      TRY(array.elements, (parse_numbers<std::int64_t, std::int64_t>(count)));
      break;
    }
    case GgufType::f32: {
      TRY(array.elements, (parse_numbers<float, double>(count)));
      break;
    }
    case GgufType::f64: {
      TRY(array.elements, (parse_numbers<double, double>(count)));
      break;
    }
    case GgufType::boolean: {
      TRY(array.elements, (parse_numbers<std::uint8_t, std::uint64_t>(count)));
      break;
    }
    case GgufType::string: {
      TRY(array.elements, parse_strings(count));
      break;
    }
    case GgufType::array: {
      TRY(array.elements, parse_arrays(count, depth));
      break;
    }
  }
  return array;
}

Result<void> GgufParser::parse_version() {
  TRY(const auto magic, read<std::uint32_t>("the magic number \"GGUF\""));
  if (magic != kMagic) return malformed(0, "the magic number \"GGUF\"");
  TRY(file_.version_, read<std::uint32_t>("a version"));
  const std::uint32_t version = file_.version_;
  if (version != 0 && (version & 0xFFFFU) == 0) {
    return at(Errc::unsupported, 4, "expected a little-endian file, found a big-endian one");
  }
  if (version != 2 && version != 3) {
    return at(Errc::unsupported, 4, "expected version 2 or 3, found " + text_of(version));
  }
  return ok();
}

Result<void> GgufParser::parse_metadata(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t begin = at_;
    TRY(const auto key, parse_string("a metadata key", kMaxGgufNameBytes));
    TRY(const auto type, parse_type());
    TRY(GgufValue value, parse_value(type));
    if (!file_.metadata_.emplace(key, std::move(value)).second) {
      return malformed(begin, "every key once, found " + quoted(key) + " again");
    }
  }
  return ok();
}

Result<GgufTensor> GgufParser::parse_tensor() {
  GgufTensor tensor;
  TRY(tensor.name, parse_string("a tensor's name", kMaxGgufNameBytes));
  const std::uint64_t begin = at_;
  TRY(tensor.num_dims, read<std::uint32_t>("a number of dimensions"));
  if (tensor.num_dims == 0 || tensor.num_dims > kMaxGgufDims) {
    return malformed(begin,
                     "1 to 4 dimensions of " + quoted(tensor.name) + ", found " + text_of(tensor.num_dims));
  }
  std::uint64_t num_values = 1;
  for (std::uint32_t i = 0; i < tensor.num_dims; ++i) {
    const std::uint64_t dim_begin = at_;
    TRY(tensor.shape[i], read<std::uint64_t>("a dimension"));
    if (tensor.shape[i] == 0 || tensor.shape[i] > kMaxValues / num_values) {
      return malformed(dim_begin, "dimensions of " + quoted(tensor.name) +
                                      " from 1 with a product up to 2^60, found " + text_of(tensor.shape[i]));
    }
    num_values *= tensor.shape[i];
  }
  TRY(const auto type, read<std::uint32_t>("a tensor type"));
  tensor.type = static_cast<TensorType>(type);
  const BlockLayout layout = block_layout(tensor.type);
  if (layout.num_values != 0 && tensor.shape[0] % layout.num_values != 0) {
    return malformed(begin, "rows of " + quoted(tensor.name) + " in whole " + name_of(tensor.type) +
                                " blocks of " + text_of(layout.num_values) + " values, found " +
                                text_of(tensor.shape[0]));
  }
  const std::uint64_t offset_begin = at_;
  TRY(tensor.offset, read<std::uint64_t>("a tensor's offset"));
  TRY(const std::uint64_t step, alignment());
  if (tensor.offset % step != 0) {
    return malformed(offset_begin, "an offset of " + quoted(tensor.name) + " that is a multiple of " +
                                       text_of(step) + ", found " + text_of(tensor.offset));
  }
  return tensor;
}

Result<void> GgufParser::parse_tensors(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t begin = at_;
    TRY(const GgufTensor tensor, parse_tensor());
    if (!file_.tensor_indices_.emplace(tensor.name, file_.tensors_.size()).second) {
      return malformed(begin, "every tensor once, found " + quoted(tensor.name) + " again");
    }
    file_.tensors_.push_back(tensor);
  }
  return ok();
}

Result<std::uint64_t> GgufParser::alignment() const {
  const auto found = file_.metadata_.find("general.alignment");
  if (found == file_.metadata_.end()) return kDefaultAlignment;
  const auto* value = std::get_if<std::uint64_t>(&found->second.value);
  if (value == nullptr || !std::has_single_bit(*value) || *value > kMaxGgufAlignment) {
    return malformed(found->second.offset,
                     "general.alignment to be a power of two up to " + text_of(kMaxGgufAlignment));
  }
  return *value;
}

/// Makes offsets absolute and gives every tensor its bytes.
Result<void> GgufParser::place_tensors() {
  if (file_.tensors_.empty()) return ok();
  TRY(const std::uint64_t step, alignment());
  const std::uint64_t data_begin = (at_ + step - 1) / step * step;
  for (GgufTensor& tensor : file_.tensors_) TRY_OK(place(tensor, data_begin));
  return check_overlaps();
}

Result<void> GgufParser::place(GgufTensor& tensor, std::uint64_t data_begin) const {
  const std::uint64_t file_size = bytes_.size();
  if (data_begin > file_size || tensor.offset > file_size - data_begin) {
    return at(Errc::malformed, file_size,
              "expected the data of " + quoted(tensor.name) + " at " + text_of(tensor.offset) +
                  " bytes after " + text_of(data_begin) + ", found the file's end");
  }
  tensor.offset += data_begin;
  const BlockLayout layout = block_layout(tensor.type);
  if (layout.num_values == 0) return ok();
  const std::uint64_t num_blocks = tensor.num_values() / layout.num_values;
  const std::uint64_t available = file_size - tensor.offset;
  if (num_blocks > available / layout.size_bytes) {
    return malformed(tensor.offset, text_of(num_blocks) + " blocks of " + text_of(layout.size_bytes) +
                                        " bytes for " + quoted(tensor.name) + ", found " +
                                        text_of(available) + " bytes to the file's end");
  }
  tensor.bytes = bytes_.subspan(tensor.offset, num_blocks * layout.size_bytes);
  return ok();
}

Result<void> GgufParser::check_overlaps() const {
  std::vector<const GgufTensor*> by_offset;
  for (const GgufTensor& tensor : file_.tensors_) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& before = *by_offset[i - 1];
    const GgufTensor& tensor = *by_offset[i];
    if (tensor.offset < before.offset + std::max<std::uint64_t>(before.bytes.size(), 1)) {
      return malformed(tensor.offset, quoted(tensor.name) + " to begin after the end of " +
                                          quoted(before.name) + " at " +
                                          text_of(before.offset + before.bytes.size()));
    }
  }
  return ok();
}

Result<void> GgufParser::parse() {
  TRY_OK(parse_version());
  TRY(const auto num_tensors, read<std::uint64_t>("the number of tensors"));
  TRY(const auto num_metadata, read<std::uint64_t>("the number of metadata entries"));
  if (num_tensors > kMaxGgufTensors) return too_large(8, "tensors", num_tensors, kMaxGgufTensors);
  if (num_metadata > kMaxGgufMetadata)
    return too_large(16, "metadata entries", num_metadata, kMaxGgufMetadata);
  TRY_OK(parse_metadata(num_metadata));
  TRY_OK(parse_tensors(num_tensors));
  return place_tensors();
}

}  // namespace lyceum::model
