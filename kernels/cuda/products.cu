#include "kernels/cuda/operations.cuh"
#include "kernels/cuda/products.cuh"

namespace lyceum::kernels::cuda {
namespace {

/// Rows up to which dense products go by the kernel for few.
constexpr int kFewRowsMax = 32;

/// One product of every expert.
ProductJob expert_job(const DeviceExperts& experts, int part) {
  const bool is_down = part == 2;
  const std::int32_t type = part == 0 ? experts.gate_type : (part == 1 ? experts.up_type : experts.down_type);
  const DeviceRows& x = is_down ? experts.inner : experts.x;
  ProductJob job{};
  job.expert_weights = experts.weights;
  job.part = part;
  job.num_inputs = is_down ? experts.num_inner : experts.num_hidden;
  job.num_outputs = is_down ? experts.num_hidden : experts.num_inner;
  job.row_bytes = row_bytes_of(static_cast<WeightType>(type), job.num_inputs);
  job.wide = x.wide;
  job.narrow = x.narrow;
  job.wide_stride = job.num_inputs;
  job.y = is_down ? experts.out : (part == 0 ? experts.gate : experts.up);
  job.y_stride = job.num_outputs;
  job.num_rows = experts.groups.num_routes;
  job.tiles = experts.groups.tiles;
  job.row_of_slot = is_down ? nullptr : experts.groups.row_of_slot;
  return job;
}

void launch_expert_part(DeviceContext* context, const DeviceExperts& experts, int part, std::int32_t type) {
  const ProductJob job = expert_job(experts, part);
  const int tiles =
      expert_tiles_max(experts.groups.num_routes, experts.groups.num_experts, experts.groups.tile_size);
  const auto weight_type = static_cast<WeightType>(type);
  if (weight_type == WeightType::f32) {
    launch_wide(context, job, tiles);
  } else if (experts.groups.tile_size == kDeviceFewRows) {
    launch_few(context, weight_type, job, tiles);
  } else {
    launch_many(context, weight_type, job, tiles);
  }
}

}  // namespace

void multiply(DeviceContext* context, const DeviceProduct* product) {
  const auto type = static_cast<WeightType>(product->weight.type);
  ProductJob job{};
  job.weights = static_cast<const std::uint8_t*>(product->weight.data);
  job.num_inputs = product->weight.num_inputs;
  job.num_outputs = product->weight.num_outputs;
  job.row_bytes = row_bytes_of(type, job.num_inputs);
  job.bias = product->bias;
  job.wide = product->x.wide;
  job.narrow = product->x.narrow;
  job.wide_stride = product->x_stride;
  job.y = product->y;
  job.y_stride = product->y_stride;
  job.num_rows = product->num_rows;
  if (type == WeightType::f32) {
    launch_wide(context, job, blocks_for(job.num_rows, kDeviceFewRows));
  } else if (job.num_rows <= kFewRowsMax) {
    launch_few(context, type, job, blocks_for(job.num_rows, kDeviceFewRows));
  } else {
    launch_many(context, type, job, blocks_for(job.num_rows, kDeviceManyRows));
  }
}

void run_experts(DeviceContext* context, const DeviceExperts* experts) {
  launch_expert_part(context, *experts, 0, experts->gate_type);
  launch_expert_part(context, *experts, 1, experts->up_type);
  const DeviceSwiglu gated{experts->gate, experts->up, experts->inner, experts->groups.num_routes,
                           experts->num_inner};
  swiglu(context, &gated);
  launch_expert_part(context, *experts, 2, experts->down_type);
}

}  // namespace lyceum::kernels::cuda
