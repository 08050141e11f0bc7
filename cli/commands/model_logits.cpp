#include "cli/commands/model_logits.hpp"

#include <algorithm>
#include <iostream>
#include <numeric>

#include "cli/commands/command_context.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kShownLogits = 10;

void print_ids(const char* title, const std::vector<std::int32_t>& ids) {
  std::cout << title;
  for (const std::int32_t id : ids) std::cout << " " << id;
  std::cout << "\n";
}

void print_for_people(const model::LogitsResult& result) {
  print_ids("tokens:", result.tokens);
  std::vector<std::int32_t> best(result.last_logits.size());
  std::iota(best.begin(), best.end(), 0);
  const auto logit_of = [&](std::int32_t id) { return result.last_logits[static_cast<std::size_t>(id)]; };
  std::ranges::sort(best, [&](std::int32_t a, std::int32_t b) {
    return logit_of(a) != logit_of(b) ? logit_of(a) > logit_of(b) : a < b;
  });
  best.resize(std::min(best.size(), kShownLogits));
  std::cout << "highest logits:\n";
  for (const std::int32_t id : best) std::cout << "  " << id << "  " << logit_of(id) << "\n";
  if (!result.greedy.empty()) print_ids("greedy:", result.greedy);
}

}  // namespace

int model_logits(const ModelLogitsOptions& options, bool is_json) {
  const auto result = model::compute_logits_blocking(options.file, options.request);
  if (!result) return report(result.error());
  if (is_json) {
    print_json(
        {{"tokens", result->tokens}, {"logits_last", result->last_logits}, {"greedy", result->greedy}});
  } else {
    print_for_people(*result);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
