#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "kernels/weight_matrix.hpp"

namespace lyceum::model {

class GgufFile;
struct GgufTensor;

/// Takes tensors from a file by name and expected shape, and remembers what is wrong instead of stopping at
/// the first fault, so that one message lists it all.
class TensorTable {
 public:
  /// `file` must outlive this and the spans it gives out; so must `dequantized`.
  TensorTable(const GgufFile& file, std::deque<std::vector<float>>& dequantized)
      : file_(file), dequantized_(dequantized) {}

  /// Fastest dimension first, as in the file. Empty when there is a fault. As f32, copied where the file has
  /// another type.
  std::span<const float> take(const std::string& name, std::initializer_list<std::uint64_t> shape);
  /// The same; no fault when the tensor is missing.
  std::span<const float> take_optional(const std::string& name, std::initializer_list<std::uint64_t> shape);
  /// As it lies in the file; dimensions beyond the first are rows.
  kernels::WeightMatrix take_matrix(const std::string& name, std::initializer_list<std::uint64_t> shape);
  bool has(const std::string& name) const;

  /// The first kind of fault that was met, with all its tensors; unsupported when a tensor was not taken.
  Result<void> finish() const;

 private:
  const GgufTensor* find(const std::string& name, std::initializer_list<std::uint64_t> shape);
  std::span<const float> load(const GgufTensor& tensor);

  const GgufFile& file_;
  std::deque<std::vector<float>>& dequantized_;
  std::set<std::string, std::less<>> taken_{};
  std::vector<std::string> missing_{};
  std::vector<std::string> misshapen_{};
  std::vector<std::string> unreadable_{};
};

}  // namespace lyceum::model
