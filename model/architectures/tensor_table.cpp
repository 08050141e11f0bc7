#include "model/architectures/tensor_table.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "model/files/gguf.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxListed = 32;

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), kMaxListed); ++i)
    text += (i == 0 ? "" : ", ") + items[i];
  if (items.size() > kMaxListed) text += " and " + std::to_string(items.size() - kMaxListed) + " more";
  return text;
}

std::string text_of(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

std::optional<kernels::WeightType> weight_type(TensorType type) {
  using kernels::WeightType;
  switch (type) {
    case TensorType::f32:
      return WeightType::f32;
    case TensorType::f16:
      return WeightType::f16;
    case TensorType::bf16:
      return WeightType::bf16;
    case TensorType::q8_0:
      return WeightType::q8_0;
    case TensorType::q4_0:
      return WeightType::q4_0;
    case TensorType::q4_k:
      return WeightType::q4_k;
    case TensorType::q5_k:
      return WeightType::q5_k;
    case TensorType::q6_k:
      return WeightType::q6_k;
  }
  return std::nullopt;
}

}  // namespace

bool TensorTable::has(const std::string& name) const {
  return file_.find_tensor(name) != nullptr;
}

std::span<const float> TensorTable::take_optional(const std::string& name,
                                                  std::initializer_list<std::uint64_t> shape) {
  return has(name) ? take(name, shape) : std::span<const float>{};
}

std::span<const float> TensorTable::take(const std::string& name,
                                         std::initializer_list<std::uint64_t> shape) {
  const GgufTensor* const tensor = find(name, shape);
  return tensor != nullptr ? load(*tensor) : std::span<const float>{};
}

kernels::WeightMatrix TensorTable::take_matrix(const std::string& name,
                                               std::initializer_list<std::uint64_t> shape) {
  const GgufTensor* const tensor = find(name, shape);
  if (tensor == nullptr) return {};
  const auto type = weight_type(tensor->type);
  if (!type) {
    unreadable_.push_back(name + " (" + name_of(tensor->type) + ")");
    return {};
  }
  return {*type, tensor->shape[0], tensor->num_rows(), tensor->bytes.data()};
}

/// nullptr when there is a fault, which is noted.
const GgufTensor* TensorTable::find(const std::string& name, std::initializer_list<std::uint64_t> shape) {
  const GgufTensor* const tensor = file_.find_tensor(name);
  if (tensor == nullptr) {
    missing_.push_back(name);
    return nullptr;
  }
  taken_.insert(name);
  std::array<std::uint64_t, kMaxGgufDims> expected{1, 1, 1, 1};
  std::ranges::copy(shape, expected.begin());
  if (tensor->shape == expected) return tensor;
  misshapen_.push_back(name + " " + text_of(std::span(tensor->shape).first(tensor->num_dims)) +
                       " instead of " + text_of({shape.begin(), shape.size()}));
  return nullptr;
}

std::span<const float> TensorTable::load(const GgufTensor& tensor) {
  const std::uint64_t num_values = tensor.num_values();
  const bool is_aligned = std::bit_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(float) == 0;
  if (tensor.type == TensorType::f32 && is_aligned && std::endian::native == std::endian::little)
    return {reinterpret_cast<const float*>(tensor.bytes.data()), num_values};
  if (!is_supported(tensor.type)) {
    unreadable_.push_back(std::string(tensor.name) + " (" + name_of(tensor.type) + ")");
    return {};
  }
  std::vector<float>& values = dequantized_.emplace_back(num_values);
  const std::size_t row_values = tensor.shape[0];
  const std::size_t row_bytes = tensor.bytes.size() / tensor.num_rows();
  for (std::uint64_t row = 0; row < tensor.num_rows(); ++row) {
    const auto target = std::span(values).subspan(row * row_values, row_values);
    if (const auto done =
            dequantize_row(tensor.type, tensor.bytes.subspan(row * row_bytes, row_bytes), target);
        !done) {
      unreadable_.push_back(std::string(tensor.name) + " (" + done.error().message + ")");
      return {};
    }
  }
  return values;
}

Result<void> TensorTable::finish() const {
  if (!missing_.empty()) return Error{Errc::not_found, file_.path() + ": missing tensors: " + list(missing_)};
  if (!misshapen_.empty())
    return Error{Errc::malformed, file_.path() + ": tensors of another shape: " + list(misshapen_)};
  if (!unreadable_.empty())
    return Error{Errc::unsupported, file_.path() + ": tensors that cannot be read: " + list(unreadable_)};
  std::vector<std::string> unused;
  for (const GgufTensor& tensor : file_.tensors()) {
    if (!taken_.contains(tensor.name)) unused.emplace_back(tensor.name);
  }
  // To leave out a bias or a norm would give wrong results without a word.
  if (!unused.empty())
    return Error{Errc::unsupported,
                 file_.path() + ": tensors that this architecture has no use for: " + list(unused)};
  return ok();
}

}  // namespace lyceum::model
