#include "model/training/contrastive.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "model/training/seeded.hpp"

namespace lyceum::model {
namespace {

/// The mean of a text's states, and its direction.
struct Embedding {
  std::vector<double> direction{};
  double length = 0.0;
  std::vector<double> gradient{};  ///< By the direction
};

Embedding embed(const BatchDocument& text, std::span<const float> states, std::size_t num_hidden) {
  Embedding embedding{std::vector<double>(num_hidden), 0.0, std::vector<double>(num_hidden)};
  for (std::size_t row = text.first; row < text.first + text.length; ++row) {
    for (std::size_t i = 0; i < num_hidden; ++i)
      embedding.direction[i] +=
          static_cast<double>(states[row * num_hidden + i]) / static_cast<double>(text.length);
  }
  for (const double value : embedding.direction) embedding.length += value * value;
  embedding.length = std::sqrt(embedding.length) + 1e-12;
  for (double& value : embedding.direction) value /= embedding.length;
  return embedding;
}

double cosine(const Embedding& a, const Embedding& b) {
  return std::inner_product(a.direction.begin(), a.direction.end(), b.direction.begin(), 0.0);
}

/// Logits of the candidates: the scores, for negatives plus the logarithm of their weight.
std::vector<double> logits_of(const std::vector<double>& cosines, std::size_t positive,
                              const ContrastiveConfig& config) {
  double sum = 0.0;
  for (std::size_t i = 0; i < cosines.size(); ++i) {
    if (i != positive) sum += std::exp(config.hardness * cosines[i]);
  }
  const double mean = sum / static_cast<double>(std::max<std::size_t>(cosines.size() - 1, 1));
  std::vector<double> logits(cosines.size());
  for (std::size_t i = 0; i < cosines.size(); ++i) {
    logits[i] = cosines[i] / config.temperature;
    if (i != positive) logits[i] += config.hardness * cosines[i] - std::log(mean);
  }
  return logits;
}

/// Replaces logits by probabilities; returns the logarithm of their sum of exponentials.
double normalise(std::vector<double>& logits) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0.0;
  for (double& logit : logits) sum += logit = std::exp(logit - most);
  for (double& logit : logits) logit /= sum;
  return most + std::log(sum);
}

/// Through the direction and the mean to every state of the text.
void spread(const Embedding& embedding, const BatchDocument& text, std::size_t num_hidden,
            std::span<float> gradients) {
  const double along = std::inner_product(embedding.gradient.begin(), embedding.gradient.end(),
                                          embedding.direction.begin(), 0.0);
  const double scale = 1.0 / (embedding.length * static_cast<double>(text.length));
  for (std::size_t i = 0; i < num_hidden; ++i) {
    const auto gradient =
        static_cast<float>((embedding.gradient[i] - along * embedding.direction[i]) * scale);
    for (std::size_t row = text.first; row < text.first + text.length; ++row)
      gradients[row * num_hidden + i] += gradient;
  }
}

}  // namespace

ContrastiveSampler::ContrastiveSampler(const ContrastiveDataFile& file, std::uint64_t seed)
    : file_(&file), seed_(seed) {
  shuffle();
}

void ContrastiveSampler::restore(std::uint64_t pass, std::uint64_t next_group) {
  pass_ = pass;
  next_ = std::min<std::uint64_t>(next_group, file_->num_groups());
  shuffle();
}

void ContrastiveSampler::shuffle() {
  constexpr std::uint64_t kPurpose = 0xC0;
  order_.resize(file_->num_groups());
  std::iota(order_.begin(), order_.end(), 0U);
  SeededNumbers numbers(seed_, {kPurpose, pass_});
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[numbers.below(i)]);
}

ContrastiveBatch ContrastiveSampler::next(std::size_t batch_tokens, std::size_t text_tokens) {
  ContrastiveBatch batch;
  for (;;) {
    if (next_ == order_.size()) {
      ++pass_;
      next_ = 0;
      shuffle();
    }
    const ContrastiveGroup group = file_->group(order_[next_]);
    std::vector<std::span<const std::uint16_t>> texts{group.query, group.positive};
    texts.insert(texts.end(), group.hard_negatives.begin(), group.hard_negatives.end());
    std::size_t size = 0;
    for (auto& text : texts) {
      text = text.first(std::min(text.size(), text_tokens));
      size += text.size();
    }
    // A group that no batch can hold goes without its last negatives.
    for (; size > batch_tokens && texts.size() > 2; texts.pop_back()) size -= texts.back().size();
    if (batch.texts.tokens.size() + size > batch_tokens) return batch;
    ++next_;
    batch.first_text.push_back(batch.texts.documents.size());
    for (const auto text : texts) {
      batch.texts.documents.push_back({batch.texts.tokens.size(), text.size()});
      batch.texts.tokens.insert(batch.texts.tokens.end(), text.begin(), text.end());
    }
  }
}

ContrastiveReport contrastive_loss(const ContrastiveBatch& batch, const ContrastiveConfig& config,
                                   std::span<const float> states, std::size_t num_hidden,
                                   std::span<float> gradients) {
  const std::size_t num_groups = batch.first_text.size();
  std::vector<Embedding> embeddings;
  for (const BatchDocument& text : batch.texts.documents)
    embeddings.push_back(embed(text, states, num_hidden));
  std::vector<std::size_t> candidates;
  for (std::size_t text = 0; text < embeddings.size(); ++text) {
    if (!std::ranges::binary_search(batch.first_text, text)) candidates.push_back(text);
  }
  ContrastiveReport report{.num_groups = num_groups};
  for (const std::size_t query : batch.first_text) {
    const auto positive =
        static_cast<std::size_t>(std::ranges::lower_bound(candidates, query + 1) - candidates.begin());
    std::vector<double> cosines;
    for (const std::size_t candidate : candidates)
      cosines.push_back(cosine(embeddings[query], embeddings[candidate]));
    report.first_share += std::ranges::max(cosines) <= cosines[positive] ? 1.0 : 0.0;
    std::vector<double> shares = logits_of(cosines, positive, config);
    const double at_positive = shares[positive];
    report.loss += normalise(shares) - at_positive;
    const double scale = config.weight / (config.temperature * static_cast<double>(num_groups));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      // The weights of negatives are constants here: only the score has a gradient.
      const double gradient = scale * (shares[i] - (i == positive ? 1.0 : 0.0));
      for (std::size_t j = 0; j < num_hidden; ++j) {
        embeddings[query].gradient[j] += gradient * embeddings[candidates[i]].direction[j];
        embeddings[candidates[i]].gradient[j] += gradient * embeddings[query].direction[j];
      }
    }
  }
  report.loss /= static_cast<double>(num_groups);
  report.first_share /= static_cast<double>(num_groups);
  if (gradients.empty()) return report;
  for (std::size_t text = 0; text < embeddings.size(); ++text)
    spread(embeddings[text], batch.texts.documents[text], num_hidden, gradients);
  return report;
}

}  // namespace lyceum::model
