// The engine over every family and type of weights: company, small chunks and lack of pages change no bit.
#include <filesystem>

#include "tests/unit/model/engine/engine_driver.hpp"

namespace lyceum::model {
namespace {

TEST(EngineReferenceModels, GiveTheSameBitsInAnyCompanyWithTooFewPages) {
  const std::filesystem::path folder(LYCEUM_SHARED_MODELS);
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    auto file = GgufFile::open_blocking(entry.path().string());
    ASSERT_TRUE(file) << file.error().message;
    auto transformer = Transformer::load_blocking(*std::move(file));
    ASSERT_TRUE(transformer) << transformer.error().message;
    Engine engine(*transformer, {.num_pages = 4, .step_tokens_max = 48});
    const std::size_t lengths[] = {70, 20, 100};
    std::vector<Outcome> outcomes(std::size(lengths));
    for (std::size_t i = 0; i < std::size(lengths); ++i)
      start(engine, request_for(prompt_of(lengths[i], i), 40), outcomes[i]);
    run(engine);
    for (std::size_t i = 0; i < std::size(lengths); ++i)
      EXPECT_EQ(outcomes[i], alone(*transformer, request_for(prompt_of(lengths[i], i), 40))) << entry.path();
  }
}

}  // namespace
}  // namespace lyceum::model
