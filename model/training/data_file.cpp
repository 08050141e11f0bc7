#include "model/training/data_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/files.hpp"
#include "model/training/atomic_file.hpp"

namespace lyceum::model {
namespace {

static_assert(std::endian::native == std::endian::little, "training data files are read in place");

constexpr std::size_t kMaxSummaryBytes = 16U << 20U;
constexpr std::array<char, 4> kDocumentsMagic{'L', 'Y', 'T', 'D'};
constexpr std::array<char, 4> kGroupsMagic{'L', 'Y', 'T', 'P'};

Error malformed(const std::string& path, const std::string& what) {
  return {Errc::malformed, path + ": " + what};
}

/// Takes one part of the file after the other.
class Parts {
 public:
  Parts(std::string path, std::span<const std::byte> bytes) : path_(std::move(path)), bytes_(bytes) {}

  Result<std::span<const std::byte>> take(std::uint64_t size_bytes, const std::string& what) {
    if (bytes_.size() < size_bytes)
      return malformed(path_, what + " need " + std::to_string(size_bytes) + " bytes, the file has " +
                                  std::to_string(bytes_.size()) + " left");
    const auto part = bytes_.first(size_bytes);
    bytes_ = bytes_.subspan(size_bytes);
    return part;
  }

  template <class T>
  Result<T> number(const std::string& what) {
    TRY(const auto bytes, take(sizeof(T), what));
    T value{};
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  template <class T>
  Result<std::vector<T>> copy(std::uint64_t count, const std::string& what) {
    TRY(const auto bytes, take(count * sizeof(T), what));
    std::vector<T> values(count);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  template <class T>
  Result<std::span<const T>> view(std::uint64_t count, const std::string& what) {
    TRY(const auto bytes, take(count * sizeof(T), what));
    if (std::bit_cast<std::uintptr_t>(bytes.data()) % alignof(T) != 0)
      return malformed(path_, what + " are not aligned");
    return std::span(reinterpret_cast<const T*>(bytes.data()), count);
  }

  Result<void> finish() const {
    if (!bytes_.empty()) return malformed(path_, std::to_string(bytes_.size()) + " bytes follow the data");
    return ok();
  }

  /// Magic and version; returns the vocabulary's size.
  Result<std::size_t> header(const std::array<char, 4>& magic) {
    TRY(const auto found, take(magic.size(), "the magic bytes"));
    if (std::memcmp(found.data(), magic.data(), magic.size()) != 0)
      return malformed(path_, "expected " + std::string(magic.data(), magic.size()) + " at byte 0");
    TRY(const auto version, number<std::uint32_t>("the version"));
    if (version != kTrainingDataVersion)
      return Error{Errc::unsupported, path_ + ": version " + std::to_string(version) + ", known is " +
                                          std::to_string(kTrainingDataVersion)};
    TRY(const auto vocabulary, number<std::uint32_t>("the vocabulary size"));
    if (vocabulary == 0 || vocabulary > kMaxTrainingVocabulary)
      return malformed(path_, "the vocabulary size must be 1.." + std::to_string(kMaxTrainingVocabulary));
    return std::size_t{vocabulary};
  }

  Result<std::uint64_t> count(const std::string& what) {
    TRY(const auto value, number<std::uint64_t>("the number of " + what));
    if (value > kMaxTrainingTokens) return malformed(path_, "too many " + what);
    return value;
  }

  /// Documents' starts in `num_tokens` tokens; no document is empty.
  Result<std::vector<std::uint64_t>> offsets(std::uint64_t num_documents, std::uint64_t num_tokens) {
    TRY(auto values, copy<std::uint64_t>(num_documents + 1, "the offsets"));
    const auto is_not_rising = [](std::uint64_t a, std::uint64_t b) { return a >= b; };
    if (values.front() != 0 || values.back() != num_tokens ||
        std::ranges::adjacent_find(values, is_not_rising) != values.end())
      return malformed(path_, "the offsets must rise from 0 to the number of tokens");
    return values;
  }

  Result<std::span<const std::uint16_t>> tokens(std::uint64_t count, std::size_t vocabulary_size) {
    TRY(const auto values, view<std::uint16_t>(count, "the tokens"));
    const auto beyond =
        std::ranges::find_if(values, [&](std::uint16_t token) { return token >= vocabulary_size; });
    if (beyond != values.end())
      return malformed(path_, "token " + std::to_string(*beyond) + " is not in the vocabulary of " +
                                  std::to_string(vocabulary_size));
    return values;
  }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
};

Result<void> check_tokens(std::span<const std::uint16_t> tokens, std::size_t vocabulary_size) {
  if (tokens.empty()) return Error{Errc::invalid_argument, "a document has no tokens"};
  for (const std::uint16_t token : tokens) {
    if (token >= vocabulary_size)
      return Error{Errc::invalid_argument, "token " + std::to_string(token) +
                                               " is not in the vocabulary of " +
                                               std::to_string(vocabulary_size)};
  }
  return ok();
}

/// Bytes of the fixed part of a file, in order.
class HeaderBytes {
 public:
  explicit HeaderBytes(const std::array<char, 4>& magic) {
    append(magic);
    append(kTrainingDataVersion);
  }

  template <class T>
  void append(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_{};
};

}  // namespace

Result<TrainingDataFile> TrainingDataFile::open_blocking(const std::string& path) {
  TrainingDataFile file;
  TRY(file.mapping_, MappedFile::open_blocking(path));
  Parts parts(path, file.mapping_->bytes());
  TRY(file.vocabulary_size_, parts.header(kDocumentsMagic));
  TRY(const auto num_documents, parts.count("documents"));
  TRY(const auto num_tokens, parts.count("tokens"));
  TRY(file.offsets_, parts.offsets(num_documents, num_tokens));
  TRY(file.tokens_, parts.tokens(num_tokens, file.vocabulary_size_));
  TRY(file.weights_, parts.view<std::uint8_t>(num_tokens, "the weights"));
  TRY(file.kinds_, parts.view<std::uint8_t>(num_documents, "the kinds"));
  TRY_OK(parts.finish());
  if (std::ranges::any_of(file.weights_, [](std::uint8_t weight) { return weight > kAside; }))
    return malformed(path, "weights must be 0, 1 or 2");
  for (std::size_t i = 0; i < file.kinds_.size(); ++i) {
    if (file.weights_[file.offsets_[i]] == kAside)
      return malformed(path, "document " + std::to_string(i) + " begins with an aside");
  }
  return file;
}

TrainingDocument TrainingDataFile::document(std::size_t index) const {
  LYCEUM_CHECK(index < num_documents());
  const std::uint64_t start = offsets_[index];
  const std::uint64_t size = offsets_[index + 1] - start;
  return {tokens_.subspan(start, size), weights_.subspan(start, size), kinds_[index]};
}

Result<void> TrainingDataBuilder::add(std::span<const std::uint16_t> tokens,
                                      std::span<const std::uint8_t> weights, std::uint8_t kind) {
  TRY_OK(check_tokens(tokens, vocabulary_size_));
  if (weights.size() != tokens.size())
    return Error{Errc::invalid_argument, "a document has " + std::to_string(tokens.size()) + " tokens and " +
                                             std::to_string(weights.size()) + " weights"};
  const bool is_known = std::ranges::all_of(weights, [](std::uint8_t weight) { return weight <= kAside; });
  if (!is_known || weights.front() == kAside)
    return Error{Errc::invalid_argument, "weights must be 0, 1 or 2, and not 2 at the beginning"};
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  weights_.insert(weights_.end(), weights.begin(), weights.end());
  kinds_.push_back(kind);
  offsets_.push_back(tokens_.size());
  return ok();
}

Result<void> TrainingDataBuilder::write_blocking(const std::string& path) const {
  HeaderBytes header(kDocumentsMagic);
  header.append(static_cast<std::uint32_t>(vocabulary_size_));
  header.append(static_cast<std::uint64_t>(num_documents()));
  header.append(num_tokens());
  const std::array parts{header.bytes(), std::as_bytes(std::span(offsets_)),
                         std::as_bytes(std::span(tokens_)), std::as_bytes(std::span(weights_)),
                         std::as_bytes(std::span(kinds_))};
  return write_atomically_blocking(path, parts);
}

Result<ContrastiveDataFile> ContrastiveDataFile::open_blocking(const std::string& path) {
  ContrastiveDataFile file;
  TRY(file.mapping_, MappedFile::open_blocking(path));
  Parts parts(path, file.mapping_->bytes());
  TRY(file.vocabulary_size_, parts.header(kGroupsMagic));
  TRY(const auto num_groups, parts.count("groups"));
  TRY(const auto num_documents, parts.count("documents"));
  TRY(const auto num_tokens, parts.count("tokens"));
  TRY(file.offsets_, parts.offsets(num_documents, num_tokens));
  TRY(const auto sizes, parts.copy<std::uint32_t>(num_groups, "the group sizes"));
  TRY(file.tokens_, parts.tokens(num_tokens, file.vocabulary_size_));
  TRY_OK(parts.finish());
  file.first_document_.push_back(0);
  for (const std::uint32_t size : sizes) {
    if (size < 2 || size > kMaxGroupDocuments)
      return malformed(path, "a group of " + std::to_string(size) + " documents, expected 2.." +
                                 std::to_string(kMaxGroupDocuments));
    file.first_document_.push_back(file.first_document_.back() + size);
  }
  if (file.first_document_.back() != num_documents)
    return malformed(path, "the groups hold " + std::to_string(file.first_document_.back()) +
                               " documents, the file " + std::to_string(num_documents));
  return file;
}

std::span<const std::uint16_t> ContrastiveDataFile::document(std::size_t index) const {
  return tokens_.subspan(offsets_[index], offsets_[index + 1] - offsets_[index]);
}

ContrastiveGroup ContrastiveDataFile::group(std::size_t index) const {
  LYCEUM_CHECK(index < num_groups());
  const std::size_t first = first_document_[index];
  ContrastiveGroup group{.query = document(first), .positive = document(first + 1)};
  for (std::size_t i = first + 2; i < first_document_[index + 1]; ++i)
    group.hard_negatives.push_back(document(i));
  return group;
}

Result<void> ContrastiveDataBuilder::add(const ContrastiveGroup& group) {
  std::vector<std::span<const std::uint16_t>> texts{group.query, group.positive};
  texts.insert(texts.end(), group.hard_negatives.begin(), group.hard_negatives.end());
  if (texts.size() > kMaxGroupDocuments)
    return Error{Errc::invalid_argument, "a group has " + std::to_string(texts.size()) +
                                             " documents, at most " + std::to_string(kMaxGroupDocuments) +
                                             " fit"};
  for (const auto text : texts) TRY_OK(check_tokens(text, vocabulary_size_));
  for (const auto text : texts) {
    tokens_.insert(tokens_.end(), text.begin(), text.end());
    offsets_.push_back(tokens_.size());
  }
  group_sizes_.push_back(static_cast<std::uint32_t>(texts.size()));
  return ok();
}

Result<void> ContrastiveDataBuilder::write_blocking(const std::string& path) const {
  HeaderBytes header(kGroupsMagic);
  header.append(static_cast<std::uint32_t>(vocabulary_size_));
  header.append(static_cast<std::uint64_t>(group_sizes_.size()));
  header.append(static_cast<std::uint64_t>(offsets_.size() - 1));
  header.append(static_cast<std::uint64_t>(tokens_.size()));
  const std::array parts{header.bytes(), std::as_bytes(std::span(offsets_)),
                         std::as_bytes(std::span(group_sizes_)), std::as_bytes(std::span(tokens_))};
  return write_atomically_blocking(path, parts);
}

Result<std::vector<std::string>> read_kinds_blocking(const std::string& folder) {
  const std::string path = folder + "/summary.json";
  TRY(const Json summary, read_json_file_blocking(path, kMaxSummaryBytes));
  std::vector<std::string> kinds;
  if (summary.is_object() && summary.contains("kinds") && summary["kinds"].is_array()) {
    for (const Json& kind : summary["kinds"]) {
      if (kind.is_string()) kinds.push_back(kind.get<std::string>());
    }
  }
  if (kinds.empty()) return Error{Errc::malformed, path + ": expected the names of kinds under \"kinds\""};
  return kinds;
}

}  // namespace lyceum::model
