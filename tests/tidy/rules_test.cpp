#include "tests/tidy/rules.hpp"

#include <gtest/gtest.h>

namespace lyceum::tidy {
namespace {

constexpr const char* kLayers = "base:\nmemory: base\nweb: base memory\n";

Layers layers() {
  std::vector<Finding> findings;
  return parse_layers(kLayers, findings);
}

TEST(Layers, AModuleMayNameOnlyModulesAboveIt) {
  std::vector<Finding> findings;

  parse_layers("base: memory\nmemory: base\nnonsense\n", findings);

  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].line, 1U);
  EXPECT_EQ(findings[1].line, 3U);
}

TEST(Includes, AnUpwardIncludeIsFoundWithItsLine) {
  const auto findings =
      check_includes({"memory/store.cpp", "#include <map>\n#include \"web/server.hpp\"\n"}, layers());

  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].line, 2U);
}

TEST(Includes, ADownwardIncludeIsFine) {
  EXPECT_TRUE(check_includes({"web/server.cpp", "#include \"memory/store.hpp\"\n"}, layers()).empty());
}

TEST(Includes, AHeaderInASubfolderIsPrivateToItsModule) {
  const std::string text = "#include \"memory/codec/record.hpp\"\n";

  EXPECT_EQ(check_includes({"web/server.cpp", text}, layers()).size(), 1U);
  EXPECT_TRUE(check_includes({"memory/store.cpp", text}, layers()).empty());
  EXPECT_TRUE(check_includes({"tests/unit/memory/codec_test.cpp", text}, layers()).empty());
  EXPECT_TRUE(check_includes({"web/server.cpp", "#include \"base/async/task.hpp\"\n"}, layers()).empty());
}

TEST(Includes, NothingIncludesTests) {
  EXPECT_EQ(check_includes({"web/server.cpp", "#include \"tests/support/fake.hpp\"\n"}, layers()).size(), 1U);
}

TEST(Includes, HeavyLibrariesStayInTheirCorner) {
  EXPECT_EQ(check_includes({"memory/store.cpp", "#include <boost/beast/http.hpp>\n"}, layers()).size(), 1U);
  EXPECT_EQ(check_includes({"web/server/session.cpp", "#include <rocksdb/db.h>\n"}, layers()).size(), 1U);
  EXPECT_TRUE(
      check_includes({"web/server/session.cpp", "#include <boost/beast/http.hpp>\n"}, layers()).empty());
  EXPECT_TRUE(check_includes({"memory/rocksdb/store.cpp", "#include <rocksdb/db.h>\n"}, layers()).empty());
}

TEST(Words, ABannedCallIsFoundInCodeButNotInCommentsOrStrings) {
  EXPECT_EQ(check_words({"memory/a.cpp", "void f() { assert(true); }\n"}).size(), 1U);
  EXPECT_TRUE(check_words({"memory/a.cpp", "// assert(true)\nauto s = \"assert(true)\";\n"}).empty());
  EXPECT_EQ(check_words({"memory/a.cpp", "std::cout << 1;\n"}).size(), 1U);
  EXPECT_TRUE(check_words({"cli/a.cpp", "std::cout << 1;\n"}).empty());
}

TEST(Words, APartOfALongerNameIsAnotherWord) {
  EXPECT_TRUE(
      check_words({"memory/a.cpp", "static_assert(sizeof(int) == 4);\nvoid undetached();\n"}).empty());
}

TEST(Words, ALeftoverIsFoundInCommentsOfEveryKindOfFile) {
  EXPECT_EQ(check_words({"web/ui/src/a.ts", std::string("// TO") + "DO later\n"}).size(), 1U);
  EXPECT_EQ(check_words({"memory/a.cpp", std::string("// FIX") + "ME later\n"}).size(), 1U);
}

TEST(Size, TheLimitItselfIsFine) {
  std::string text;
  for (std::size_t i = 0; i < kMaxFileLines; ++i) text += "x\n";

  EXPECT_TRUE(check_size({"a.cpp", text}).empty());
  EXPECT_EQ(check_size({"a.cpp", text + "x\n"}).size(), 1U);
}

TEST(Markdown, ExactlyOneTitleAndCodeFencesDoNotCount) {
  EXPECT_TRUE(check_markdown({"a.md", "# One\n```\n# comment\n```\n"}, {}).empty());
  EXPECT_EQ(check_markdown({"a.md", "# One\n# Two\n"}, {}).size(), 1U);
  EXPECT_EQ(check_markdown({"a.md", "none\n"}, {}).size(), 1U);
}

TEST(Markdown, ALinkIntoTheTreeMustLeadSomewhere) {
  const SourceFile file{"docs/a.md",
                        "# A\n[api](api.md#runs) [up](../cli/README.md) [web](https://example.org)\n"};

  EXPECT_TRUE(check_markdown(file, {"docs/api.md", "cli/README.md"}).empty());
  EXPECT_EQ(check_markdown(file, {"docs/api.md"}).size(), 1U);
}

TEST(Functions, TheirLengthIsCountedFromBraceToBrace) {
  const auto functions = find_functions(
      "namespace a {\nstruct S {\n  int f() const { return 1; }\n};\nint g(int x) {\n  if (x) {\n    return "
      "2;\n  }\n"
      "  auto h = [] {\n  };\n  return 3;\n}\n}\n");

  ASSERT_EQ(functions.size(), 2U);
  EXPECT_EQ(functions[0].name, "f");
  EXPECT_EQ(functions[0].num_lines, 1U);
  EXPECT_EQ(functions[1].name, "g");
  EXPECT_EQ(functions[1].line, 5U);
  EXPECT_EQ(functions[1].num_lines, 8U);
}

TEST(Functions, BracesInLiteralsAndCommentsDoNotCount) {
  const auto functions = find_functions(
      "void f() {\n  auto a = \"}\";  // }\n  auto b = R\"x(})x\";\n  char c = '}';\n  auto d = U'}';\n  int "
      "n = 1'000;\n}\n");

  ASSERT_EQ(functions.size(), 1U);
  EXPECT_EQ(functions[0].num_lines, 7U);
}

TEST(Functions, DirectivesAreNoCode) {
  const auto functions = find_functions(
      "#if defined(x) && \\\n    defined(y)\nnamespace a {\n#pragma z fast(on)\nint f() {\n}\n}\n#endif\n");

  ASSERT_EQ(functions.size(), 1U);
  EXPECT_EQ(functions[0].name, "f");
  EXPECT_EQ(functions[0].line, 5U);
}

}  // namespace
}  // namespace lyceum::tidy
