#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/files/mapped_file.hpp"

/// The two files that a model is trained from. Everything is little endian and without padding.
///
///   NAME.lytd  "LYTD", u32 version = 1, u32 vocabulary size, u64 documents, u64 tokens,
///              u64 offsets[documents + 1] (in tokens, from 0), u16 tokens[], u8 weights[tokens],
///              u8 kinds[documents]
///   NAME.lytp  "LYTP", u32 version = 1, u32 vocabulary size, u64 groups, u64 documents, u64 tokens,
///              u64 offsets[documents + 1], u32 group_sizes[groups] (documents, at least 2), u16 tokens[]
namespace lyceum::model {

inline constexpr std::uint32_t kTrainingDataVersion = 1;
inline constexpr std::size_t kMaxTrainingVocabulary = 65'536;
inline constexpr std::uint64_t kMaxTrainingTokens = std::uint64_t{1} << 36U;
inline constexpr std::size_t kMaxGroupDocuments = 64;
/// The weight of a verdict in the middle of a document: learned, but no hint to the next.
inline constexpr std::uint8_t kAside = 2;

/// What a document is made of; borrowed from the file.
struct TrainingDocument {
  std::span<const std::uint16_t> tokens{};
  /// 1 where predicting this token counts, else 0; kAside for a token that is predicted and then not read:
  /// what follows sees the tokens before it only. The first token of a document is never predicted.
  std::span<const std::uint8_t> weights{};
  std::uint8_t kind = 0;  ///< Which part of the mixture it belongs to
};

/// Documents to model, mapped read-only. Immutable: any number of threads may read.
class TrainingDataFile {
 public:
  /// not_found, io; malformed, naming the file and what does not fit: sizes, rising offsets, tokens within
  /// the vocabulary and weights are all checked.
  static Result<TrainingDataFile> open_blocking(const std::string& path);

  std::size_t vocabulary_size() const { return vocabulary_size_; }

  std::size_t num_documents() const { return kinds_.size(); }

  std::uint64_t num_tokens() const { return tokens_.size(); }

  TrainingDocument document(std::size_t index) const;

 private:
  TrainingDataFile() = default;

  std::unique_ptr<const MappedFile> mapping_{};
  std::size_t vocabulary_size_ = 0;
  std::vector<std::uint64_t> offsets_{};
  std::span<const std::uint16_t> tokens_{};
  std::span<const std::uint8_t> weights_{};
  std::span<const std::uint8_t> kinds_{};
};

/// The names of the kinds, from summary.json in the folder of the files. not_found, malformed.
Result<std::vector<std::string>> read_kinds_blocking(const std::string& folder);

/// Collects documents in memory (3 bytes a token) and writes them as one file.
class TrainingDataBuilder {
 public:
  explicit TrainingDataBuilder(std::size_t vocabulary_size) : vocabulary_size_(vocabulary_size) {}

  /// As many weights as tokens. invalid_argument for an empty document, a token outside the vocabulary, a
  /// weight other than 0, 1 and kAside, or one that begins with an aside.
  Result<void> add(std::span<const std::uint16_t> tokens, std::span<const std::uint8_t> weights,
                   std::uint8_t kind);

  std::size_t num_documents() const { return kinds_.size(); }

  std::uint64_t num_tokens() const { return tokens_.size(); }

  /// io. Replaces the file at once or not at all.
  Result<void> write_blocking(const std::string& path) const;

 private:
  std::size_t vocabulary_size_;
  std::vector<std::uint64_t> offsets_{0};
  std::vector<std::uint16_t> tokens_{};
  std::vector<std::uint8_t> weights_{};
  std::vector<std::uint8_t> kinds_{};
};

/// A query, the text that answers it, and texts that look as if they did; borrowed from the file.
struct ContrastiveGroup {
  std::span<const std::uint16_t> query{};
  std::span<const std::uint16_t> positive{};
  std::vector<std::span<const std::uint16_t>> hard_negatives{};
};

/// Groups for contrastive learning, mapped read-only. Immutable: any number of threads may read.
class ContrastiveDataFile {
 public:
  /// As TrainingDataFile::open_blocking.
  static Result<ContrastiveDataFile> open_blocking(const std::string& path);

  std::size_t vocabulary_size() const { return vocabulary_size_; }

  std::size_t num_groups() const { return first_document_.size() - 1; }

  ContrastiveGroup group(std::size_t index) const;

 private:
  ContrastiveDataFile() = default;
  std::span<const std::uint16_t> document(std::size_t index) const;

  std::unique_ptr<const MappedFile> mapping_{};
  std::size_t vocabulary_size_ = 0;
  std::vector<std::uint64_t> offsets_{};
  std::vector<std::size_t> first_document_{};  ///< Of each group, and the end
  std::span<const std::uint16_t> tokens_{};
};

class ContrastiveDataBuilder {
 public:
  explicit ContrastiveDataBuilder(std::size_t vocabulary_size) : vocabulary_size_(vocabulary_size) {}

  /// invalid_argument for an empty text, a token outside the vocabulary or more than kMaxGroupDocuments
  /// texts.
  Result<void> add(const ContrastiveGroup& group);

  std::size_t num_groups() const { return group_sizes_.size(); }

  /// io. Replaces the file at once or not at all.
  Result<void> write_blocking(const std::string& path) const;

 private:
  std::size_t vocabulary_size_;
  std::vector<std::uint64_t> offsets_{0};
  std::vector<std::uint32_t> group_sizes_{};
  std::vector<std::uint16_t> tokens_{};
};

}  // namespace lyceum::model
