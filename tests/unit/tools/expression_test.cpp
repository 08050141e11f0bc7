#include "tools/builtin/expression.hpp"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

std::string value_of(std::string_view expression) {
  const auto value = evaluate(expression);
  return value ? to_text(*value) : value.error().message;
}

bool is_exact(std::string_view expression) {
  const auto value = evaluate(expression);
  return value && std::holds_alternative<std::int64_t>(*value);
}

TEST(Expression, FollowsTheUsualOrderOfOperations) {
  EXPECT_EQ(value_of("2 + 3 * 4"), "14");
  EXPECT_EQ(value_of("(2 + 3) * 4"), "20");
  EXPECT_EQ(value_of("10 - 4 - 3"), "3");
  EXPECT_EQ(value_of("2^3^2"), "512");
  EXPECT_EQ(value_of("-2^2"), "-4");
  EXPECT_EQ(value_of("2^-1"), "0.5");
  EXPECT_EQ(value_of("--3"), "3");
}

TEST(Expression, KeepsIntegersExactAndFallsBackToRealNumbersOnOverflow) {
  EXPECT_EQ(value_of("9007199254740993 + 2"), "9007199254740995");
  EXPECT_TRUE(is_exact("9007199254740993 + 2"));
  EXPECT_TRUE(is_exact("6 / 3"));
  EXPECT_EQ(value_of("7 / 2"), "3.5");
  EXPECT_FALSE(is_exact("9223372036854775807 + 1"));
  EXPECT_EQ(value_of("2^100"), "1.26765060022823e+30");
  EXPECT_EQ(value_of("0.1 + 0.2"), "0.3");
}

TEST(Expression, ReadsThePercentSignAsPercentageOrRemainder) {
  EXPECT_EQ(value_of("15% of 80"), "12");
  EXPECT_EQ(value_of("80 * 15%"), "12");
  EXPECT_EQ(value_of("17 % 5"), "2");
  EXPECT_EQ(value_of("17 % (2 + 3)"), "2");
  EXPECT_EQ(value_of("50%"), "0.5");
  EXPECT_EQ(value_of("(20 + 30)% + 1"), "1.5");
}

TEST(Expression, CallsFunctions) {
  EXPECT_EQ(value_of("sqrt(16) + abs(-3)"), "7");
  EXPECT_EQ(value_of("max(2, min(9, 5), 3)"), "5");
  EXPECT_EQ(value_of("round(2.567, 2)"), "2.57");
  EXPECT_EQ(value_of("floor(-1.5) + ceil(1.2)"), "0");
  EXPECT_EQ(value_of("log(1000) + log(8, 2)"), "6");
  EXPECT_EQ(value_of("ln(exp(2))"), "2");
}

TEST(Expression, NamesThePositionOfWhatIsWrong) {
  EXPECT_EQ(value_of("2 + "), "expression, position 5: expected a number, not the end");
  EXPECT_EQ(value_of("2 + x"), "expression, position 5: unknown name \"x\"");
  EXPECT_EQ(value_of("(2"), "expression, position 3: expected \")\"");
  EXPECT_EQ(value_of("2 3"), "expression, position 3: expected an operator or the end, not \"3\"");
  EXPECT_EQ(value_of("frob(2)"), "expression, position 1: frob: unknown function");
  EXPECT_EQ(value_of("sqrt(0 - 1)"), "expression, position 1: sqrt: not defined for negative numbers");
  EXPECT_EQ(value_of("min()"), "expression, position 5: expected a number, not \")\"");
}

TEST(Expression, RefusesWhatHasNoFiniteValue) {
  EXPECT_FALSE(evaluate("1 / 0"));
  EXPECT_FALSE(evaluate("1 % 0"));
  EXPECT_FALSE(evaluate("0^(0-1)"));
  EXPECT_FALSE(evaluate("exp(10000)"));
  EXPECT_FALSE(evaluate("1e999"));
  EXPECT_FALSE(evaluate("ln(0)"));
  EXPECT_FALSE(evaluate("(0-8)^0.5"));
}

TEST(Expression, BoundsNestingLengthAndTheOddInteger) {
  EXPECT_FALSE(evaluate(std::string(500, '(')));
  EXPECT_FALSE(evaluate(std::string(500, '-') + "1"));
  EXPECT_FALSE(evaluate(std::string(kMaxExpressionBytes + 1, '1')));
  EXPECT_TRUE(evaluate(std::string(20, '(') + "1" + std::string(20, ')')));
  EXPECT_EQ(value_of("(0 - 9223372036854775807 - 1) % (-1)"), "0");
  EXPECT_FALSE(is_exact("(0 - 9223372036854775807 - 1) / -1"));
  EXPECT_FALSE(evaluate(std::string("1\0+1", 4)));
  EXPECT_FALSE(evaluate("nan"));
  EXPECT_FALSE(evaluate("inf"));
}

}  // namespace
}  // namespace lyceum::tools
