#include "tools/registry.hpp"

#include <gtest/gtest.h>

namespace lyceum::tools {
namespace {

class EchoTool final : public Tool {
 public:
  explicit EchoTool(const std::string& name) {
    spec_.name = name;
    spec_.description = "Says it again.";
    spec_.parameters =
        Json::parse(R"({"type":"object","required":["text"],"properties":{"text":{"type":"string"}}})");
  }

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    static_cast<void>(call);
    co_return ToolOutcome{.result = std::move(args)};
  }

 private:
  Spec spec_{};
};

TEST(Registry, FindsByNameAndListsInOrder) {
  Registry registry;
  registry.add(std::make_unique<EchoTool>("shout"));
  registry.add(std::make_unique<EchoTool>("echo"));

  EXPECT_NE(registry.find("echo"), nullptr);
  EXPECT_EQ(registry.find("whisper"), nullptr);
  ASSERT_EQ(registry.specs().size(), 2U);
  EXPECT_EQ(registry.specs()[0]->name, "echo");
}

TEST(Registry, ValidatesArgumentsAndSuggestsTheNearestTools) {
  Registry registry;
  registry.add(std::make_unique<EchoTool>("search_memory"));
  registry.add(std::make_unique<EchoTool>("calculator"));

  EXPECT_TRUE(registry.validate("calculator", Json::parse(R"({"text":"x"})")));
  const auto missing = registry.validate("calculator", Json::object());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "args.text: required");

  const auto unknown = registry.validate("serch_memory", Json::object());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_EQ(unknown.error().message,
            "no tool is called \"serch_memory\"; the nearest are search_memory, calculator");
}

TEST(RegistryDeathTest, RefusesTheSameNameTwice) {
  Registry registry;
  registry.add(std::make_unique<EchoTool>("echo"));

  EXPECT_DEATH(registry.add(std::make_unique<EchoTool>("echo")), "inserted");
}

}  // namespace
}  // namespace lyceum::tools
