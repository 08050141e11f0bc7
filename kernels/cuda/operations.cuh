#pragma once

#include "kernels/device_table.hpp"

/// The operations of a DeviceTable, each beside its kernels.
namespace lyceum::kernels::cuda {

void embed(DeviceContext* context, const DeviceEmbed* embed);
void rms_norm(DeviceContext* context, const DeviceNorm* norm);
void multiply(DeviceContext* context, const DeviceProducts* products);
void copy_rows(DeviceContext* context, const DeviceCopyRows* copy);
void swiglu(DeviceContext* context, const DeviceSwiglu* swiglu);
void turn(DeviceContext* context, const DeviceTurn* turn);
void store(DeviceContext* context, const DeviceStore* store);
void attend(DeviceContext* context, const DeviceAttention* attention);
void route(DeviceContext* context, const DeviceRouter* router);
void group(DeviceContext* context, const DeviceGroups* groups);
void run_experts(DeviceContext* context, const DeviceExperts* experts);
void mix(DeviceContext* context, const DeviceMix* mix);
void add_shared(DeviceContext* context, const DeviceAddShared* shared);
void top(DeviceContext* context, const DeviceTop* top);

/// Fills all but the functions of the runtime: devices, memory and graphs.
void set_operations(DeviceTable& table);

}  // namespace lyceum::kernels::cuda
