#include "kernels/cuda/emulation/threads.hpp"

#include <array>
#include <csetjmp>
#include <memory>
#include <vector>

#include <ucontext.h>

#include "base/check.hpp"

namespace lyceum::kernels::cuda {
namespace emulation {
namespace {

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

/// Fibers that wait for each other.
struct Barrier {
  int num_members = 0;
  int num_arrived = 0;
  unsigned round = 0;
};

struct Warp {
  Barrier barrier{};
  Exchange exchange;
};

struct Fiber {
  std::unique_ptr<std::byte[]> stack = std::make_unique<std::byte[]>(kStackBytes);
  std::jmp_buf state{};
  Place place{};
  bool has_begun = false;
  bool has_ended = false;
};

struct Machine {
  std::vector<std::unique_ptr<Fiber>> fibers{};
  std::vector<Warp> warps{};
  Barrier block{};
  std::size_t current = 0;
  std::jmp_buf scheduler{};
  ucontext_t scheduler_context{};
  const std::function<void()>* kernel = nullptr;
};

Machine& machine() {
  thread_local Machine machine;
  return machine;
}

Fiber& running_fiber() {
  return *machine().fibers[machine().current];
}

void leave(Barrier& barrier) {
  --barrier.num_members;
  if (barrier.num_members > 0 && barrier.num_arrived == barrier.num_members) {
    barrier.num_arrived = 0;
    ++barrier.round;
  }
}

void yield() {
  if (_setjmp(running_fiber().state) == 0) _longjmp(machine().scheduler, 1);
}

// ucontext makes a stack; the changes between stacks go by longjmp, which asks the system for nothing. A
// fiber is used for one block after the other.
void begin_fiber() {
  for (;;) {
    (*machine().kernel)();
    Fiber& fiber = running_fiber();
    fiber.has_ended = true;
    leave(machine().warps[static_cast<std::size_t>(fiber.place.thread / kWarp)].barrier);
    leave(machine().block);
    yield();
  }
}

void wait_at(Barrier& barrier) {
  const unsigned round = barrier.round;
  if (++barrier.num_arrived == barrier.num_members) {
    barrier.num_arrived = 0;
    ++barrier.round;
    return;
  }
  while (barrier.round == round) yield();
}

void enter(Fiber& fiber) {
  Machine& all = machine();
  running = {&fiber.place, &all.warps[static_cast<std::size_t>(fiber.place.thread / kWarp)].exchange};
  if (_setjmp(all.scheduler) != 0) return;
  if (fiber.has_begun) _longjmp(fiber.state, 1);
  fiber.has_begun = true;
  ucontext_t context{};
  LYCEUM_CHECK(getcontext(&context) == 0);
  context.uc_stack.ss_sp = fiber.stack.get();
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  makecontext(&context, begin_fiber, 0);
  setcontext(&context);
}

void run_block(int num_threads) {
  Machine& all = machine();
  bool is_any_left = true;
  while (is_any_left) {
    is_any_left = false;
    for (all.current = 0; all.current < static_cast<std::size_t>(num_threads); ++all.current) {
      if (running_fiber().has_ended) continue;
      enter(running_fiber());
      is_any_left = is_any_left || !running_fiber().has_ended;
    }
  }
}

void prepare_block(int num_threads, const std::array<int, 3>& block) {
  Machine& all = machine();
  all.block = {.num_members = num_threads};
  all.warps.resize(static_cast<std::size_t>((num_threads + kWarp - 1) / kWarp));
  for (Warp& warp : all.warps) warp.barrier = {};
  for (int thread = 0; thread < num_threads; ++thread) {
    Fiber& fiber = *all.fibers[static_cast<std::size_t>(thread)];
    fiber.place = {.thread = thread, .num_threads = num_threads, .block = {block[0], block[1], block[2]}};
    fiber.has_ended = false;
    ++all.warps[static_cast<std::size_t>(thread / kWarp)].barrier.num_members;
  }
}

}  // namespace

void wait_for_block() {
  wait_at(machine().block);
}

void wait_for_warp() {
  wait_at(machine().warps[static_cast<std::size_t>(place().thread / kWarp)].barrier);
}

void run(const Extent& blocks, int num_threads, const std::function<void()>& kernel) {
  LYCEUM_CHECK(num_threads > 0 && num_threads <= 1024 && num_threads % kWarp == 0);
  LYCEUM_CHECK(blocks.x > 0 && blocks.y > 0 && blocks.z > 0 && blocks.y < 65536 && blocks.z < 65536);
  Machine& all = machine();
  all.kernel = &kernel;
  while (all.fibers.size() < static_cast<std::size_t>(num_threads))
    all.fibers.push_back(std::make_unique<Fiber>());
  for (int z = 0; z < blocks.z; ++z) {
    for (int y = 0; y < blocks.y; ++y) {
      for (int x = 0; x < blocks.x; ++x) {
        prepare_block(num_threads, {x, y, z});
        run_block(num_threads);
      }
    }
  }
}

}  // namespace emulation

std::uint16_t narrow_f16(float value) {
  const auto sign = static_cast<std::uint16_t>(bits_of_float(value) >> 16U & 0x8000U);
  const float size = std::min(std::fabs(value), 65504.0F);
  int exponent = 0;
  std::frexp(size, &exponent);
  // The step of halves at this size; adding whole steps to a multiple of one rounds by the processor's rule.
  const float step = std::ldexp(1.0F, std::max(exponent - 11, -24));
  const auto steps = static_cast<int>(std::nearbyint(size / step));
  const float rounded = std::min(static_cast<float>(steps) * step, 65504.0F);
  std::frexp(rounded, &exponent);
  if (rounded < 0x1p-14F)
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(rounded * 0x1p24F));
  const auto fraction = static_cast<int>(std::ldexp(rounded, 11 - exponent)) - 1024;
  return static_cast<std::uint16_t>(sign | ((exponent + 14) << 10) | fraction);
}

}  // namespace lyceum::kernels::cuda
