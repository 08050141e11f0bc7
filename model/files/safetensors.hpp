#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/files/gguf.hpp"

namespace lyceum::model {

inline constexpr std::uint64_t kMaxSafetensorsHeaderBytes = 32 * 1024 * 1024;
inline constexpr std::size_t kMaxSafetensorsShards = 1024;

/// One safetensors file: 8 bytes of header length, a JSON header, the data. All of the header is checked
/// before it is used. Types other than floats and integers of 8 to 64 bits are refused by name. Tensors look
/// as in GGUF files, fastest dimension first; a scalar has one dimension of 1. What is borrowed stays valid
/// while this lives, moves included. Immutable.
class SafetensorsFile {
 public:
  /// not_found, io, malformed, too_large or unsupported.
  static Result<SafetensorsFile> open_blocking(const std::string& path);
  /// Over bytes that the caller keeps alive; `name` stands for the path in messages.
  static Result<SafetensorsFile> parse(std::span<const std::byte> bytes, const std::string& name);

  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
  ~SafetensorsFile();

  /// By name.
  const std::map<std::string, GgufTensor, std::less<>>& tensors() const { return tensors_; }

 private:
  SafetensorsFile();

  std::unique_ptr<const MappedFile> mapping_;
  std::map<std::string, GgufTensor, std::less<>> tensors_{};
};

/// The weights of a folder: model.safetensors, or the shards that model.safetensors.index.json names, which
/// must lie in the same folder and hold what the index says.
class SafetensorsModel {
 public:
  /// As SafetensorsFile; malformed also when the index and the shards differ.
  static Result<SafetensorsModel> open_blocking(const std::string& folder);

  /// nullptr when there is none.
  const GgufTensor* find_tensor(std::string_view name) const;

  std::size_t num_tensors() const { return tensors_.size(); }

  /// By name; they stay where they are while this lives, moves included.
  const std::map<std::string_view, const GgufTensor*>& tensors() const { return tensors_; }

 private:
  SafetensorsModel() = default;

  std::vector<SafetensorsFile> shards_{};
  std::map<std::string_view, const GgufTensor*> tensors_{};
};

}  // namespace lyceum::model
