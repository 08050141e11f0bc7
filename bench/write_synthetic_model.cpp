// Writes a model without meaning, to measure speed with:
//   write_synthetic_model FILE SHAPE TYPE [LAYERS]
// SHAPE is olmoe or sigma; types as write_synthetic_model_blocking knows them.
#include <charconv>
#include <iostream>
#include <span>

#include "bench/synthetic_model.hpp"

namespace lyceum {
namespace {

Result<void> run(std::span<char* const> arguments) {
  if (arguments.size() < 4)
    return Error{Errc::invalid_argument, "usage: write_synthetic_model FILE SHAPE TYPE [LAYERS]"};
  TRY(SyntheticShape shape, synthetic_shape(arguments[2]));
  if (arguments.size() > 4) {
    const std::string_view layers = arguments[4];
    const auto read = std::from_chars(layers.data(), layers.data() + layers.size(), shape.num_layers);
    if (read.ec != std::errc{} || shape.num_layers == 0)
      return Error{Errc::invalid_argument, "not a number of layers: " + std::string(layers)};
  }
  return write_synthetic_model_blocking(arguments[1], shape, arguments[3]);
}

}  // namespace
}  // namespace lyceum

int main(int argc, char** argv) {
  const auto done = lyceum::run({argv, static_cast<std::size_t>(argc)});
  if (!done) std::cerr << done.error().message << "\n";
  return done ? 0 : 1;
}
