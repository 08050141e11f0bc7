#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/training/data_file.hpp"
#include "model/training/train_config.hpp"

namespace lyceum::model {

/// Draws batches of documents so that a phase's mixture holds at every moment: the next document comes from
/// the part that lags most behind its share. Each part is passed through in a shuffled order, anew in every
/// pass. What comes next depends on the seed and the position alone.
class BatchSampler {
 public:
  /// `file` is borrowed; `kinds` are the names of its kinds. invalid_argument when a phase names a part that
  /// the file has nothing of, or a kind has no name.
  static Result<BatchSampler> create(const TrainingDataFile& file, const std::vector<std::string>& kinds,
                                     TrainConfig config);

  /// The next documents, at most `batch_tokens` tokens of them; `num_tokens` have been drawn before.
  TokenBatch next(std::uint64_t num_tokens);

  /// Where the sampler stands, for a checkpoint.
  Json position() const;
  /// malformed for what position() never wrote.
  Result<void> restore(const Json& position);

 private:
  /// A document or a part of one that fits the context.
  struct Piece {
    std::uint32_t document = 0;
    std::uint32_t first = 0;
    std::uint32_t length = 0;
  };

  struct Part {
    std::vector<Piece> pieces{};
    std::vector<std::uint32_t> order{};  ///< Of the pass at hand
    std::uint64_t pass = 0;
    std::uint64_t next = 0;
    std::uint64_t num_drawn = 0;  ///< Tokens in this phase
  };

  BatchSampler(const TrainingDataFile& file, TrainConfig config) : file_(&file), config_(std::move(config)) {}

  Result<void> take_pieces(const std::vector<std::string>& kinds);
  void shuffle(const std::string& name, Part& part) const;
  std::string lagging_part(const TrainPhase& phase) const;
  void enter_phase(std::uint64_t num_tokens);
  void append(const Piece& piece, TokenBatch& batch) const;

  const TrainingDataFile* file_;
  TrainConfig config_;
  std::vector<float> document_weights_{};  ///< By kind; 0: each prediction weighs 1
  std::map<std::string, Part> parts_{};
  std::size_t phase_ = 0;
};

/// Adds a document to a batch; its predictions share `weight`, or weigh 1 each when that is 0.
void append_document(const TrainingDocument& document, float weight, TokenBatch& batch);

}  // namespace lyceum::model
