// Operations that pass over rows of activations: embeddings, norms, gates, copies.
#include "kernels/cuda/context.cuh"
#include "kernels/cuda/operations.cuh"
#include "kernels/cuda/weights.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kThreads = 256;

/// Threads of a block for rows of `width`, which alone decides the order of their sums.
int threads_for(int width) {
  return width >= kThreads ? kThreads : (width + 31) / 32 * 32;
}

LYCEUM_KERNEL embed_rows(DeviceEmbed embed) {
  const int row = block_x();
  const auto type = static_cast<WeightType>(embed.embedding.type);
  const int width = embed.embedding.num_inputs;
  const auto* const weights =
      static_cast<const std::uint8_t*>(embed.embedding.data) + embed.tokens[row] * row_bytes_of(type, width);
  for (int i = thread(); i < width; i += num_threads())
    embed.y[std::int64_t{row} * width + i] = load_one(type, weights, i);
}

LYCEUM_KERNEL norm_rows(DeviceNorm norm, Narrow kind) {
  const int row = block_x();
  const std::int64_t from = norm.row_of != nullptr ? norm.row_of[row] : row;
  float* const hidden = norm.hidden + from * norm.stride;
  const float* const change = norm.change != nullptr ? norm.change + from * norm.stride : nullptr;
  float part = 0.0F;
  for (int i = thread(); i < norm.width; i += num_threads()) {
    float value = hidden[i];
    if (change != nullptr) {
      value += change[i];
      hidden[i] = value;
    }
    part = fmaf(value, value, part);
  }
  const float scale = 1.0F / sqrtf(sum_of_block(part) / static_cast<float>(norm.width) + norm.epsilon);
  if (norm.out.wide != nullptr) {
    float* const y = norm.out.wide + std::int64_t{row} * norm.stride;
    for (int i = thread(); i < norm.width; i += num_threads()) y[i] = hidden[i] * scale * norm.weight[i];
  }
  if (norm.out.narrow == nullptr) return;
  const int stride = narrow_stride(norm.width);
  std::uint16_t* const y = norm.out.narrow + std::int64_t{row} * stride;
  // In place, `hidden` holds the result already.
  const bool is_done = norm.out.wide == norm.hidden;
  for (int i = thread(); i < stride; i += num_threads()) {
    float value = 0.0F;
    if (i < norm.width) value = is_done ? hidden[i] : hidden[i] * scale * norm.weight[i];
    y[i] = narrowed(kind, value);
  }
}

LYCEUM_KERNEL copy_each_row(DeviceCopyRows copy, Narrow kind) {
  const std::int64_t row = block_x();
  const float* const x = copy.x + row * copy.x_stride;
  if (copy.y != nullptr) {
    for (int i = thread(); i < copy.width; i += num_threads()) copy.y[row * copy.y_stride + i] = x[i];
  }
  if (copy.y_narrow == nullptr) return;
  const int stride = narrow_stride(copy.width);
  for (int i = thread(); i < stride; i += num_threads())
    copy.y_narrow[row * stride + i] = narrowed(kind, i < copy.width ? x[i] : 0.0F);
}

LYCEUM_KERNEL gate_rows(DeviceSwiglu gated, Narrow kind) {
  const std::int64_t row = block_x();
  const int stride = narrow_stride(gated.width);
  for (int i = block_y() * num_threads() + thread(); i < stride; i += num_threads() * kThreads) {
    float value = 0.0F;
    if (i < gated.width) value = silu(gated.gate[row * gated.width + i]) * gated.up[row * gated.width + i];
    if (gated.out.wide != nullptr && i < gated.width) gated.out.wide[row * gated.width + i] = value;
    if (gated.out.narrow != nullptr) gated.out.narrow[row * stride + i] = narrowed(kind, value);
  }
}

LYCEUM_KERNEL turn_heads(DeviceTurn turned) {
  const std::int64_t row = block_x();
  for (int i = thread(); i < turned.num_heads * turned.num_pairs; i += num_threads()) {
    const int pair = i % turned.num_pairs;
    float* const head =
        turned.heads + row * turned.row_stride + std::int64_t{i / turned.num_pairs} * turned.head_stride;
    const int first = turned.pairs_are_adjacent != 0 ? 2 * pair : pair;
    const int second = turned.pairs_are_adjacent != 0 ? 2 * pair + 1 : pair + turned.num_pairs;
    const float cosine = turned.cosines[row * turned.num_pairs + pair];
    const float sine = turned.sines[row * turned.num_pairs + pair];
    const float x = head[first];
    const float y = head[second];
    head[first] = x * cosine - y * sine;
    head[second] = x * sine + y * cosine;
  }
}

LYCEUM_KERNEL store_rows(DeviceStore stored) {
  const int row = block_x();
  const DevicePlaces& places = stored.places;
  const int position = places.positions[row];
  float* const to = places.pages[places.first_page[row] + position / 64] + places.layer_offset +
                    stored.offset + std::int64_t{position % 64} * stored.stride;
  for (int i = thread(); i < stored.stride; i += num_threads())
    to[i] = stored.x[std::int64_t{row} * stored.x_stride + i];
}

LYCEUM_KERNEL mix_slots(DeviceMix mixed) {
  const std::int64_t row = block_x();
  const int i = block_y() * num_threads() + thread();
  if (i >= mixed.width) return;
  float sum = 0.0F;
  for (int route = mixed.first_route[row]; route < mixed.first_route[row + 1]; ++route) {
    const std::int64_t slot = mixed.slot_of_route[route];
    sum += mixed.weights[route] * mixed.slots[slot * mixed.width + i];
  }
  mixed.y[row * mixed.width + i] = sum;
}

LYCEUM_KERNEL add_shared_rows(DeviceAddShared shared) {
  const std::int64_t begin = std::int64_t{block_x()} * shared.width;
  float share = 1.0F;
  if (shared.gate != nullptr) {
    float part = 0.0F;
    for (int i = thread(); i < shared.width; i += num_threads())
      part = fmaf(shared.input[begin + i], shared.gate[i], part);
    share = sigmoid(sum_of_block(part));
  }
  for (int i = thread(); i < shared.width; i += num_threads())
    shared.y[begin + i] += share * shared.x[begin + i];
}

}  // namespace

void embed(DeviceContext* context, const DeviceEmbed* embed) {
  launch(context, "embed", embed_rows, {embed->num_rows}, kThreads, *embed);
}

void rms_norm(DeviceContext* context, const DeviceNorm* norm) {
  launch(context, "rms_norm", norm_rows, {norm->num_rows}, threads_for(norm->width), *norm, context->narrow);
}

void copy_rows(DeviceContext* context, const DeviceCopyRows* copy) {
  launch(context, "copy_rows", copy_each_row, {copy->num_rows}, threads_for(copy->width), *copy,
         context->narrow);
}

void swiglu(DeviceContext* context, const DeviceSwiglu* swiglu) {
  const int threads = threads_for(swiglu->width);
  const int parts = smaller(blocks_for(narrow_stride(swiglu->width), threads), kThreads);
  launch(context, "swiglu", gate_rows, {swiglu->num_rows, parts}, threads, *swiglu, context->narrow);
}

void turn(DeviceContext* context, const DeviceTurn* turn) {
  launch(context, "turn", turn_heads, {turn->num_rows}, kThreads, *turn);
}

void store(DeviceContext* context, const DeviceStore* store) {
  launch(context, "store", store_rows, {store->places.num_rows}, threads_for(store->stride), *store);
}

void mix(DeviceContext* context, const DeviceMix* mix) {
  const int threads = threads_for(mix->width);
  launch(context, "mix", mix_slots, {mix->num_rows, blocks_for(mix->width, threads)}, threads, *mix);
}

void add_shared(DeviceContext* context, const DeviceAddShared* shared) {
  launch(context, "add_shared", add_shared_rows, {shared->num_rows}, threads_for(shared->width), *shared);
}

}  // namespace lyceum::kernels::cuda
