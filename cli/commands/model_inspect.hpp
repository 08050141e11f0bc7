#pragma once

#include <cstdint>
#include <string>

namespace lyceum::cli {

/// Prints what a model file says of itself: architecture, parameters, memory, types, tokenizer. Blocks.
/// Returns the exit code.
int inspect_model(const std::string& file, bool is_json);

/// "1.50 GiB".
std::string bytes_text(std::uint64_t bytes);
/// A line "title    text", titles as wide as those of all commands for model files.
void print_line(const char* title, const std::string& text);

}  // namespace lyceum::cli
