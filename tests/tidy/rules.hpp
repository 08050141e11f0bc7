#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Rules about the source tree that no compiler checks. Pure functions over (path, text), so that they test
/// themselves on small strings; tree_test.cpp runs them over the repository.
namespace lyceum::tidy {

inline constexpr std::size_t kMaxFileLines = 600;
inline constexpr std::size_t kMaxFunctionLines = 70;

struct SourceFile {
  std::string path{};  ///< From the repository's root, with forward slashes.
  std::string text{};
};

struct Finding {
  std::string path{};
  std::size_t line = 0;  ///< From 1; 0: the file as a whole.
  std::string message{};
};

/// Module -> modules that it may include. From cmake/layers.txt.
using Layers = std::map<std::string, std::set<std::string>>;

/// Appends a finding for a line that does not parse and for a module that names one not listed above it, so
/// that no cycle can be written.
Layers parse_layers(std::string_view text, std::vector<Finding>& findings);

/// Upward includes, private headers of other modules, libraries outside their corner.
std::vector<Finding> check_includes(const SourceFile& file, const Layers& layers);

/// Words with a better replacement, and leftovers.
std::vector<Finding> check_words(const SourceFile& file);

/// Lines a file.
std::vector<Finding> check_size(const SourceFile& file);

/// Markdown: exactly one first-level heading; links to files of the repository must lead somewhere.
std::vector<Finding> check_markdown(const SourceFile& file, const std::set<std::string>& all_paths);

struct Function {
  std::string name{};
  std::size_t line = 0;
  std::size_t num_lines = 0;
};

/// The outermost function bodies of a C++ file, found by braces: what is in a lambda or a local class counts
/// to the function around it.
std::vector<Function> find_functions(std::string_view text);

/// C++ with comments and the insides of literals replaced by blanks; line breaks stay.
std::string strip_comments_and_literals(std::string_view text);

/// Lines without their line breaks.
std::vector<std::string> split_lines(std::string_view text);

}  // namespace lyceum::tidy
