#pragma once

#include <cstddef>
#include <cstdint>

/// What a library of device kernels gives: one table of functions over plain structs, so that it may be built
/// by another compiler and found at run time. All extents are in elements and all pointers are the device's,
/// where nothing else is said. Everything is done in the order of the calls; what fails is told by
/// `synchronize`. One thread at a time per context.
namespace lyceum::kernels {

/// Raised with every change of this header.
constexpr std::uint32_t kDeviceAbi = 2;
/// The one symbol such a library exports, a DeviceTableEntry.
constexpr const char* kDeviceEntryName = "lyceum_device_table";

struct DeviceContext;
struct DeviceGraph;

/// Products on matrix units take activations of 16 bits; rows of those are padded with zeros to a multiple of
/// 32.
enum class Narrow : std::int32_t { f16, bf16 };

constexpr std::int32_t narrow_stride(std::int32_t width) {
  return (width + 31) / 32 * 32;
}

struct DeviceDescription {
  char name[256];
  std::uint64_t memory_bytes;
  std::uint64_t free_bytes;
};

/// `type` is a WeightType.
struct DeviceMatrix {
  const void* data;
  std::int32_t type;
  std::int32_t num_inputs;
  std::int32_t num_outputs;
};

/// Rows of activations in one form or both; `narrow` is null where no product wants it.
struct DeviceRows {
  float* wide;
  std::uint16_t* narrow;
};

struct DeviceEmbed {
  DeviceMatrix embedding;
  const std::int32_t* tokens;
  std::int32_t num_rows;
  float* y;
};

/// hidden += change where there is one; out = rms_norm(hidden), of rows `row_of[i]` where that is given.
struct DeviceNorm {
  float* hidden;
  const float* change;
  const float* weight;
  const std::int32_t* row_of;
  DeviceRows out;
  std::int32_t num_rows;
  std::int32_t width;
  std::int32_t stride;  ///< From a row of `hidden` and of `out.wide` to the next
  float epsilon;
};

/// y = x W^T + bias.
struct DeviceProduct {
  DeviceMatrix weight;
  const float* bias;  ///< Null: none
  float* y;
  std::int32_t y_stride;
};

constexpr std::int32_t kDeviceProductsMax = 3;

/// Products of the same rows, which give the same bits together and apart. Quantised, F16 and BF16 weights
/// take x.narrow, F32 takes x.wide.
struct DeviceProducts {
  DeviceRows x;
  std::int32_t num_rows;
  std::int32_t x_stride;  ///< Of x.wide
  std::int32_t num_parts;
  DeviceProduct parts[kDeviceProductsMax];  ///< Their num_inputs are the same
};

/// y (rows of `y_stride`) or y_narrow = x (rows of `x_stride`), `width` values a row.
struct DeviceCopyRows {
  const float* x;
  float* y;
  std::uint16_t* y_narrow;
  std::int32_t num_rows;
  std::int32_t width;
  std::int32_t x_stride;
  std::int32_t y_stride;
};

/// gate = silu(gate) * up, written to `out`; `width` values a row, without gaps.
struct DeviceSwiglu {
  const float* gate;
  const float* up;
  DeviceRows out;
  std::int32_t num_rows;
  std::int32_t width;
};

/// Where the rows of a batch stand: row r is token `positions[r]` of a sequence whose pages are `pages` from
/// `first_page[r]` on. A page's keys and values of this layer begin `layer_offset` floats into it.
struct DevicePlaces {
  const std::int32_t* positions;
  const std::int32_t* first_page;
  float* const* pages;
  std::int64_t layer_offset;
  std::int32_t num_rows;
};

/// Turns heads to their rows' positions: `heads` begins at the first value that turns.
struct DeviceTurn {
  float* heads;
  const float* cosines;  ///< [num_rows, num_pairs]
  const float* sines;
  std::int32_t num_rows;
  std::int32_t num_heads;
  std::int32_t row_stride;
  std::int32_t head_stride;
  std::int32_t num_pairs;
  std::int32_t pairs_are_adjacent;
};

/// A row's keys or values into its place: `offset` floats behind layer_offset, rows of `stride` floats.
struct DeviceStore {
  DevicePlaces places;
  const float* x;
  std::int32_t x_stride;
  std::int64_t offset;
  std::int32_t stride;
};

struct DeviceAttention {
  DevicePlaces places;
  const float* queries;  ///< [num_rows, num_heads, key_dim]
  DeviceRows out;        ///< [num_rows, num_heads * value_dim]
  std::int32_t num_heads;
  std::int32_t num_kv_heads;
  std::int32_t key_dim;
  std::int32_t value_dim;
  std::int32_t key_stride;
  std::int32_t value_stride;
  std::int64_t value_offset;  ///< From a layer's keys to its values in a page
  float scale;
  std::int32_t num_pages_max;  ///< Pages that the longest sequence sees
  std::int32_t uses_narrow;    ///< Products on matrix units, of bf16
  /// Rows of one sequence that follow each other: [num_tiles][2], first row and count of at most
  /// kDeviceQueryTile.
  const std::int32_t* tiles;
  std::int32_t num_tiles;
  float* partials;  ///< attention_partials floats; null: pages are walked one after the other
};

constexpr std::int32_t kDeviceQueryTile = 32;

/// Floats of DeviceAttention::partials: a page's sum of values, its top and its total.
constexpr std::int64_t attention_partials(std::int64_t num_rows, std::int64_t num_heads,
                                          std::int64_t value_dim, std::int64_t num_pages_max) {
  return num_rows * num_heads * num_pages_max * (value_dim + 2);
}

constexpr std::int32_t kDeviceExpertsMax = 1024;

struct DeviceRouter {
  const float* logits;              ///< [num_rows, num_experts]
  const float* bias;                ///< [num_experts]; null: none
  const float* row_bias;            ///< [num_rows, num_experts], besides `bias`; null: none
  const std::int32_t* first_route;  ///< [num_rows + 1]
  std::int32_t* experts;            ///< Out, as route_top_k
  float* weights;
  std::int32_t num_rows;
  std::int32_t num_experts;
  std::int32_t num_groups;
  std::int32_t num_groups_used;
  std::int32_t scores_are_sigmoid;
  std::int32_t renormalizes;
  float scale;
};

/// Routes by expert, as group_by_expert, and the tiles of slots that products take.
struct DeviceGroups {
  const std::int32_t* experts;
  const std::int32_t* first_route;
  std::int32_t num_rows;
  std::int32_t num_routes;
  std::int32_t num_experts;
  std::int32_t tile_size;  ///< Slots a tile
  // Out.
  std::int32_t* slot_of_route;
  std::int32_t* row_of_slot;
  std::int32_t* tiles;  ///< [expert_tiles_max][3]: expert, first slot, number; unused ones have number 0
};

/// Tiles that DeviceGroups may write.
constexpr std::int32_t expert_tiles_max(std::int32_t num_routes, std::int32_t num_experts,
                                        std::int32_t tile_size) {
  const std::int32_t most = num_routes < num_experts ? num_routes : num_experts;
  return num_routes / tile_size + most;
}

/// Slots a tile for so many routes: few for few tokens.
constexpr std::int32_t kDeviceFewRows = 8;
constexpr std::int32_t kDeviceManyRows = 64;

constexpr std::int32_t expert_tile_size(std::int32_t num_routes, std::int32_t num_experts) {
  return num_routes <= kDeviceFewRows * num_experts ? kDeviceFewRows : kDeviceManyRows;
}

/// The experts' products over the slots of `groups`. Experts whose entry of `weights` is null are left out;
/// their slots keep what they hold.
struct DeviceExperts {
  DeviceGroups groups;
  const void* const* weights;  ///< [num_experts][3]: gate, up, down; on the device
  std::int32_t gate_type;
  std::int32_t up_type;
  std::int32_t down_type;
  std::int32_t num_hidden;
  std::int32_t num_inner;
  DeviceRows x;  ///< [num_rows, num_hidden]
  float* gate;   ///< [num_routes, num_inner], workspace; so is `up`
  float* up;
  DeviceRows inner;  ///< [num_routes, num_inner]
  float* out;        ///< [num_routes, num_hidden], a row a slot
};

/// y[t] = w0 e0 + w1 e1 + … in the order of the routes.
struct DeviceMix {
  const float* slots;
  const std::int32_t* slot_of_route;
  const std::int32_t* first_route;
  const float* weights;
  float* y;
  std::int32_t num_rows;
  std::int32_t width;
};

/// y += share * x, where the share of a row is sigmoid(gate . input), or 1 without a gate.
struct DeviceAddShared {
  float* y;
  const float* x;
  const float* input;
  const float* gate;  ///< [width]; null: 1
  std::int32_t num_rows;
  std::int32_t width;
};

constexpr std::int32_t kDeviceTopMax = 128;
/// Values that a block orders at once.
constexpr std::int32_t kDeviceTopPart = 4096;

/// 64-bit numbers of DeviceTop::keys: two levels of parts, of which `count` remain each.
constexpr std::int64_t top_keys(std::int64_t num_rows, std::int64_t width, std::int64_t count) {
  const std::int64_t parts = (width + kDeviceTopPart - 1) / kDeviceTopPart;
  return num_rows * 2 * parts * count;
}

/// The `count` highest of each row, highest first, the lower id first among equals. What is no number counts
/// as the highest.
struct DeviceTop {
  const float* logits;
  std::uint64_t* keys;  ///< top_keys numbers, workspace
  std::int32_t* ids;    ///< [num_rows, count]
  float* values;        ///< Likewise
  std::int32_t num_rows;
  std::int32_t width;
  std::int32_t count;  ///< At most kDeviceTopMax and `width`
};

struct DeviceTable {
  std::uint32_t abi;
  std::uint32_t table_bytes;

  /// How many devices there are; 0 without a driver.
  std::int32_t (*count_devices)();
  /// Null, with the reason in `error`.
  DeviceContext* (*open)(std::int32_t index, Narrow narrow, char* error, std::size_t error_bytes);
  void (*close)(DeviceContext*);
  void (*describe)(DeviceContext*, DeviceDescription*);
  /// Waits for all that was asked. The first failure since the context was opened, or null.
  const char* (*synchronize)(DeviceContext*);

  /// Null when there is no room.
  void* (*allocate)(DeviceContext*, std::size_t bytes);
  void (*release)(DeviceContext*, void*);
  /// From and to the host's memory; what is uploaded may be changed at once, what is downloaded is there
  /// after `synchronize`.
  void (*upload)(DeviceContext*, void* to, const void* from, std::size_t bytes);
  void (*download)(DeviceContext*, void* to, const void* from, std::size_t bytes);
  void (*copy)(DeviceContext*, void* to, const void* from, std::size_t bytes);

  /// Makes the host's memory one that fetches read without a copy in between; 0 where the system refuses,
  /// which only makes them slower.
  std::int32_t (*pin)(DeviceContext*, const void* memory, std::size_t bytes);
  void (*unpin)(DeviceContext*, const void* memory);
  /// Fetches are uploads beside the operations, one after the other, and wait for no operation but at
  /// `hold_fetches`: those asked for later begin when the operations asked for before are done. `from` stays
  /// as it is until they have arrived.
  void (*fetch)(DeviceContext*, void* to, const void* from, std::size_t bytes);
  void (*hold_fetches)(DeviceContext*);
  /// Operations asked for from now on begin when all fetches asked for before have arrived.
  void (*await_fetches)(DeviceContext*);
  /// 1 while a fetch may be under way.
  std::int32_t (*is_fetching)(DeviceContext*);

  /// Between the two, operations are recorded and not done.
  void (*begin_graph)(DeviceContext*);
  DeviceGraph* (*end_graph)(DeviceContext*);
  void (*launch_graph)(DeviceContext*, DeviceGraph*);
  void (*destroy_graph)(DeviceContext*, DeviceGraph*);

  void (*embed)(DeviceContext*, const DeviceEmbed*);
  void (*rms_norm)(DeviceContext*, const DeviceNorm*);
  void (*multiply)(DeviceContext*, const DeviceProducts*);
  void (*copy_rows)(DeviceContext*, const DeviceCopyRows*);
  void (*swiglu)(DeviceContext*, const DeviceSwiglu*);
  void (*turn)(DeviceContext*, const DeviceTurn*);
  void (*store)(DeviceContext*, const DeviceStore*);
  void (*attend)(DeviceContext*, const DeviceAttention*);
  void (*route)(DeviceContext*, const DeviceRouter*);
  void (*group)(DeviceContext*, const DeviceGroups*);
  void (*run_experts)(DeviceContext*, const DeviceExperts*);
  void (*mix)(DeviceContext*, const DeviceMix*);
  void (*add_shared)(DeviceContext*, const DeviceAddShared*);
  void (*top)(DeviceContext*, const DeviceTop*);
};

/// Null when the library has another ABI.
using DeviceTableEntry = const DeviceTable* (*)(std::uint32_t abi);

}  // namespace lyceum::kernels
