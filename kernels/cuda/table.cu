#include "kernels/cuda/operations.cuh"

namespace lyceum::kernels::cuda {

void set_operations(DeviceTable& table) {
  table.abi = kDeviceAbi;
  table.table_bytes = sizeof(DeviceTable);
  table.embed = embed;
  table.rms_norm = rms_norm;
  table.multiply = multiply;
  table.copy_rows = copy_rows;
  table.swiglu = swiglu;
  table.turn = turn;
  table.store = store;
  table.attend = attend;
  table.route = route;
  table.group = group;
  table.run_experts = run_experts;
  table.mix = mix;
  table.add_shared = add_shared;
  table.top = top;
}

}  // namespace lyceum::kernels::cuda
