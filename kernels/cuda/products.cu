#include "kernels/cuda/operations.cuh"
#include "kernels/cuda/products.cuh"

namespace lyceum::kernels::cuda {
namespace {

/// Rows up to which dense products go by the kernel for few.
constexpr int kFewRowsMax = 32;

std::int32_t type_of(const DeviceExperts& experts, int part) {
  return part == 0 ? experts.gate_type : (part == 1 ? experts.up_type : experts.down_type);
}

/// Parts first to last of every expert, which have one type: gate and up, or down.
void launch_expert_parts(DeviceContext* context, const DeviceExperts& experts, int first, int last) {
  const bool is_down = last == 2;
  const auto type = static_cast<WeightType>(type_of(experts, first));
  const DeviceRows& x = is_down ? experts.inner : experts.x;
  ProductJob job{};
  for (int part = first; part <= last; ++part) {
    ProductPart& made = job.parts[job.num_parts++];
    made.expert_part = part;
    made.num_outputs = is_down ? experts.num_hidden : experts.num_inner;
    made.y = is_down ? experts.out : (part == 0 ? experts.gate : experts.up);
    made.y_stride = made.num_outputs;
  }
  job.expert_weights = experts.weights;
  job.num_inputs = is_down ? experts.num_inner : experts.num_hidden;
  job.row_bytes = row_bytes_of(type, job.num_inputs);
  job.wide = x.wide;
  job.narrow = x.narrow;
  job.wide_stride = job.num_inputs;
  job.num_rows = experts.groups.num_routes;
  job.tiles = experts.groups.tiles;
  job.row_of_slot = is_down ? nullptr : experts.groups.row_of_slot;
  const int tiles =
      expert_tiles_max(experts.groups.num_routes, experts.groups.num_experts, experts.groups.tile_size);
  if (type == WeightType::f32) {
    launch_wide(context, job, tiles);
  } else if (experts.groups.tile_size == kDeviceFewRows) {
    launch_few(context, type, job, tiles);
  } else {
    launch_many(context, type, job, tiles);
  }
}

void launch_dense(DeviceContext* context, WeightType type, const ProductJob& job) {
  if (type == WeightType::f32) {
    launch_wide(context, job, blocks_for(job.num_rows, kDeviceFewRows));
  } else if (job.num_rows <= kFewRowsMax) {
    launch_few(context, type, job, blocks_for(job.num_rows, kDeviceFewRows));
  } else {
    launch_many(context, type, job, blocks_for(job.num_rows, kDeviceManyRows));
  }
}

}  // namespace

void multiply(DeviceContext* context, const DeviceProducts* products) {
  bool is_done[kDeviceProductsMax] = {};
  for (int first = 0; first < products->num_parts; ++first) {
    if (is_done[first]) continue;
    const std::int32_t type = products->parts[first].weight.type;
    ProductJob job{};
    job.num_inputs = products->parts[first].weight.num_inputs;
    job.row_bytes = row_bytes_of(static_cast<WeightType>(type), job.num_inputs);
    job.wide = products->x.wide;
    job.narrow = products->x.narrow;
    job.wide_stride = products->x_stride;
    job.num_rows = products->num_rows;
    for (int other = first; other < products->num_parts; ++other) {
      const DeviceProduct& part = products->parts[other];
      if (part.weight.type != type) continue;
      is_done[other] = true;
      job.parts[job.num_parts++] = {.weights = static_cast<const std::uint8_t*>(part.weight.data),
                                    .expert_part = 0,
                                    .num_outputs = part.weight.num_outputs,
                                    .bias = part.bias,
                                    .y = part.y,
                                    .y_stride = part.y_stride,
                                    .first_block = 0};
    }
    launch_dense(context, static_cast<WeightType>(type), job);
  }
}

void run_experts(DeviceContext* context, const DeviceExperts* experts) {
  if (experts->gate_type == experts->up_type) {
    launch_expert_parts(context, *experts, 0, 1);
  } else {
    launch_expert_parts(context, *experts, 0, 0);
    launch_expert_parts(context, *experts, 1, 1);
  }
  const DeviceSwiglu gated{experts->gate, experts->up, experts->inner, experts->groups.num_routes,
                           experts->num_inner};
  swiglu(context, &gated);
  launch_expert_parts(context, *experts, 2, 2);
}

}  // namespace lyceum::kernels::cuda
