#pragma once

#include "kernels/device_table.hpp"

namespace lyceum::kernels::cuda {

/// The device's own kernels, run by the emulation of threads.hpp on the calling thread. One thread at a time.
const DeviceTable& emulated_table();

}  // namespace lyceum::kernels::cuda
