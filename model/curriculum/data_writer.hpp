#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/curriculum/dice.hpp"
#include "model/training/data_file.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {

struct DataWriterOptions {
  std::size_t vocabulary_size = 0;
  VerbTokens tokens{};
  double validation_share = 0.01;
  /// The share of task documents in which the context is learned, too, and not the answer alone.
  double context_share = 0.1;
  std::uint64_t seed = 1;
};

/// Collects documents of all kinds for training and, by their group, for validation. One thread. Methods
/// that take a `group` keep what belongs together (one passage, one article) on one side.
class DataWriter {
 public:
  explicit DataWriter(const DataWriterOptions& options);

  /// Which candidate of a judgement is shown next, and whether it is right.
  struct Verdict {
    std::size_t candidate = 0;
    bool is_right = false;
  };

  Result<void> add_language(std::string_view kind, std::string_view group, std::span<const TokenId> tokens);
  /// Candidates in this order, as many as fit.
  Result<void> add_judgement(std::string_view kind, std::string_view group, const Judgement& judgement,
                             std::span<const Verdict> verdicts);
  Result<void> add_verdict(std::string_view kind, std::string_view group, const VerdictQuestion& question,
                           std::size_t right);
  /// What is right is told after each of `marks`; `is_right`: one a mark.
  Result<void> add_marks(std::string_view kind, std::string_view group, std::span<const TokenId> tokens,
                         std::span<const std::size_t> marks, const std::vector<bool>& is_right);
  Result<void> add_text(std::string_view kind, std::string_view group, std::span<const TokenId> prefix,
                        std::span<const TokenId> answer);

  /// The second half repeats the first; it alone is learned. Always for training.
  Result<void> add_repetition(std::string_view kind, std::span<const TokenId> tokens);

  struct Pair {
    std::vector<TokenId> query{};
    std::vector<TokenId> positive{};
    std::vector<std::vector<TokenId>> negatives{};
  };

  Result<void> add_pair(std::string_view kind, std::string_view group, const Pair& pair);

  /// train.lytd, validation.lytd, train.lytp and validation.lytp (the last two where there are pairs).
  Result<void> write_blocking(const std::string& folder) const;
  /// {"kinds": [name], "train": {kind: {"documents", "tokens", "learned_tokens"}}, "validation": …, "pairs":
  /// {kind: groups}}
  Json summary() const;

 private:
  struct Count {
    std::uint64_t documents = 0;
    std::uint64_t tokens = 0;
    std::uint64_t learned_tokens = 0;
  };

  enum Side : std::size_t { kTrain, kValidation };

  Side side_of(std::string_view group) const;
  Result<std::uint8_t> number_of(std::string_view kind);
  Result<void> add(std::string_view kind, std::string_view group, std::span<const TokenId> tokens,
                   std::vector<std::uint8_t> weights, bool may_learn_context);

  DataWriterOptions options_;
  Dice dice_;
  std::vector<std::string> kinds_{};
  std::array<TrainingDataBuilder, 2> documents_;
  std::array<ContrastiveDataBuilder, 2> pairs_;
  std::array<std::map<std::string, Count>, 2> counts_{};
  std::map<std::string, std::uint64_t> pair_counts_{};
};

}  // namespace lyceum::model
