#pragma once

#include <array>

namespace lyceum::model {

/// The printable character that tokenizer files write for each byte: those of Latin-1 stand for themselves,
/// the others are numbered from 256 on (GPT-2's bytes_to_unicode).
const std::array<char32_t, 256>& byte_characters();

}  // namespace lyceum::model
