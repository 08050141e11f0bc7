#include "model/files/gguf_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "model/files/gguf_encoding.hpp"
#include "model/files/gguf_parser.hpp"
#include "model/files/quantize.hpp"

namespace lyceum::model {
namespace {

using gguf_encoding::append;
using gguf_encoding::append_array_head;
using gguf_encoding::append_text;
using gguf_encoding::append_type;
using gguf_encoding::append_value;

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kBufferBytes = 4 * 1024 * 1024;

Error system_error(const std::string& path, int number) {
  return {Errc::io, path + ": " + std::generic_category().message(number)};
}

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + kGgufWriterAlignment - 1) / kGgufWriterAlignment * kGgufWriterAlignment;
}

/// A tensor with its place.
struct Placed {
  GgufHeader::Tensor tensor{};
  std::uint64_t row_bytes = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t offset = 0;  ///< In the data part
};

Result<Placed> placed(const GgufHeader::Tensor& tensor, std::uint64_t offset, const std::string& path) {
  const auto fail = [&](const std::string& text) {
    return Error{Errc::invalid_argument, path + ": tensor " + model::quoted(tensor.name) + ": " + text};
  };
  if (tensor.name.empty() || tensor.name.size() > kMaxGgufNameBytes)
    return fail("expected a name of 1 to 65535 bytes");
  if (!is_supported(tensor.type)) return fail("type " + name_of(tensor.type) + " is not supported");
  if (tensor.shape.empty() || tensor.shape.size() > kMaxGgufDims) return fail("expected 1 to 4 dimensions");
  const auto row_bytes = row_size_bytes(tensor.type, tensor.shape[0]);
  if (!row_bytes) return fail(row_bytes.error().message);
  std::uint64_t size_bytes = *row_bytes;
  for (const std::uint64_t extent : std::span(tensor.shape).subspan(1)) {
    if (__builtin_mul_overflow(size_bytes, extent, &size_bytes)) return fail("its size overflows");
  }
  if (size_bytes == 0 || size_bytes > (std::uint64_t{1} << 60U))
    return fail("expected dimensions from 1 and up to 2^60 bytes");
  return Placed{.tensor = tensor, .row_bytes = *row_bytes, .size_bytes = size_bytes, .offset = offset};
}

}  // namespace

void GgufHeader::store(std::string_view key, GgufType type, std::string value) {
  std::string typed;
  append_type(type, typed);
  typed += value;
  const auto is_key = [key](const auto& entry) { return entry.first == key; };
  const auto found = std::ranges::find_if(metadata_, is_key);
  if (found != metadata_.end()) {
    found->second = std::move(typed);
  } else {
    metadata_.emplace_back(key, std::move(typed));
  }
}

void GgufHeader::set_u32(std::string_view key, std::uint32_t value) {
  std::string out;
  append(value, out);
  store(key, GgufType::u32, std::move(out));
}

void GgufHeader::set_f32(std::string_view key, float value) {
  std::string out;
  append(value, out);
  store(key, GgufType::f32, std::move(out));
}

void GgufHeader::set_bool(std::string_view key, bool value) {
  store(key, GgufType::boolean, std::string(1, value ? '\1' : '\0'));
}

void GgufHeader::set_string(std::string_view key, std::string_view value) {
  std::string out;
  append_text(value, out);
  store(key, GgufType::string, std::move(out));
}

void GgufHeader::set_strings(std::string_view key, std::span<const std::string> values) {
  std::string out;
  append_array_head(GgufType::string, values.size(), out);
  for (const std::string& value : values) append_text(value, out);
  store(key, GgufType::array, std::move(out));
}

void GgufHeader::set_f32s(std::string_view key, std::span<const float> values) {
  std::string out;
  append_array_head(GgufType::f32, values.size(), out);
  for (const float value : values) append(value, out);
  store(key, GgufType::array, std::move(out));
}

void GgufHeader::set_i8s(std::string_view key, std::span<const std::int8_t> values) {
  std::string out;
  append_array_head(GgufType::i8, values.size(), out);
  for (const std::int8_t value : values) append(value, out);
  store(key, GgufType::array, std::move(out));
}

void GgufHeader::set_i32s(std::string_view key, std::span<const std::int32_t> values) {
  std::string out;
  append_array_head(GgufType::i32, values.size(), out);
  for (const std::int32_t value : values) append(value, out);
  store(key, GgufType::array, std::move(out));
}

void GgufHeader::set(std::string_view key, const GgufValue& value) {
  if (key == "general.alignment") return;
  std::string out;
  append_value(value, out);
  store(key, value.type, std::move(out));
}

bool GgufHeader::has(std::string_view key) const {
  return std::ranges::any_of(metadata_, [key](const auto& entry) { return entry.first == key; });
}

/// Magic, version, counts and metadata.
std::string GgufHeader::front_bytes() const {
  std::string out(kMagic);
  append(kVersion, out);
  append(static_cast<std::uint64_t>(tensors_.size()), out);
  append(static_cast<std::uint64_t>(metadata_.size()), out);
  for (const auto& [key, value] : metadata_) {
    append_text(key, out);
    out += value;
  }
  return out;
}

std::string GgufHeader::metadata_bytes() const {
  GgufHeader alone;
  alone.metadata_ = metadata_;
  return alone.front_bytes();
}

void GgufHeader::add_tensor(std::string name, std::vector<std::uint64_t> shape, TensorType type) {
  tensors_.push_back({.name = std::move(name), .shape = std::move(shape), .type = type});
}

struct GgufWriter::State {
  std::string path{};
  int file = -1;
  std::string temporary_path{};  ///< Empty when the file is the caller's, or done.
  bool may_replace = false;
  std::vector<Placed> tensors{};
  std::uint64_t data_begin = 0;
  std::size_t tensor = 0;       ///< The next to be written to
  std::uint64_t in_tensor = 0;  ///< Bytes of it that are written
  std::uint64_t written = 0;    ///< Of the file, buffer included
  std::string buffer{};

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    if (temporary_path.empty()) return;
    ::close(file);
    ::unlink(temporary_path.c_str());
  }

  Result<void> flush() {
    std::string_view left = buffer;
    while (!left.empty()) {
      const auto count = ::write(file, left.data(), left.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_error(path, errno);
      left.remove_prefix(static_cast<std::size_t>(count));
    }
    buffer.clear();
    return ok();
  }

  Result<void> append_bytes(std::string_view bytes) {
    buffer += bytes;
    written += bytes.size();
    return buffer.size() >= kBufferBytes ? flush() : ok();
  }

  Result<void> pad() { return append_bytes(std::string(aligned(written) - written, '\0')); }

  Result<void> place_all(const GgufHeader& header) {
    std::set<std::string_view> names;
    std::uint64_t offset = 0;
    for (const GgufHeader::Tensor& each : header.tensors()) {
      if (!names.insert(each.name).second) {
        return Error{Errc::invalid_argument,
                     path + ": tensor " + model::quoted(each.name) + " is there twice"};
      }
      TRY(Placed place, placed(each, offset, path));
      offset = aligned(offset + place.size_bytes);
      tensors.push_back(std::move(place));
    }
    return ok();
  }

  /// The tensor that takes `size_bytes` more bytes.
  Result<const Placed*> current(std::uint64_t size_bytes) const {
    if (tensor == tensors.size())
      return Error{Errc::invalid_argument, path + ": all tensors are written already"};
    const Placed& place = tensors[tensor];
    if (size_bytes > place.size_bytes - in_tensor) {
      return Error{Errc::invalid_argument, path + ": tensor " + model::quoted(place.tensor.name) + " takes " +
                                               std::to_string(place.size_bytes - in_tensor) +
                                               " more bytes, not " + std::to_string(size_bytes)};
    }
    return &place;
  }

  Result<void> count_in(std::uint64_t size_bytes) {
    in_tensor += size_bytes;
    if (in_tensor < tensors[tensor].size_bytes) return ok();
    ++tensor;
    in_tensor = 0;
    return pad();
  }

  Result<void> put_into_place() {
    if (::fdatasync(file) != 0) return system_error(path, errno);
    const unsigned flags = may_replace ? 0U : RENAME_NOREPLACE;
    if (::renameat2(AT_FDCWD, temporary_path.c_str(), AT_FDCWD, path.c_str(), flags) != 0) {
      if (errno == EEXIST) return Error{Errc::conflict, path + ": exists already"};
      return system_error(path, errno);
    }
    ::close(file);
    temporary_path.clear();
    return ok();
  }
};

GgufWriter::GgufWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

GgufWriter::GgufWriter(GgufWriter&&) noexcept = default;
GgufWriter& GgufWriter::operator=(GgufWriter&&) noexcept = default;
GgufWriter::~GgufWriter() = default;

Result<GgufWriter> GgufWriter::write_to_blocking(int file_descriptor, const std::string& name,
                                                 const GgufHeader& header) {
  auto state = std::make_unique<State>();
  state->path = name;
  state->file = file_descriptor;
  TRY_OK(state->place_all(header));
  std::string head = header.front_bytes();
  for (const Placed& place : state->tensors) {
    append_text(place.tensor.name, head);
    append(static_cast<std::uint32_t>(place.tensor.shape.size()), head);
    for (const std::uint64_t extent : place.tensor.shape) append(extent, head);
    append(static_cast<std::uint32_t>(place.tensor.type), head);
    append(place.offset, head);
  }
  TRY_OK(state->append_bytes(head));
  TRY_OK(state->pad());
  state->data_begin = state->written;
  return GgufWriter(std::move(state));
}

Result<GgufWriter> GgufWriter::create_blocking(const std::string& path, const GgufHeader& header,
                                               Options options) {
  if (!options.may_replace && ::access(path.c_str(), F_OK) == 0)
    return Error{Errc::conflict, path + ": exists already"};
  const std::string temporary_path = path + "." + std::to_string(::getpid()) + ".part";
  const int file = ::open(temporary_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return system_error(temporary_path, errno);
  auto writer = write_to_blocking(file, path, header);
  if (!writer) {
    ::close(file);
    ::unlink(temporary_path.c_str());
    return writer;
  }
  writer->state_->temporary_path = temporary_path;
  writer->state_->may_replace = options.may_replace;
  return writer;
}

Result<void> GgufWriter::write_bytes_blocking(std::span<const std::byte> bytes) {
  TRY_OK(state_->current(bytes.size()));
  const void* data = bytes.data();
  TRY_OK(state_->append_bytes({static_cast<const char*>(data), bytes.size()}));
  return state_->count_in(bytes.size());
}

Result<void> GgufWriter::write_values_blocking(std::span<const float> values) {
  TRY(const Placed* const place, state_->current(0));
  const std::uint64_t row_values = place->tensor.shape[0];
  if (values.size() % row_values != 0) {
    return Error{Errc::invalid_argument, state_->path + ": tensor " + model::quoted(place->tensor.name) +
                                             " has rows of " + std::to_string(row_values) + " values, " +
                                             std::to_string(values.size()) + " are no multiple of it"};
  }
  std::vector<std::byte> bytes(values.size() / row_values * place->row_bytes);
  for (std::size_t row = 0; row < values.size() / row_values; ++row) {
    const auto done = quantize_row(place->tensor.type, values.subspan(row * row_values, row_values),
                                   std::span(bytes).subspan(row * place->row_bytes, place->row_bytes));
    if (!done) {
      return Error{done.error().code, state_->path + ": tensor " + model::quoted(place->tensor.name) + ": " +
                                          done.error().message};
    }
  }
  return write_bytes_blocking(bytes);
}

Result<void> GgufWriter::finish_blocking() {
  if (state_->tensor != state_->tensors.size()) {
    return Error{Errc::invalid_argument, state_->path + ": tensor " +
                                             model::quoted(state_->tensors[state_->tensor].tensor.name) +
                                             " is not complete"};
  }
  TRY_OK(state_->flush());
  return state_->temporary_path.empty() ? ok() : state_->put_into_place();
}

std::uint64_t GgufWriter::size_bytes() const {
  if (state_->tensors.empty()) return state_->data_begin;
  const Placed& last = state_->tensors.back();
  return state_->data_begin + aligned(last.offset + last.size_bytes);
}

}  // namespace lyceum::model
