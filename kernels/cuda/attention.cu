// Attention of f32, as the reference has it: page by page, each page by itself, pages merged in rising order.
// Long sequences of few tokens have a block a page and a merge; the bits are the same.
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {
namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * 32;
/// Values of a head, over the threads of a block.
constexpr int kValueParts = 8;

struct PageSum {
  float top;
  float total;
  float values[kValueParts];
};

/// Keys and values of one head in a page.
struct HeadPage {
  const float* keys;
  const float* values;
  int num_keys;
};

LYCEUM_DEVICE HeadPage head_page(const DeviceAttention& attention, int row, int kv_head, int page) {
  const DevicePlaces& places = attention.places;
  const float* const keys = places.pages[places.first_page[row] + page] + places.layer_offset;
  return {keys + std::int64_t{kv_head} * attention.key_dim,
          keys + attention.value_offset + std::int64_t{kv_head} * attention.value_dim,
          smaller(kPage, places.positions[row] + 1 - page * kPage)};
}

LYCEUM_DEVICE PageSum attend_page(const DeviceAttention& attention, const float* query,
                                  const HeadPage& page) {
  LYCEUM_SHARED float scores[kPage];
  sync_block();
  for (int key = thread() / 32; key < page.num_keys; key += kWarps) {
    const float* const row = page.keys + std::int64_t{key} * attention.key_stride;
    float part = 0.0F;
    for (int i = thread() % 32; i < attention.key_dim; i += 32) part = fmaf(query[i], row[i], part);
    const float score = sum_of_warp(part) * attention.scale;
    if (thread() % 32 == 0) scores[key] = score;
  }
  sync_block();
  PageSum sum{scores[0], 0.0F, {}};
  for (int key = 1; key < page.num_keys; ++key) sum.top = larger(sum.top, scores[key]);
  sync_block();
  if (thread() < page.num_keys) scores[thread()] = exponential(scores[thread()] - sum.top);
  sync_block();
  for (int key = 0; key < page.num_keys; ++key) {
    sum.total += scores[key];
    const float* const row = page.values + std::int64_t{key} * attention.value_stride;
    for (int part = 0; part < kValueParts; ++part) {
      const int i = part * kThreads + thread();
      if (i < attention.value_dim) sum.values[part] = fmaf(scores[key], row[i], sum.values[part]);
    }
  }
  return sum;
}

LYCEUM_DEVICE void merge(PageSum& all, const PageSum& page) {
  const Shares shares = merged_shares(all.top, page.top);
  all.top = larger(all.top, page.top);
  all.total = all.total * shares.old_share + page.total * shares.new_share;
  for (int part = 0; part < kValueParts; ++part)
    all.values[part] = all.values[part] * shares.old_share + page.values[part] * shares.new_share;
}

/// A block a row and head; with partials, and page.
LYCEUM_KERNEL attend_rows(DeviceAttention attention, Narrow kind) {
  const int row = block_x();
  const int head = block_y();
  const int kv_head = head / (attention.num_heads / attention.num_kv_heads);
  const int num_pages = attention.places.positions[row] / kPage + 1;
  const float* const query =
      attention.queries + (std::int64_t{row} * attention.num_heads + head) * attention.key_dim;
  if (attention.partials != nullptr) {
    if (block_z() >= num_pages) return;
    const PageSum sum = attend_page(attention, query, head_page(attention, row, kv_head, block_z()));
    float* const partial = partial_of(attention, row, head, block_z());
    for (int part = 0; part < kValueParts; ++part) {
      const int i = part * kThreads + thread();
      if (i < attention.value_dim) partial[2 + i] = sum.values[part];
    }
    if (thread() == 0) {
      partial[0] = sum.top;
      partial[1] = sum.total;
    }
    return;
  }
  PageSum all = attend_page(attention, query, head_page(attention, row, kv_head, 0));
  for (int page = 1; page < num_pages; ++page)
    merge(all, attend_page(attention, query, head_page(attention, row, kv_head, page)));
  for (int part = 0; part < kValueParts; ++part) {
    const int i = part * kThreads + thread();
    if (i < attention.value_dim) put_value(attention, kind, row, head, i, all.values[part] / all.total);
  }
}

LYCEUM_KERNEL merge_pages(DeviceAttention attention, Narrow kind) {
  const int row = block_x();
  const int head = block_y();
  const int num_pages = attention.places.positions[row] / kPage + 1;
  for (int i = thread(); i < attention.value_dim; i += kThreads) {
    const float* const first = partial_of(attention, row, head, 0);
    float top = first[0];
    float total = first[1];
    float value = first[2 + i];
    for (int page = 1; page < num_pages; ++page) {
      const float* const partial = partial_of(attention, row, head, page);
      const Shares shares = merged_shares(top, partial[0]);
      top = larger(top, partial[0]);
      total = total * shares.old_share + partial[1] * shares.new_share;
      value = value * shares.old_share + partial[2 + i] * shares.new_share;
    }
    put_value(attention, kind, row, head, i, value / total);
  }
}

}  // namespace

void launch_merge(DeviceContext* context, const DeviceAttention& attention) {
  launch(context, "merge_pages", merge_pages, {attention.places.num_rows, attention.num_heads}, kThreads,
         attention, context->narrow);
}

void attend(DeviceContext* context, const DeviceAttention* attention) {
  const bool is_split = attention->partials != nullptr;
  if (attention->uses_narrow != 0 && attention->key_dim <= kNarrowHeadMax &&
      attention->value_dim <= kNarrowHeadMax) {
    launch_narrow_attention(context, *attention);
  } else {
    launch(context, "attend", attend_rows,
           {attention->places.num_rows, attention->num_heads, is_split ? attention->num_pages_max : 1},
           kThreads, *attention, context->narrow);
  }
  if (is_split) launch_merge(context, *attention);
}

}  // namespace lyceum::kernels::cuda
