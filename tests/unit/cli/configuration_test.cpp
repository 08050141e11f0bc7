#include "cli/configuration.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace lyceum::cli {
namespace {

TEST(Configuration, BuiltInValuesHoldWithoutAnySource) {
  const auto configuration = ConfigurationSources{}.resolve();

  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->integer("port"), 8420);
  EXPECT_EQ(configuration->string("listen"), "127.0.0.1");
  EXPECT_EQ(configuration->describe()["port"]["origin"], "built-in");
}

TEST(Configuration, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  ConfigurationSources sources;
  sources.file = {{"port", 1}, {"listen", "::1"}, {"model", {{"name", "from file"}}}};
  sources.environment = {{"LYCEUM_PORT", "2"}, {"LYCEUM_MODEL_NAME", "from environment"}};
  sources.flags = {{"port", "3"}};

  const auto configuration = sources.resolve();

  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->integer("port"), 3);
  EXPECT_EQ(configuration->string("model.name"), "from environment");
  EXPECT_EQ(configuration->string("listen"), "::1");
  const Json described = configuration->describe();
  EXPECT_EQ(described["port"]["origin"], "flag");
  EXPECT_EQ(described["model.name"]["origin"], "environment");
  EXPECT_EQ(described["listen"]["origin"], "file");
}

TEST(Configuration, AnUnknownKeyIsRefusedByNameInEverySource) {
  ConfigurationSources in_file;
  in_file.file = {{"model", {{"provder", "remote"}}}};
  in_file.file_name = "a.json";
  ConfigurationSources in_environment;
  in_environment.environment = {{"LYCEUM_PROT", "1"}};

  const auto from_file = in_file.resolve();
  const auto from_environment = in_environment.resolve();

  ASSERT_FALSE(from_file);
  EXPECT_EQ(from_file.error().message, "a.json: model.provder: unknown key");
  ASSERT_FALSE(from_environment);
  EXPECT_EQ(from_environment.error().message, "environment: LYCEUM_PROT: unknown variable");
}

TEST(Configuration, AWrongTypeOrRangeIsRefusedByName) {
  ConfigurationSources wrong_type;
  wrong_type.file = {{"port", "8420"}};
  ConfigurationSources out_of_range;
  out_of_range.environment = {{"LYCEUM_PORT", "70000"}};
  ConfigurationSources wrong_choice;
  wrong_choice.flags = {{"model.provider", "oracle"}};

  EXPECT_EQ(wrong_type.resolve().error().message,
            "configuration file: port: expected an integer from 0 to 65535");
  EXPECT_EQ(out_of_range.resolve().error().message,
            "environment: LYCEUM_PORT: expected an integer from 0 to 65535");
  EXPECT_EQ(wrong_choice.resolve().error().message,
            "--model-provider: expected one of shipped, lexical, remote, engine");
}

TEST(Configuration, ListsAndBooleansComeFromTextToo) {
  ConfigurationSources sources;
  sources.environment = {{"LYCEUM_EGRESS_ALLOWED_HOSTS", "localhost:1,example.org"},
                         {"LYCEUM_EGRESS_ALLOW_PRIVATE", "true"}};

  const auto configuration = sources.resolve();

  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->strings("egress.allowed_hosts"),
            (std::vector<std::string>{"localhost:1", "example.org"}));
  EXPECT_TRUE(configuration->boolean("egress.allow_private"));
}

TEST(Configuration, SecretsAreMaskedWhenDescribed) {
  ConfigurationSources sources;
  sources.environment = {{"LYCEUM_TOKEN", "very-secret"}};

  const auto configuration = sources.resolve();

  ASSERT_TRUE(configuration);
  EXPECT_EQ(configuration->string("token"), "very-secret");
  EXPECT_EQ(dump_json(configuration->describe()).find("very-secret"), std::string::npos);
}

TEST(Configuration, ANamedFileThatIsMissingOrBrokenIsAnErrorThatNamesIt) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const std::string broken = (folder / "broken_configuration.json").string();
  std::ofstream(broken) << "{\"port\": ";
  ConfigurationSources sources;

  const auto missing = read_configuration_file_blocking((folder / "no_such.json").string(), sources);
  const auto malformed = read_configuration_file_blocking(broken, sources);

  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("no_such.json"), std::string::npos);
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, Errc::malformed);
  EXPECT_NE(malformed.error().message.find(broken), std::string::npos);
}

}  // namespace
}  // namespace lyceum::cli
