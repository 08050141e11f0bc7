#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/tidy/rules.hpp"

namespace lyceum::tidy {
namespace {

namespace fs = std::filesystem;

/// Functions over the limit that stood when the rule came. The list may only get shorter.
const std::set<std::string>& known_long_functions() {
  static const std::set<std::string> all = {};
  return all;
}

const fs::path& root() {
  static const fs::path path = LYCEUM_SOURCE_DIR;
  return path;
}

bool is_skipped_folder(const std::string& name) {
  return name == ".git" || name == "build" || name == "node_modules" || name == "dist" || name == "data" ||
         name == "test-artifacts" || name == ".cache";
}

bool is_text(const fs::path& path) {
  static const std::set<std::string> extensions = {".cpp", ".hpp", ".md",  ".ts",    ".svelte", ".mjs",
                                                   ".js",  ".css", ".txt", ".cmake", ".html"};
  return extensions.contains(path.extension().string());
}

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Tree {
  std::vector<SourceFile> files{};
  std::set<std::string> paths{};
};

const Tree& tree() {
  static const Tree read = [] {
    Tree all;
    for (fs::recursive_directory_iterator it(root()), end; it != end; ++it) {
      const std::string path = it->path().lexically_relative(root()).generic_string();
      if (it->is_directory() && is_skipped_folder(it->path().filename().string())) {
        it.disable_recursion_pending();
        continue;
      }
      all.paths.insert(path);
      if (it->is_regular_file() && is_text(it->path())) all.files.push_back({path, read_text(it->path())});
    }
    return all;
  }();
  return read;
}

bool is_cpp(const std::string& path) {
  return path.ends_with(".cpp") || path.ends_with(".hpp");
}

/// The rules' own tests hold the very strings that the rules forbid.
bool is_the_rules_themselves(const std::string& path) {
  return path.starts_with("tests/tidy/");
}

void expect_none(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    ADD_FAILURE() << finding.path << ":" << finding.line << ": " << finding.message;
  }
}

TEST(Tree, IncludesFollowTheLayers) {
  std::vector<Finding> findings;
  const Layers layers = parse_layers(read_text(root() / "cmake/layers.txt"), findings);
  ASSERT_FALSE(layers.empty());
  for (const SourceFile& file : tree().files) expect_none(check_includes(file, layers));
  expect_none(findings);
}

TEST(Tree, HoldsNoBannedWords) {
  for (const SourceFile& file : tree().files) {
    if (!is_the_rules_themselves(file.path)) expect_none(check_words(file));
  }
}

TEST(Tree, FilesAreShort) {
  for (const SourceFile& file : tree().files) {
    if (is_cpp(file.path) || file.path.ends_with(".ts") || file.path.ends_with(".svelte"))
      expect_none(check_size(file));
  }
}

TEST(Tree, FunctionsAreShortAndTheListOfOldLongOnesOnlyShrinks) {
  std::set<std::string> still_long;
  for (const SourceFile& file : tree().files) {
    if (!is_cpp(file.path)) continue;
    for (const Function& function : find_functions(file.text)) {
      if (function.num_lines <= kMaxFunctionLines) continue;
      const std::string name = file.path + " " + function.name;
      still_long.insert(name);
      EXPECT_TRUE(known_long_functions().contains(name))
          << file.path << ":" << function.line << ": " << function.name << " has " << function.num_lines
          << " lines, limit " << kMaxFunctionLines;
    }
  }
  for (const std::string& name : known_long_functions()) {
    EXPECT_TRUE(still_long.contains(name)) << name << " is short now: take it off the list";
  }
}

TEST(Tree, MarkdownHasOneTitleAndLinksThatLeadSomewhere) {
  for (const SourceFile& file : tree().files) {
    if (file.path.ends_with(".md")) expect_none(check_markdown(file, tree().paths));
  }
}

TEST(Tree, EveryModuleSaysWhatItIs) {
  std::vector<Finding> findings;
  for (const auto& [module, allowed] : parse_layers(read_text(root() / "cmake/layers.txt"), findings)) {
    if (!tree().paths.contains(module + "/CMakeLists.txt")) continue;
    EXPECT_TRUE(tree().paths.contains(module + "/README.md")) << module << " has no README.md";
  }
}

}  // namespace
}  // namespace lyceum::tidy
