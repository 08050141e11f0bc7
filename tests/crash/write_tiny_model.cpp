// Writes a model with random weights that reads and writes bytes, with room for the agents' prompts:
//   write_tiny_model FILE
#include <filesystem>
#include <iostream>

#include "tests/unit/model/engine/tiny_text_model.hpp"

int main(int argc, char** argv) {
  constexpr std::size_t kContext = 16'384;
  if (argc != 2) {
    std::cerr << "usage: write_tiny_model FILE\n";
    return 1;
  }
  const lyceum::model::TinyTextModel model(false, kContext);
  std::error_code failed;
  std::filesystem::copy_file(model.path(), argv[1], failed);
  if (failed) std::cerr << argv[1] << ": " << failed.message() << "\n";
  return failed ? 1 : 0;
}
