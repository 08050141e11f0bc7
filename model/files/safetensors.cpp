#include "model/files/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "model/files/gguf_parser.hpp"
#include "model/files/mapped_file.hpp"

namespace lyceum::model {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 60U;

std::optional<TensorType> type_of(std::string_view name) {
  static const std::map<std::string_view, TensorType> types = {
      {"F32", TensorType::f32},
      {"F16", TensorType::f16},
      {"BF16", TensorType::bf16},
      {"I8", static_cast<TensorType>(24)},
      {"I16", static_cast<TensorType>(25)},
      {"I32", static_cast<TensorType>(26)},
      {"I64", static_cast<TensorType>(27)},
      {"F64", static_cast<TensorType>(28)},
  };
  const auto found = types.find(name);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

/// Reads the entries of one header.
class HeaderReader {
 public:
  HeaderReader(std::string path, std::span<const std::byte> data, std::uint64_t data_begin)
      : path_(std::move(path)), data_(data), data_begin_(data_begin) {}

  Result<GgufTensor> read(const std::string& name, const Json& entry) const {
    if (!entry.is_object()) return malformed(name, "an object");
    GgufTensor tensor;
    TRY_OK(read_type(name, entry, tensor));
    TRY_OK(read_shape(name, entry, tensor));
    TRY_OK(read_offsets(name, entry, tensor));
    return tensor;
  }

 private:
  Error malformed(const std::string& name, const std::string& expected) const {
    return {Errc::malformed,
            path_ + ": byte 8: header entry " + model::quoted(name) + ": expected " + expected};
  }

  Result<void> read_type(const std::string& name, const Json& entry, GgufTensor& tensor) const {
    const auto found = entry.find("dtype");
    if (found == entry.end() || !found->is_string()) return malformed(name, "dtype to be a string");
    const auto& text = found->get_ref<const std::string&>();
    const auto type = type_of(text);
    if (!type) {
      return Error{Errc::unsupported, path_ + ": byte 8: header entry " + model::quoted(name) +
                                          ": expected dtype F32, F16 or BF16, found " + model::quoted(text)};
    }
    tensor.type = *type;
    return ok();
  }

  Result<void> read_shape(const std::string& name, const Json& entry, GgufTensor& tensor) const {
    const auto found = entry.find("shape");
    if (found == entry.end() || !found->is_array() || found->size() > kMaxGgufDims)
      return malformed(name, "shape to be an array of at most 4 dimensions");
    tensor.num_dims = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(found->size()));
    std::uint64_t num_values = 1;
    for (std::size_t i = 0; i < found->size(); ++i) {
      const Json& dim = (*found)[i];
      const std::uint64_t size = dim.is_number_unsigned() ? dim.get<std::uint64_t>() : 0;
      if (size == 0 || size > kMaxValues / num_values)
        return malformed(name, "dimensions from 1 with a product up to 2^60");
      num_values *= size;
      tensor.shape[found->size() - 1 - i] = size;
    }
    return ok();
  }

  Result<void> read_offsets(const std::string& name, const Json& entry, GgufTensor& tensor) const {
    const auto found = entry.find("data_offsets");
    const bool is_pair = found != entry.end() && found->is_array() && found->size() == 2 &&
                         (*found)[0].is_number_unsigned() && (*found)[1].is_number_unsigned();
    if (!is_pair) return malformed(name, "data_offsets to be two offsets");
    const auto begin = (*found)[0].get<std::uint64_t>();
    const auto end = (*found)[1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      return malformed(name, "data_offsets in order and up to " + std::to_string(data_.size()) + ", found " +
                                 std::to_string(begin) + " and " + std::to_string(end));
    }
    const std::uint64_t value_bytes = block_layout(tensor.type).size_bytes;
    if ((end - begin) / value_bytes != tensor.num_values() || (end - begin) % value_bytes != 0) {
      return malformed(name, std::to_string(tensor.num_values()) + " values of " +
                                 std::to_string(value_bytes) + " bytes, found " +
                                 std::to_string(end - begin) + " bytes");
    }
    tensor.offset = data_begin_ + begin;
    tensor.bytes = data_.subspan(begin, end - begin);
    return ok();
  }

  std::string path_;
  std::span<const std::byte> data_;
  std::uint64_t data_begin_;
};

struct Header {
  Json json{};
  std::uint64_t size_bytes = 0;
};

Result<Header> parse_header(std::span<const std::byte> bytes, const std::string& path) {
  const auto fail = [&path](Errc code, std::uint64_t offset, const std::string& text) {
    return Error{code, path + ": byte " + std::to_string(offset) + ": " + text};
  };
  if (bytes.size() < kLengthBytes) return fail(Errc::malformed, 0, "expected 8 bytes of header length");
  std::uint64_t size_bytes = 0;
  std::memcpy(&size_bytes, bytes.data(), sizeof(size_bytes));
  if (size_bytes > bytes.size() - kLengthBytes) {
    return fail(Errc::malformed, 0,
                "expected a header within the file, found a length of " + std::to_string(size_bytes));
  }
  if (size_bytes > kMaxSafetensorsHeaderBytes) {
    return fail(Errc::too_large, 0,
                "expected a header of at most " + std::to_string(kMaxSafetensorsHeaderBytes) +
                    " bytes, found " + std::to_string(size_bytes));
  }
  const void* text = bytes.data() + kLengthBytes;
  auto header = parse_json({static_cast<const char*>(text), size_bytes});
  if (!header) return fail(header.error().code, kLengthBytes, header.error().message);
  if (!header->is_object()) return fail(Errc::malformed, kLengthBytes, "expected a JSON object");
  return Header{*std::move(header), size_bytes};
}

Result<void> check_overlaps(const std::map<std::string, GgufTensor, std::less<>>& tensors,
                            const std::string& path) {
  std::vector<const GgufTensor*> by_offset;
  for (const auto& [name, tensor] : tensors) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& before = *by_offset[i - 1];
    if (by_offset[i]->offset < before.offset + before.bytes.size()) {
      return Error{Errc::malformed, path + ": byte " + std::to_string(by_offset[i]->offset) + ": expected " +
                                        model::quoted(by_offset[i]->name) + " to begin after the end of " +
                                        model::quoted(before.name)};
    }
  }
  return ok();
}

}  // namespace

SafetensorsFile::SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;
SafetensorsFile::~SafetensorsFile() = default;

Result<SafetensorsFile> SafetensorsFile::parse(std::span<const std::byte> bytes, const std::string& name) {
  TRY(const Header header, parse_header(bytes, name));
  const std::uint64_t data_begin = kLengthBytes + header.size_bytes;
  const HeaderReader reader(name, bytes.subspan(data_begin), data_begin);
  SafetensorsFile file;
  for (const auto& [key, entry] : header.json.items()) {
    if (key == "__metadata__") continue;
    TRY(const GgufTensor tensor, reader.read(key, entry));
    const auto [placed, is_new] = file.tensors_.emplace(key, tensor);
    placed->second.name = placed->first;
  }
  TRY_OK(check_overlaps(file.tensors_, name));
  return file;
}

Result<SafetensorsFile> SafetensorsFile::open_blocking(const std::string& path) {
  TRY(auto mapping, MappedFile::open_blocking(path));
  TRY(SafetensorsFile file, parse(mapping->bytes(), path));
  file.mapping_ = std::move(mapping);
  return file;
}

namespace {

/// Tensor to shard, from the index.
Result<std::map<std::string, std::string>> read_index(const std::string& path) {
  TRY(const auto mapping, MappedFile::open_blocking(path));
  const auto bytes = mapping->bytes();
  if (bytes.size() > kMaxSafetensorsHeaderBytes) {
    return Error{Errc::too_large,
                 path + ": expected at most " + std::to_string(kMaxSafetensorsHeaderBytes) + " bytes"};
  }
  const void* text = bytes.data();
  const auto index = parse_json({static_cast<const char*>(text), bytes.size()});
  if (!index) return Error{index.error().code, path + ": " + index.error().message};
  if (!index->is_object() || !index->contains("weight_map") || !index->at("weight_map").is_object())
    return Error{Errc::malformed, path + ": expected an object weight_map"};
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : index->at("weight_map").items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    // A name only: an index must not lead out of its folder.
    if (!name.ends_with(".safetensors") || name.find('/') != std::string::npos)
      return Error{Errc::malformed,
                   path + ": " + model::quoted(tensor) + ": expected the name of a .safetensors file"};
    shards.emplace(tensor, name);
  }
  return shards;
}

}  // namespace

Result<SafetensorsModel> SafetensorsModel::open_blocking(const std::string& folder) {
  const std::filesystem::path path = folder;
  const std::string index_path = path / "model.safetensors.index.json";
  std::error_code ignored;
  std::map<std::string, std::string> index;
  std::map<std::string, std::size_t> shards;
  if (std::filesystem::exists(index_path, ignored)) {
    TRY(index, read_index(index_path));
    for (const auto& [tensor, shard] : index) shards.emplace(shard, 0);
  } else {
    shards.emplace("model.safetensors", 0);
  }
  if (shards.size() > kMaxSafetensorsShards) {
    return Error{Errc::too_large, index_path + ": expected at most " + std::to_string(kMaxSafetensorsShards) +
                                      " files, found " + std::to_string(shards.size())};
  }
  SafetensorsModel model;
  for (auto& [shard, position] : shards) {
    position = model.shards_.size();
    TRY(SafetensorsFile file, SafetensorsFile::open_blocking(path / shard));
    model.shards_.push_back(std::move(file));
  }
  for (const auto& [tensor, shard] : index) {
    if (!model.shards_[shards[shard]].tensors().contains(tensor))
      return Error{Errc::malformed,
                   index_path + ": expected " + model::quoted(tensor) + " in " + model::quoted(shard)};
  }
  for (const SafetensorsFile& file : model.shards_) {
    for (const auto& [name, tensor] : file.tensors()) {
      if (!model.tensors_.emplace(name, &tensor).second)
        return Error{Errc::malformed,
                     folder + ": expected every tensor once, found " + model::quoted(name) + " again"};
    }
  }
  return model;
}

const GgufTensor* SafetensorsModel::find_tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : found->second;
}

}  // namespace lyceum::model
