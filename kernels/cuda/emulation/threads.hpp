#pragma once

// A device of one slow processor: blocks run one after the other, the threads of a block take turns as
// fibers and change at barriers. For tests of the kernels where there is no device.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#include "kernels/small_floats.hpp"

#define LYCEUM_KERNEL void
#define LYCEUM_DEVICE inline
#define LYCEUM_BOTH inline
// Blocks never overlap, so that one copy serves all.
#define LYCEUM_SHARED static
#define LYCEUM_BOUNDS(threads, blocks)

namespace lyceum::kernels::cuda {

namespace emulation {

constexpr int kWarp = 32;
/// Bytes a lane may show to its warp at once.
constexpr std::size_t kExchangeBytes = 64;

struct Place {
  int thread = 0;
  int num_threads = 0;
  int block[3] = {0, 0, 0};
  unsigned num_exchanges = 0;
};

struct Extent {
  int x = 1;
  int y = 1;
  int z = 1;
};

/// What the lanes of a warp show each other. Two turns alternate, so that one wait is enough.
struct Exchange {
  alignas(16) std::byte values[2][kWarp][kExchangeBytes];
};

/// The running fiber's place and its warp's exchange.
struct Running {
  Place* place = nullptr;
  Exchange* exchange = nullptr;
};

inline thread_local Running running{};

inline Place& place() {
  return *running.place;
}

void wait_for_block();
void wait_for_warp();

/// Runs `kernel` for every thread of every block; returns when all have ended.
void run(const Extent& blocks, int num_threads, const std::function<void()>& kernel);

template <class T>
void show(const T& value) {
  static_assert(sizeof(T) <= kExchangeBytes);
  Place& here = place();
  const unsigned turn = here.num_exchanges++ % 2;
  std::memcpy(running.exchange->values[turn][here.thread % kWarp], &value, sizeof(T));
  wait_for_warp();
}

/// What `lane` showed last.
template <class T>
T seen(int lane) {
  T value;
  std::memcpy(&value, running.exchange->values[(place().num_exchanges + 1) % 2][lane], sizeof(T));
  return value;
}

}  // namespace emulation

inline int thread() {
  return emulation::place().thread;
}

inline int block_x() {
  return emulation::place().block[0];
}

inline int block_y() {
  return emulation::place().block[1];
}

inline int block_z() {
  return emulation::place().block[2];
}

inline int num_threads() {
  return emulation::place().num_threads;
}

inline void sync_block() {
  emulation::wait_for_block();
}

inline void sync_warp() {
  emulation::wait_for_warp();
}

template <class T>
T shuffle_xor(T value, int mask) {
  emulation::show(value);
  return emulation::seen<T>((thread() % emulation::kWarp) ^ mask);
}

template <class T>
T shuffle(T value, int lane) {
  emulation::show(value);
  return emulation::seen<T>(lane);
}

/// What five steps of `combine` with shuffle_xor by 16, 8, 4, 2, 1 give, at once.
template <class Combine>
float over_warp(float value, const Combine& combine) {
  emulation::show(value);
  float values[emulation::kWarp];
  for (int lane = 0; lane < emulation::kWarp; ++lane) values[lane] = emulation::seen<float>(lane);
  for (int width = emulation::kWarp / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) values[lane] = combine(values[lane], values[lane + width]);
  }
  return values[0];
}

inline std::uint32_t ballot(bool holds) {
  emulation::show(holds);
  std::uint32_t bits = 0;
  for (int lane = 0; lane < emulation::kWarp; ++lane)
    bits |= (emulation::seen<bool>(lane) ? 1U : 0U) << static_cast<unsigned>(lane);
  return bits;
}

inline int count_bits(std::uint32_t bits) {
  return std::popcount(bits);
}

inline float float_of_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}

inline std::uint32_t bits_of_float(float value) {
  return std::bit_cast<std::uint32_t>(value);
}

inline float wide_f16(std::uint16_t bits) {
  return float_of_f16(bits);
}

/// To the nearest, ties to even.
std::uint16_t narrow_f16(float value);

inline void copy_16_async(void* shared, const void* global, bool is_there) {
  if (is_there) {
    std::memcpy(shared, global, 16);
  } else {
    std::memset(shared, 0, 16);
  }
}

inline void commit_copies() {}

template <int kPending>
void wait_copies() {}

using std::floor;
using std::fma;
using std::fmaf;

}  // namespace lyceum::kernels::cuda
