#include "model/curriculum/data_writer.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace lyceum::model {
namespace {

std::vector<std::uint16_t> narrowed(std::span<const TokenId> tokens) {
  std::vector<std::uint16_t> out;
  out.reserve(tokens.size());
  for (const TokenId token : tokens) out.push_back(static_cast<std::uint16_t>(token));
  return out;
}

}  // namespace

DataWriter::DataWriter(const DataWriterOptions& options)
    : options_(options),
      dice_(options.seed),
      documents_{TrainingDataBuilder(options.vocabulary_size), TrainingDataBuilder(options.vocabulary_size)},
      pairs_{ContrastiveDataBuilder(options.vocabulary_size),
             ContrastiveDataBuilder(options.vocabulary_size)} {}

DataWriter::Side DataWriter::side_of(std::string_view group) const {
  const auto share = static_cast<double>(fnv1a64(group) % 100'003) / 100'003;
  return share < options_.validation_share ? kValidation : kTrain;
}

Result<std::uint8_t> DataWriter::number_of(std::string_view kind) {
  const auto found = std::find(kinds_.begin(), kinds_.end(), kind);
  if (found != kinds_.end()) return static_cast<std::uint8_t>(found - kinds_.begin());
  if (kinds_.size() == 256) return Error{Errc::too_large, "a data file has room for 256 kinds"};
  kinds_.emplace_back(kind);
  return static_cast<std::uint8_t>(kinds_.size() - 1);
}

Result<void> DataWriter::add(std::string_view kind, std::string_view group, std::span<const TokenId> tokens,
                             std::vector<std::uint8_t> weights, bool may_learn_context) {
  if (may_learn_context && dice_.chance(options_.context_share))
    std::replace(weights.begin(), weights.end(), std::uint8_t{0}, std::uint8_t{1});
  TRY(const std::uint8_t number, number_of(kind));
  const Side side = side_of(group);
  TRY_OK(documents_[side].add(narrowed(tokens), weights, number));
  Count& count = counts_[side][std::string(kind)];
  ++count.documents;
  count.tokens += tokens.size();
  count.learned_tokens +=
      tokens.size() - static_cast<std::uint64_t>(std::count(weights.begin(), weights.end(), 0));
  return ok();
}

Result<void> DataWriter::add_language(std::string_view kind, std::string_view group,
                                      std::span<const TokenId> tokens) {
  return add(kind, group, tokens, std::vector<std::uint8_t>(tokens.size(), 1), false);
}

Result<void> DataWriter::add_judgement(std::string_view kind, std::string_view group,
                                       const Judgement& judgement, std::span<const Verdict> verdicts) {
  std::vector<TokenId> tokens = judgement.prefix;
  std::vector<std::uint8_t> weights(tokens.size(), 0);
  for (const Verdict& verdict : verdicts) {
    const auto& candidate = judgement.candidates[verdict.candidate];
    if (&verdict != verdicts.data() && tokens.size() + candidate.size() + 1 > kVerbContextTokens) break;
    tokens.insert(tokens.end(), candidate.begin(), candidate.end());
    tokens.push_back(verdict.is_right ? options_.tokens.yes : options_.tokens.no);
    weights.resize(tokens.size(), 0);
    weights.back() = kAside;
  }
  return add(kind, group, tokens, std::move(weights), true);
}

Result<void> DataWriter::add_verdict(std::string_view kind, std::string_view group,
                                     const VerdictQuestion& question, std::size_t right) {
  std::vector<TokenId> tokens = question.prefix;
  std::vector<std::uint8_t> weights(tokens.size(), 0);
  tokens.push_back(question.labels[right]);
  weights.push_back(1);
  return add(kind, group, tokens, std::move(weights), true);
}

Result<void> DataWriter::add_marks(std::string_view kind, std::string_view group,
                                   std::span<const TokenId> tokens, std::span<const std::size_t> marks,
                                   const std::vector<bool>& is_right) {
  std::vector<TokenId> out;
  std::vector<std::uint8_t> weights;
  std::size_t mark = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    out.push_back(tokens[i]);
    weights.push_back(0);
    if (mark == marks.size() || i != marks[mark]) continue;
    out.push_back(is_right[mark++] ? options_.tokens.yes : options_.tokens.no);
    weights.push_back(kAside);
  }
  return add(kind, group, out, std::move(weights), true);
}

Result<void> DataWriter::add_text(std::string_view kind, std::string_view group,
                                  std::span<const TokenId> prefix, std::span<const TokenId> answer) {
  std::vector<TokenId> tokens(prefix.begin(), prefix.end());
  std::vector<std::uint8_t> weights(tokens.size(), 0);
  tokens.insert(tokens.end(), answer.begin(), answer.end());
  tokens.push_back(options_.tokens.end);
  weights.resize(tokens.size(), 1);
  return add(kind, group, tokens, std::move(weights), true);
}

Result<void> DataWriter::add_repetition(std::string_view kind, std::span<const TokenId> tokens) {
  std::vector<std::uint8_t> weights(tokens.size(), 0);
  std::fill(weights.begin() + static_cast<std::ptrdiff_t>(tokens.size() / 2), weights.end(), 1);
  return add(kind, {}, tokens, std::move(weights), false);
}

Result<void> DataWriter::add_pair(std::string_view kind, std::string_view group, const Pair& pair) {
  const auto query = narrowed(pair.query);
  const auto positive = narrowed(pair.positive);
  std::vector<std::vector<std::uint16_t>> negatives;
  for (const auto& negative : pair.negatives) negatives.push_back(narrowed(negative));
  ContrastiveGroup texts{.query = query, .positive = positive, .hard_negatives = {}};
  texts.hard_negatives.assign(negatives.begin(), negatives.end());
  TRY_OK(pairs_[side_of(group)].add(texts));
  ++pair_counts_[std::string(kind)];
  return ok();
}

Result<void> DataWriter::write_blocking(const std::string& folder) const {
  TRY_OK(documents_[kTrain].write_blocking(folder + "/train.lytd"));
  TRY_OK(documents_[kValidation].write_blocking(folder + "/validation.lytd"));
  if (pairs_[kTrain].num_groups() > 0) TRY_OK(pairs_[kTrain].write_blocking(folder + "/train.lytp"));
  if (pairs_[kValidation].num_groups() > 0)
    TRY_OK(pairs_[kValidation].write_blocking(folder + "/validation.lytp"));
  return ok();
}

Json DataWriter::summary() const {
  const auto counts_of = [&](Side side) {
    Json out = Json::object();
    for (const auto& [kind, count] : counts_[side]) {
      out[kind] = {
          {"documents", count.documents}, {"tokens", count.tokens}, {"learned_tokens", count.learned_tokens}};
    }
    return out;
  };
  return {{"kinds", kinds_},
          {"train", counts_of(kTrain)},
          {"validation", counts_of(kValidation)},
          {"pairs", pair_counts_}};
}

}  // namespace lyceum::model
