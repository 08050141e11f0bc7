#include "model/training/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <limits>

#include "model/files/mapped_file.hpp"
#include "model/training/atomic_file.hpp"
#include "model/training/train_config.hpp"

namespace lyceum::model {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 4> kMagic{'L', 'Y', 'T', 'C'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPrefixBytes = 16;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 20U;
constexpr const char* kExtension = ".lytc";

struct Prefix {
  std::array<char, 4> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint64_t header_bytes = 0;
};

static_assert(sizeof(Prefix) == kPrefixBytes);

Error malformed(const std::string& path, const std::string& what) {
  return {Errc::malformed, path + ": " + what};
}

Result<Checkpoint> read_header(const std::string& text, const std::string& path) {
  TRY(const Json header, parse_json(text));
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  FieldReader fields(header, path);
  Checkpoint checkpoint;
  TRY(checkpoint.shape, read_decoder_shape(fields.object("model")));
  checkpoint.step = static_cast<std::uint64_t>(fields.required_integer("step", 0, kMax));
  checkpoint.num_tokens = static_cast<std::uint64_t>(fields.required_integer("tokens", 0, kMax));
  checkpoint.position = fields.object("position");
  TRY_OK(fields.finish());
  return checkpoint;
}

std::vector<std::string> checkpoints_blocking(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(kExtension)) paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

Result<void> write_checkpoint_blocking(const Checkpoint& checkpoint, const std::string& path) {
  std::string header = dump_json({{"model", to_json(checkpoint.shape)},
                                  {"step", checkpoint.step},
                                  {"tokens", checkpoint.num_tokens},
                                  {"position", checkpoint.position}});
  const std::size_t size = kPrefixBytes + header.size();
  header.append((kAlignment - size % kAlignment) % kAlignment, ' ');
  const Prefix prefix{.header_bytes = header.size()};
  const std::array parts{std::as_bytes(std::span(&prefix, 1)), std::as_bytes(std::span(header)),
                         std::as_bytes(std::span(checkpoint.parameters)),
                         std::as_bytes(std::span(checkpoint.first_moments)),
                         std::as_bytes(std::span(checkpoint.second_moments))};
  return write_atomically_blocking(path, parts);
}

Result<Checkpoint> read_checkpoint_blocking(const std::string& path) {
  TRY(const auto mapping, MappedFile::open_blocking(path));
  const auto bytes = mapping->bytes();
  Prefix prefix;
  if (bytes.size() < kPrefixBytes) return malformed(path, "too short for a checkpoint");
  std::memcpy(&prefix, bytes.data(), kPrefixBytes);
  if (prefix.magic != kMagic || prefix.version != kVersion)
    return malformed(path, "expected a checkpoint of version " + std::to_string(kVersion));
  if (prefix.header_bytes > std::min(kMaxHeaderBytes, bytes.size() - kPrefixBytes))
    return malformed(path, "the header does not fit");
  std::string text(prefix.header_bytes, ' ');
  std::memcpy(text.data(), bytes.data() + kPrefixBytes, text.size());
  TRY(Checkpoint checkpoint, read_header(text, path));
  const std::size_t size = ParameterLayout(checkpoint.shape).size();
  const auto arrays = bytes.subspan(kPrefixBytes + text.size());
  if (arrays.size() != 3 * size * sizeof(float))
    return malformed(path, "expected " + std::to_string(3 * size) + " values, found " +
                               std::to_string(arrays.size() / sizeof(float)));
  const std::byte* source = arrays.data();
  for (auto* const values : {&checkpoint.parameters, &checkpoint.first_moments, &checkpoint.second_moments}) {
    values->resize(size);
    std::memcpy(values->data(), source, size * sizeof(float));
    source += size * sizeof(float);
  }
  return checkpoint;
}

std::string checkpoint_path(const std::string& folder, std::uint64_t step) {
  constexpr std::size_t kDigits = 8;
  std::string number = std::to_string(step);
  number.insert(0, kDigits - std::min(kDigits, number.size()), '0');
  return (fs::path(folder) / ("step-" + number + kExtension)).string();
}

std::optional<std::string> newest_checkpoint_blocking(const std::string& folder) {
  const auto paths = checkpoints_blocking(folder);
  if (paths.empty()) return std::nullopt;
  return paths.back();
}

void prune_checkpoints_blocking(const std::string& folder, std::size_t keep) {
  const auto paths = checkpoints_blocking(folder);
  for (std::size_t i = 0; i + keep < paths.size(); ++i) {
    std::error_code ignored;
    fs::remove(paths[i], ignored);
  }
}

}  // namespace lyceum::model
