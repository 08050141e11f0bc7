#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/training/decoder_shape.hpp"

namespace lyceum::model {

/// Everything that a run needs to go on as if it had never stopped.
struct Checkpoint {
  DecoderShape shape{};
  std::uint64_t step = 0;
  std::uint64_t num_tokens = 0;
  Json position{};  ///< Of the batch sampler
  std::vector<float> parameters{};
  std::vector<float> first_moments{};
  std::vector<float> second_moments{};
};

/// The file: "LYTC", u32 version, u64 bytes of a JSON header, the header padded with spaces to a multiple of
/// 64 bytes, then the three arrays of f32. io. Replaces the file at once or not at all.
Result<void> write_checkpoint_blocking(const Checkpoint& checkpoint, const std::string& path);
/// not_found, io; malformed naming what does not fit.
Result<Checkpoint> read_checkpoint_blocking(const std::string& path);

/// "step-00001234.lytc" in a run's folder.
std::string checkpoint_path(const std::string& folder, std::uint64_t step);
/// The newest checkpoint in a folder; none when there is no such file.
std::optional<std::string> newest_checkpoint_blocking(const std::string& folder);
/// Deletes all but the newest `keep` checkpoints.
void prune_checkpoints_blocking(const std::string& folder, std::size_t keep);

}  // namespace lyceum::model
