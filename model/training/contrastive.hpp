#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/training/data_file.hpp"
#include "model/training/decoder.hpp"

namespace lyceum::model {

/// Training of embeddings: a query is to lie nearer to its positive than to every other text of the batch.
struct ContrastiveConfig {
  std::uint64_t every = 0;  ///< Every so many steps takes groups instead of documents; 0: none
  double temperature = 0.05;
  /// Negatives weigh exp(hardness * cosine), normalised to a mean of 1 (LLaVE, arXiv:2503.04812, with the
  /// cosine as the measure of hardness); 0: all alike.
  double hardness = 5.0;
  double weight = 1.0;
  std::size_t text_tokens = 256;  ///< Longer texts are cut
};

struct ContrastiveReport {
  std::size_t num_groups = 0;
  double loss = 0.0;         ///< Mean over queries, nats
  double first_share = 0.0;  ///< Queries whose positive is the nearest of all
};

/// The texts of groups as the documents of a batch: query, positive, negatives, group by group.
struct ContrastiveBatch {
  TokenBatch texts{};
  std::vector<std::size_t> first_text{};  ///< Of each group
};

/// Groups of `file` in a shuffled order, anew in every pass; what comes next depends on the seed and the
/// position alone.
class ContrastiveSampler {
 public:
  ContrastiveSampler(const ContrastiveDataFile& file, std::uint64_t seed);

  /// As many groups as fit `batch_tokens`.
  ContrastiveBatch next(std::size_t batch_tokens, std::size_t text_tokens);

  std::uint64_t pass() const { return pass_; }

  std::uint64_t next_group() const { return next_; }

  void restore(std::uint64_t pass, std::uint64_t next_group);

 private:
  void shuffle();

  const ContrastiveDataFile* file_;
  std::uint64_t seed_;
  std::uint64_t pass_ = 0;
  std::uint64_t next_ = 0;
  std::vector<std::uint32_t> order_{};
};

/// InfoNCE (arXiv:1807.03748, eq. 4) between mean-pooled states, cosines as scores. Candidates of a query are
/// all texts of the batch that are no query.
///
///   states     [tokens, num_hidden]
///   gradients  the same, added to; empty: the loss alone
ContrastiveReport contrastive_loss(const ContrastiveBatch& batch, const ContrastiveConfig& config,
                                   std::span<const float> states, std::size_t num_hidden,
                                   std::span<float> gradients);

}  // namespace lyceum::model
