// What each kernel reaches on one thread, beside the machine's limits in the same run: memory read by a plain
// loop, int8 and f32 products from registers. Rates are a second of the thread's processor time, so that a
// busy machine's other work does not count; memory is shared with it all the same.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include <time.h>

#include "kernels/isa.hpp"
#include "kernels/operations.hpp"
#include "kernels/read_bandwidth.hpp"
#include "tests/unit/kernels/random_values.hpp"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lyceum {
namespace {

using namespace kernels;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Of one call, the least of several that take 0.2 s together.
double cpu_seconds_of(const auto& work) {
  double best = 1e30;
  double spent = 0.0;
  while (spent < 0.2) {
    const double begin = cpu_seconds();
    work();
    const double seconds = cpu_seconds() - begin;
    best = std::min(best, seconds);
    spent += seconds;
  }
  return best;
}

#if defined(__x86_64__)
/// Twelve chains of products hide their latency.
[[gnu::target("avx512f,avx512vnni")]] std::int32_t multiply_int8_avx512(std::size_t rounds) {
  __m512i sums[12];
  for (auto& sum : sums) sum = _mm512_setzero_si512();
  __m512i a = _mm512_set1_epi8(3);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& sum : sums) sum = _mm512_dpbusd_epi32(sum, a, a);
    asm volatile("" : "+v"(a));
  }
  std::int32_t total = 0;
  for (const auto& sum : sums) total += _mm512_reduce_add_epi32(sum);
  return total;
}

[[gnu::target("avx512f")]] float multiply_f32_avx512(std::size_t rounds) {
  __m512 sums[12];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  __m512 a = _mm512_set1_ps(0.5F);
  for (std::size_t round = 0; round < rounds; ++round) {
    for (auto& sum : sums) sum = _mm512_add_ps(sum, _mm512_mul_ps(a, a));
    asm volatile("" : "+v"(a));
  }
  float total = 0.0F;
  for (const auto& sum : sums) total += _mm512_reduce_add_ps(sum);
  return total;
}

void print_peaks() {
  if (std::ranges::find(available_isas(), Isa::avx512) == available_isas().end()) return;
  constexpr std::size_t kRounds = 1'000'000;
  volatile std::int32_t sink = 0;
  const double int8 = cpu_seconds_of([&] { sink = multiply_int8_avx512(kRounds); });
  volatile float float_sink = 0.0F;
  const double f32 = cpu_seconds_of([&] { float_sink = multiply_f32_avx512(kRounds); });
  std::printf("from registers, AVX-512: int8 %.0f, f32 (product and sum apart) %.0f billion products/s\n",
              12.0 * 64.0 * kRounds / int8 / 1e9, 12.0 * 16.0 * kRounds / f32 / 1e9);
}
#else
void print_peaks() {}
#endif

struct NamedType {
  const char* name;
  WeightType type;
};

constexpr std::array kTypes{NamedType{"F32", WeightType::f32},   NamedType{"F16", WeightType::f16},
                            NamedType{"BF16", WeightType::bf16}, NamedType{"Q8_0", WeightType::q8_0},
                            NamedType{"Q4_0", WeightType::q4_0}, NamedType{"Q4_K", WeightType::q4_k},
                            NamedType{"Q5_K", WeightType::q5_k}, NamedType{"Q6_K", WeightType::q6_k}};

double matmul_seconds(Operations& operations, const WeightMatrix& weight, std::size_t num_tokens) {
  const auto x = random_values(num_tokens * weight.num_inputs, 1);
  std::vector<float> y(num_tokens * weight.num_outputs);
  const Product product{weight, y};
  return cpu_seconds_of([&] { operations.matmul(num_tokens, x, {&product, 1}); });
}

/// A matrix of 2048 inputs: large for decode, of one expert for prefill.
void print_products(Operations& operations, const NamedType& type) {
  constexpr std::size_t kInputs = 2048;
  constexpr std::size_t kFewRows = 1024;
  const auto small = random_matrix(type.type, kInputs, kFewRows, 3);
  // Copies of it, more than any cache holds.
  std::vector<std::byte> bytes;
  while (bytes.size() < (std::size_t{160} << 20U))
    bytes.insert(bytes.end(), small.bytes.begin(), small.bytes.end());
  const std::size_t num_rows = bytes.size() / small.view.row_bytes();
  const WeightMatrix large{type.type, kInputs, num_rows, bytes.data()};
  const double decode = matmul_seconds(operations, large, 1);
  const double decode_8 = matmul_seconds(operations, large, 8);
  std::printf("  %-5s decode %5.1f GB/s, of 8 %5.1f GB/s; billion products/s at", type.name,
              static_cast<double>(bytes.size()) / decode / 1e9,
              static_cast<double>(bytes.size()) / decode_8 / 1e9);
  for (const std::size_t num_tokens : {8U, 64U, 512U}) {
    const double seconds = matmul_seconds(operations, small.view, num_tokens);
    std::printf("%s %zu tokens %.0f", num_tokens == 8 ? "" : ",", num_tokens,
                static_cast<double>(kInputs * kFewRows * num_tokens) / seconds / 1e9);
  }
  std::printf("\n");
}

/// One layer of 16 heads of 128 over 512 tokens, causal.
void print_attention(Operations& operations) {
  constexpr std::size_t kTokens = 512;
  const AttentionShape shape{16, 16, 128, 128, 2048, 2048, 0.088F};
  const auto keys = random_values(kTokens * 2048, 4);
  const auto queries = random_values(kTokens * 2048, 5);
  std::vector<float> out(kTokens * 2048);
  std::vector<const float*> pages;
  for (std::size_t token = 0; token < kTokens; token += kAttentionPage) pages.push_back(&keys[token * 2048]);
  std::vector<AttentionQuery> asked;
  for (std::size_t token = 0; token < kTokens; ++token)
    asked.push_back({std::span(queries).subspan(token * 2048, 2048),
                     {pages, pages, token + 1},
                     std::span(out).subspan(token * 2048, 2048)});
  const double seconds = cpu_seconds_of([&] { operations.attention(shape, asked); });
  std::printf("  attention, 512 tokens, 16 heads of 128: %.1f ms, %.0f billion products/s\n", seconds * 1e3,
              static_cast<double>(kTokens * kTokens / 2 * 2 * 2048) / seconds / 1e9);
}

void run(bool only_best) {
  WorkerPool alone(1);
  const std::vector<std::byte> memory(std::size_t{256} << 20U, std::byte{1});
  std::printf("memory: %.1f GB/s on one thread\n", read_bandwidth(alone, memory));
  print_peaks();
  for (const Isa isa : only_best ? available_isas().last(1) : available_isas()) {
    std::printf("%s\n", std::string(name_of(isa)).c_str());
    const auto operations = make_cpu_operations(isa, 1);
    if (isa == Isa::portable) {
      print_products(*operations, kTypes[3]);
      continue;
    }
    for (const NamedType& type : kTypes) print_products(*operations, type);
    print_attention(*operations);
  }
}

}  // namespace
}  // namespace lyceum

int main(int argc, char**) {
  lyceum::run(argc > 1);
}
