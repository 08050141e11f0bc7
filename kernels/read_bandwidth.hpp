#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "kernels/worker_pool.hpp"

namespace lyceum::kernels {

/// Of the clock.
inline double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Gigabytes a second that `pool` reads from `bytes`: each thread sums eight streams, with prefetch, the best
/// of three rounds.
inline double read_bandwidth(WorkerPool& pool, std::span<const std::byte> bytes) {
  constexpr std::size_t kPart = std::size_t{1} << 20U;
  constexpr std::size_t kStreams = 8;
  constexpr std::size_t kStream = kPart / kStreams;
  constexpr std::size_t kAhead = 1024;
  using Words [[gnu::vector_size(64)]] = std::uint64_t;
  std::vector<std::uint64_t> sums(pool.num_threads() * 8);
  double best = 0.0;
  for (int round = 0; round < 3; ++round) {
    const double seconds = seconds_of([&] {
      pool.run(bytes.size() / kPart, [&](std::size_t part, std::size_t thread) {
        const std::byte* const from = bytes.data() + part * kPart;
        Words totals[kStreams]{};
        for (std::size_t at = 0; at < kStream; at += sizeof(Words)) {
          for (std::size_t stream = 0; stream < kStreams; ++stream) {
            Words words;
            std::memcpy(&words, from + stream * kStream + at, sizeof(words));
            __builtin_prefetch(from + stream * kStream + at + kAhead);
            totals[stream] += words;
          }
        }
        for (const Words& total : totals) sums[thread * 8] += total[0] ^ total[7];
      });
    });
    best = std::max(best, static_cast<double>(bytes.size() / kPart * kPart) / seconds / 1e9);
  }
  return best;
}

}  // namespace lyceum::kernels
