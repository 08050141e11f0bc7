#include "cli/terminal.hpp"

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

TEST(Printable, ControlCharactersOfDocumentsDoNotReachTheTerminal) {
  EXPECT_EQ(printable("a\033[31mred\007\x7f"), "a[31mred");
  EXPECT_EQ(printable("C1 \xc2\x9b"
                      "2J end"),
            "C1 2J end");
  EXPECT_EQ(printable("line\nbreak\ttab"), "line break tab");
  EXPECT_EQ(printable("Gödel “≤”"), "Gödel “≤”");
}

TEST(Shortened, CutsAtCharacterBorders) {
  EXPECT_EQ(shortened("Gödel", 10), "Gödel");
  EXPECT_EQ(shortened("Gödel", 2), "Gö…");
  EXPECT_EQ(shortened("", 0), "");
}

TEST(Terminal, ColoursAppearOnlyWhereTheyAreWanted) {
  EXPECT_EQ(Terminal{}.bold("x"), "x");
  EXPECT_EQ((Terminal{.is_terminal = true, .has_colours = true}.bold("x")), "\033[1mx\033[0m");
}

}  // namespace
}  // namespace lyceum::cli
