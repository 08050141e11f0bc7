// A service with a model that answers by rules, for the tests with OpenAI's own client: prints its address
// and ends with its standard input.
#include <iostream>
#include <string>

#include "tests/support/server_fixture.hpp"

int main() {
  lyceum::test::ServerFixture server;
  std::cout << "http://127.0.0.1:" << server.port() << "/#token=" << lyceum::test::kTestToken << std::endl;
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  return 0;
}
