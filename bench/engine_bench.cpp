// What the engine promises, each figure beside its limit, over a model file: seconds of processor time, which
// a busy machine does not change much; medians of five rounds whose sides take turns. Ends with 1 when a
// limit is missed. Usage: engine_bench FILE [THREADS]
#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/attention.hpp"
#include "model/decoding/quote_constraint.hpp"
#include "model/engine/engine.hpp"
#include "model/engine/generation.hpp"
#include "model/engine/scoring.hpp"
#include "model/engine/tracing.hpp"
#include "model/files/model_file.hpp"

namespace lyceum::model {
namespace {

constexpr std::size_t kPrompt = 1000;
constexpr std::size_t kOptions = 16;
constexpr std::size_t kOptionTokens = 5;  ///< With the token that ends it
constexpr std::size_t kSources = 8;
constexpr std::size_t kSourceTokens = 100;
constexpr std::size_t kClaimTokens = 30;
constexpr std::size_t kTraced = 100;
constexpr std::size_t kDecoded = 48;
constexpr std::size_t kForks = 8;
constexpr std::size_t kRounds = 5;

double seconds_of(clockid_t clock) {
  timespec now{};
  (void)clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Spent {
  double processor = 0;  ///< Of all threads
  double clock = 0;
};

Spent spent_in(const std::function<void()>& work) {
  const Spent begin{seconds_of(CLOCK_PROCESS_CPUTIME_ID), seconds_of(CLOCK_MONOTONIC)};
  work();
  return {seconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin.processor, seconds_of(CLOCK_MONOTONIC) - begin.clock};
}

Spent median(std::array<Spent, kRounds> rounds) {
  Spent middle;
  for (double Spent::*part : {&Spent::processor, &Spent::clock}) {
    std::ranges::sort(rounds, {}, part);
    middle.*part = rounds[kRounds / 2].*part;
  }
  return middle;
}

struct Compared {
  Spent base{};
  Spent work{};

  double ratio() const { return work.processor / base.processor; }
};

Compared compare(const std::function<Spent()>& base, const std::function<Spent()>& work) {
  std::array<Spent, kRounds> bases{};
  std::array<Spent, kRounds> works{};
  for (std::size_t round = 0; round < kRounds; ++round) {
    bases[round] = base();
    works[round] = work();
  }
  return {.base = median(bases), .work = median(works)};
}

/// Another program that keeps a processor busy while this lives.
class BusyNeighbour {
 public:
  BusyNeighbour() : process_(::fork()) {
    if (process_ != 0) return;
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (volatile std::uint64_t turns = 0;;) turns = turns + 1;
  }

  BusyNeighbour(const BusyNeighbour&) = delete;
  BusyNeighbour& operator=(const BusyNeighbour&) = delete;

  ~BusyNeighbour() {
    if (process_ <= 0) return;
    (void)::kill(process_, SIGKILL);
    (void)::waitpid(process_, nullptr, 0);
  }

 private:
  pid_t process_;
};

class EngineBench {
 public:
  explicit EngineBench(const Transformer& transformer)
      : transformer_(transformer), engine_(transformer, {.num_pages = 128}) {}

  void run() {
    std::printf("| %-58s | %8s | %8s |\n|%s|%s|%s|\n", "processor time", "seen", "at most",
                std::string(60, '-').c_str(), std::string(10, '-').c_str(), std::string(10, '-').c_str());
    measure_choice();
    measure_quotes();
    measure_fork();
    measure_support();
    measure_trace();
    measure_neighbour();
  }

  bool has_missed() const { return has_missed_; }

 private:
  void report(const char* what, double seen, double limit) {
    has_missed_ |= seen > limit;
    std::printf("| %-58s | %8.3f | %8.3f |%s\n", what, seen, limit, seen > limit ? " MISSED" : "");
    (void)std::fflush(stdout);
  }

  /// No two calls give the same beginning, so that the prefix cache knows none of it.
  std::vector<TokenId> fresh_tokens(std::size_t count) {
    std::vector<TokenId> tokens(count);
    const auto vocabulary = transformer_.config().vocabulary_size;
    for (TokenId& token : tokens) token = static_cast<TokenId>(random_() % (vocabulary - 1));
    return tokens;
  }

  JobId submit(std::unique_ptr<Job> job) {
    const auto id = engine_.submit(std::move(job), Priority::normal);
    check(id);
    return *id;
  }

  template <class T>
  static void check(const Result<T>& result) {
    if (result) return;
    std::cerr << result.error().message << "\n";
    std::exit(EXIT_FAILURE);
  }

  Spent until_idle() {
    return spent_in([&] {
      while (engine_.step()) {
      }
    });
  }

  Spent score(std::vector<ScoreRequest> requests) {
    for (ScoreRequest& request : requests)
      submit(std::make_unique<ScoreJob>(std::move(request),
                                        [](const Result<Scores>& scores) { check(scores); }));
    return until_idle();
  }

  Spent prefill(std::size_t count) {
    ScoreRequest request{
        .prefix = fresh_tokens(count), .continuations = {{}}, .wants_logprobs = false, .read = {0}};
    return score({std::move(request)});
  }

  void measure_choice() {
    const auto choose = [&] {
      ScoreRequest request{.prefix = fresh_tokens(kPrompt)};
      for (std::size_t option = 0; option < kOptions; ++option)
        request.continuations.push_back(fresh_tokens(kOptionTokens));
      return score({std::move(request)});
    };
    const Compared cost = compare([&] { return prefill(kPrompt); }, choose);
    report("a choice of 16 options behind 1,000 tokens / one prefill", cost.ratio(), 1.2);
    std::printf("  one prefill: %.2f s; options of 5 tokens\n", cost.base.processor);
  }

  struct Decoding {
    GenerationRequest request{};
    Result<GenerationEnd> end = Error{Errc::internal, "the generation has not ended"};
    std::vector<TokenId> tokens{};
  };

  static GenerationRequest plain(std::vector<TokenId> prompt) {
    GenerationRequest request;
    request.start = {.prompt = std::move(prompt), .tokens_max = kDecoded};
    request.start.sampling = {.temperature = 0, .wants_logprobs = true};
    request.guesses_from_prompt = false;
    return request;
  }

  /// `then` after each token.
  JobId begin(Decoding& decoding, GenerationFlow then = GenerationFlow::go_on) {
    GenerationEvents events;
    events.on_token = [&decoding, then](const GeneratedToken& token) {
      decoding.tokens.push_back(token.sampled.token);
      return then;
    };
    events.on_end = [&decoding](Result<GenerationEnd> end) { decoding.end = std::move(end); };
    auto job =
        GenerationJob::make(decoding.request, std::move(events), transformer_.config().vocabulary_size);
    check(job);
    return submit(*std::move(job));
  }

  /// Its tokens after the first, for which the prompt is computed.
  Spent decode(GenerationRequest request) {
    Decoding decoding{.request = std::move(request)};
    begin(decoding);
    while (decoding.tokens.empty() && engine_.step()) {
    }
    const Spent spent = until_idle();
    check(decoding.end);
    return spent;
  }

  /// A word a token, in a prompt that is the source.
  void measure_quotes() {
    std::vector<std::string> words;
    for (std::size_t id = 0; id + 1 < transformer_.config().vocabulary_size; ++id)
      words.push_back(" w" + std::to_string(id));
    words.emplace_back();
    const auto prompt = fresh_tokens(kPrompt);
    std::string text;
    for (const TokenId token : prompt) text += words[static_cast<std::size_t>(token)];
    const auto end = static_cast<TokenId>(words.size() - 1);
    const auto vocabulary = TokenTrie::of(std::move(words), {end});
    const std::vector<QuoteSource> sources{{.text = text, .tokens = prompt}};
    const auto quote = [&] {
      GenerationRequest request = plain(prompt);
      auto constraint = quote_constraint(
          sources, vocabulary,
          {.tokens_min = kDecoded, .tokens_max = 2 * kDecoded, .boundary = QuoteBoundary::word});
      check(constraint);
      request.constraint = *std::move(constraint);
      return decode(std::move(request));
    };
    const Compared cost = compare([&] { return decode(plain(prompt)); }, quote);
    report("decode bound to quote a source of 1,000 tokens / free", cost.ratio(), 1.1);
  }

  void measure_fork() {
    Decoding origin{.request = plain(fresh_tokens(kPrompt))};
    std::vector<JobId> ids{begin(origin)};
    while (origin.tokens.size() < kDecoded / 2 && engine_.step()) {
    }
    const EngineStatus before = engine_.status();
    std::vector<Decoding> forks(kForks);
    for (Decoding& fork : forks) {
      fork.request = origin.request;
      fork.request.start.generated = origin.tokens;
      ids.push_back(begin(fork, GenerationFlow::hold));
    }
    const auto is_waiting = [](const Decoding& fork) { return fork.tokens.empty(); };
    while (std::ranges::any_of(forks, is_waiting) && engine_.step()) {
    }
    const EngineStatus after = engine_.status();
    for (const JobId id : ids) engine_.cancel(id);
    until_idle();
    const auto per_fork = [](std::uint64_t from, std::uint64_t to) {
      return static_cast<double>(to - from) / static_cast<double>(kForks);
    };
    const double page_mb = static_cast<double>(engine_.pool().page_floats() * sizeof(float)) / 1e6;
    const double pages = per_fork(before.num_pages_used, after.num_pages_used);
    report("tokens that a fork behind 1,024 computes again",
           per_fork(before.prefill_tokens, after.prefill_tokens), 1.0);
    report("pages of keys and values that a fork takes, of 17", pages, 2.0);
    report("the same in MB", pages * page_mb, 2.0 * page_mb);
  }

  /// All sources first, as EngineWhiteBox has it; then none, and all but each.
  void measure_support() {
    const auto measure = [&] {
      const auto prompt = fresh_tokens(kPrompt);
      const auto claim = fresh_tokens(kClaimTokens);
      const auto without = [&](std::size_t first, std::size_t count) {
        const std::size_t head = (kPrompt - kSources * kSourceTokens) / 2;
        auto prefix = prompt;
        const auto begin = prefix.begin() + static_cast<std::ptrdiff_t>(head + first * kSourceTokens);
        prefix.erase(begin, begin + static_cast<std::ptrdiff_t>(count * kSourceTokens));
        return ScoreRequest{.prefix = std::move(prefix), .continuations = {claim}};
      };
      std::vector<ScoreRequest> masked{without(0, kSources)};
      for (std::size_t source = 0; source < kSources; ++source) masked.push_back(without(source, 1));
      const Spent all = score({without(0, 0)});
      const Spent rest = score(std::move(masked));
      return Spent{all.processor + rest.processor, all.clock + rest.clock};
    };
    const Compared cost = compare([&] { return prefill(kPrompt + kClaimTokens); }, measure);
    report("measured support by 8 sources / one prefill", cost.ratio(), static_cast<double>(kSources + 1));
  }

  void measure_trace() {
    const auto trace = [&] {
      TraceJobRequest request{.prompt = fresh_tokens(kPrompt), .tokens = fresh_tokens(kTraced), .num_top = 5};
      for (std::size_t source = 0; source < kSources; ++source)
        request.attention_spans.push_back(
            {.begin = kSourceTokens * (source + 1), .end = kSourceTokens * (source + 2)});
      submit(std::make_unique<TraceJob>(std::move(request), [](const auto& traced) { check(traced); }));
      return until_idle();
    };
    const Compared cost = compare([&] { return prefill(kPrompt + kTraced); }, trace);
    report("a text of 100 tokens seen again, 8 sources / one prefill", cost.ratio(), 1.5);
  }

  void measure_neighbour() {
    const auto prompt = fresh_tokens(kernels::kAttentionPage);
    const auto alone = [&] { return decode(plain(prompt)); };
    const auto disturbed = [&] {
      const BusyNeighbour neighbour;
      return decode(plain(prompt));
    };
    const Compared cost = compare(alone, disturbed);
    report("decode beside a busy process / alone", cost.ratio(), 1.2);
    std::printf("  of the clock: %.2f times as long; %.1f tokens/s alone, of processor time %.1f\n",
                cost.work.clock / cost.base.clock, static_cast<double>(kDecoded - 1) / cost.base.clock,
                static_cast<double>(kDecoded - 1) / cost.base.processor);
  }

  const Transformer& transformer_;
  Engine engine_;
  std::minstd_rand random_{1};
  bool has_missed_ = false;
};

Result<bool> run(std::span<char* const> arguments) {
  if (arguments.size() < 2) return Error{Errc::invalid_argument, "usage: engine_bench FILE [THREADS]"};
  ComputeOptions options;
  if (arguments.size() > 2) {
    const std::string_view threads = arguments[2];
    const auto read = std::from_chars(threads.data(), threads.data() + threads.size(), options.num_threads);
    if (read.ec != std::errc{} || options.num_threads == 0)
      return Error{Errc::invalid_argument, "not a number of threads: " + std::string(threads)};
  }
  TRY(GgufFile file, open_model_file_blocking(arguments[1]));
  TRY(const Transformer transformer,
      Transformer::load_blocking(std::move(file), available_memory_blocking(), options));
  EngineBench bench(transformer);
  bench.run();
  return !bench.has_missed();
}

}  // namespace
}  // namespace lyceum::model

int main(int argc, char** argv) {
  const auto kept = lyceum::model::run({argv, static_cast<std::size_t>(argc)});
  if (!kept) std::cerr << kept.error().message << "\n";
  return kept && *kept ? 0 : 1;
}
