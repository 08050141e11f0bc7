#include "web/native/routes.hpp"

#include <set>

#include <gtest/gtest.h>

#include "web/embed/embedded_file.hpp"

namespace lyceum::web {
namespace {

using Operation = std::pair<std::string, std::string>;  // Method and path.

const Json& openapi() {
  static const Json document = Json::parse(find_file(api_files(), "/openapi.json")->bytes);
  return document;
}

std::string openapi_path(std::string pattern) {
  const auto star = pattern.find('*');
  if (star != std::string::npos) pattern.erase(star, 1);
  return pattern;
}

std::set<std::string> names_in_braces(const std::string& path) {
  std::set<std::string> names;
  for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1)) {
    names.insert(path.substr(at + 1, path.find('}', at) - at - 1));
  }
  return names;
}

TEST(Routes, AreThoseOfTheOpenApiDocument) {
  std::set<Operation> served;
  for (const Route& route : routes()) served.emplace(route.method, openapi_path(std::string(route.pattern)));
  std::set<Operation> documented;
  for (const auto& [path, operations] : openapi()["paths"].items()) {
    for (const auto& [verb, operation] : operations.items()) {
      std::string method = verb;
      for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.emplace(method, path);
    }
  }

  EXPECT_EQ(served, documented);
}

TEST(Routes, AgreeWithTheDocumentOnCredentialsAndBodies) {
  for (const Route& route : routes()) {
    std::string verb(route.method);
    for (char& c : verb) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const Json& operation = openapi()["paths"][openapi_path(std::string(route.pattern))][verb];
    EXPECT_EQ(operation.contains("security"), route.is_public) << route.pattern;
    EXPECT_EQ(operation.contains("requestBody"), route.body != BodyKind::none) << route.pattern;
  }
}

TEST(Routes, HaveTheirPathParametersAndUniqueNamesInTheDocument) {
  std::set<std::string> ids;
  for (const auto& [path, operations] : openapi()["paths"].items()) {
    for (const auto& [verb, operation] : operations.items()) {
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << path;
      std::set<std::string> names;
      for (const Json& parameter : operation.value("parameters", Json::array())) {
        if (parameter["in"] == "path") names.insert(parameter["name"]);
      }
      EXPECT_EQ(names, names_in_braces(path)) << verb << " " << path;
    }
  }
}

TEST(Routes, EveryReferenceOfTheDocumentResolves) {
  const Json flat = openapi().flatten();
  std::size_t num_references = 0;
  for (const auto& [pointer, value] : flat.items()) {
    if (!pointer.ends_with("/$ref")) continue;
    ++num_references;
    EXPECT_TRUE(openapi().contains(Json::json_pointer(value.get<std::string>().substr(1)))) << value;
  }
  EXPECT_GT(num_references, 20U);
}

TEST(FindRoute, TakesParametersDecodedAndKeepsEncodedSlashesInside) {
  const auto match = find_route("GET", "/api/runs/a%2Fb%20c");

  ASSERT_TRUE(match);
  ASSERT_NE(match->route, nullptr);
  EXPECT_EQ(match->route->pattern, "/api/runs/{run}");
  EXPECT_EQ(match->params.at("run"), "a/b c");
}

TEST(FindRoute, AStarTakesTheRestOfThePath) {
  const auto match = find_route("GET", "/api/runs/r1/files/notes/deep/a%20b.md");

  ASSERT_TRUE(match);
  ASSERT_NE(match->route, nullptr);
  EXPECT_EQ(match->params.at("path"), "notes/deep/a b.md");
}

TEST(FindRoute, AWrongMethodNamesTheRightOnes) {
  const auto match = find_route("PUT", "/api/runs/r1");

  ASSERT_TRUE(match);
  EXPECT_EQ(match->route, nullptr);
  EXPECT_EQ(match->allowed_methods, "GET, DELETE");
}

TEST(FindRoute, HeadIsGet) {
  EXPECT_EQ(find_route("HEAD", "/api/health")->route, find_route("GET", "/api/health")->route);
}

TEST(FindRoute, UnknownPathsMatchNothing) {
  for (const char* path : {"/api", "/api/", "/api/runs/", "/api/runs/r1/", "/api/runs//events", "/api/run",
                           "/api/runs/r1/x", "/API/runs", "/api/runs/r1/files/"}) {
    const auto match = find_route("GET", path);
    ASSERT_TRUE(match) << path;
    EXPECT_EQ(match->route, nullptr) << path;
    EXPECT_EQ(match->allowed_methods, "") << path;
  }
}

TEST(FindRoute, AParameterThatDoesNotDecodeIsMalformed) {
  const auto match = find_route("GET", "/api/runs/%00");

  ASSERT_FALSE(match);
  EXPECT_EQ(match.error().code, Errc::malformed);
}

}  // namespace
}  // namespace lyceum::web
