#pragma once

namespace lyceum {

/// What a card does at best, measured: the limits beside which a model's speed is put.
struct CardRates {
  double reads_gb_per_s = 0.0;     ///< One kernel that sums 4 GB
  double bf16_tflops_per_s = 0.0;  ///< cuBLAS, squares of 8,192
};

/// On the current device; zeros where it fails.
CardRates measure_card_rates();

}  // namespace lyceum
