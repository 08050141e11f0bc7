#pragma once

#include <cstddef>
#include <span>

#include "model/tokenizer/characters.hpp"

/// One function per published pattern, each equivalent to matching that pattern at `at`. A text's end is the
/// end of the span.
namespace lyceum::model {

/// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
std::size_t scan_gpt2(std::span<const Character> text, std::size_t at);
/// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|
/// \s+(?!\S)|\s+
std::size_t scan_llama3(std::span<const Character> text, std::size_t at);
/// The same with \p{N} for \p{N}{1,3}.
std::size_t scan_qwen2(std::span<const Character> text, std::size_t at);

/// [\p{P}$+<=>^~|]+
std::size_t scan_punctuation_run(std::span<const Character> text, std::size_t at);
/// \p{N}+
std::size_t scan_numbers(std::span<const Character> text, std::size_t at);
/// [0-9][0-9][0-9]
std::size_t scan_three_digits(std::span<const Character> text, std::size_t at);
/// \p{N}{1,3}
std::size_t scan_up_to_three_numbers(std::span<const Character> text, std::size_t at);
/// [\r\n]
std::size_t scan_line_break(std::span<const Character> text, std::size_t at);
/// \s+$
std::size_t scan_final_space(std::span<const Character> text, std::size_t at);

/// \s?[letters of scripts with upper and lower case]+
std::size_t scan_deepseek_letters(std::span<const Character> text, std::size_t at);
/// \s?[!-/:-~！-／：-～‘-‟　-。]+
std::size_t scan_deepseek_punctuation(std::span<const Character> text, std::size_t at);
/// [一-龥ࠀ-一가-\ud7ff]+
std::size_t scan_deepseek_asian(std::span<const Character> text, std::size_t at);
/// [一-龥\u3040-ゟ゠-ヿ]+
std::size_t scan_deepseek3_asian(std::span<const Character> text, std::size_t at);
/// [ASCII punctuation][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|
/// \s+(?!\S)|\s+
std::size_t scan_deepseek3(std::span<const Character> text, std::size_t at);

}  // namespace lyceum::model
