#pragma once

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/training/data_file.hpp"
#include "model/training/seeded.hpp"
#include "model/training/train_config.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lyceum::model {

/// A temporary folder with a toy data set of two kinds and a vocabulary of 64.
class TrainingFolder : public testing::Test {
 protected:
  void SetUp() override {
    SeededNumbers numbers(1, {});
    TrainingDataBuilder builder(64);
    for (std::size_t document = 0; document < 40; ++document) {
      std::vector<std::uint16_t> tokens(10 + numbers.below(80));
      for (auto& token : tokens) token = static_cast<std::uint16_t>(numbers.below(64));
      const bool is_task = document % 2 == 1;
      std::vector<std::uint8_t> weights(tokens.size(), is_task ? 0 : 1);
      weights.back() = 1;
      ASSERT_TRUE(builder.add(tokens, weights, is_task ? 1 : 0));
    }
    for (const char* name : {"train.lytd", "validation.lytd"})
      ASSERT_TRUE(builder.write_blocking(path(name)));
    std::ofstream(path("summary.json")) << R"({"kinds": ["language.toy", "task"]})";
  }

  /// train.lytp with ten groups of three or four texts of 5 to 24 tokens.
  void write_groups() const {
    SeededNumbers numbers(2, {});
    ContrastiveDataBuilder builder(64);
    for (std::size_t group = 0; group < 10; ++group) {
      std::vector<std::vector<std::uint16_t>> texts(3 + group % 2);
      for (auto& text : texts) {
        text.resize(5 + numbers.below(20));
        for (auto& token : text) token = static_cast<std::uint16_t>(numbers.below(64));
      }
      ContrastiveGroup views{.query = texts[0], .positive = texts[1]};
      views.hard_negatives.assign(texts.begin() + 2, texts.end());
      ASSERT_TRUE(builder.add(views));
    }
    ASSERT_TRUE(builder.write_blocking(path("train.lytp")));
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  Json config_json() const {
    return {{"model",
             {{"vocabulary_size", 64},
              {"context_length", 64},
              {"hidden", 32},
              {"layers", 2},
              {"heads", 2},
              {"kv_heads", 1},
              {"head_dim", 32},
              {"experts", 4},
              {"expert_inner", 32}}},
            {"data", folder_.path()},
            {"run", path("run")},
            {"threads", 1},
            {"batch_tokens", 128},
            {"phases",
             {{{"tokens", 300}, {"mixture", {{"language", 1}}}},
              {{"tokens", 700}, {"mixture", {{"language", 1}, {"task", 1}}}}}},
            {"document_weights", {{"task", 5}}},
            {"learning_rate", {{"peak", 0.01}}}};
  }

  TrainConfig config() const {
    auto config = read_train_config(config_json());
    EXPECT_TRUE(config);
    return *config;
  }

  const std::vector<std::string> kinds_{"language.toy", "task"};
  const test::TemporaryFolder folder_{};
};

}  // namespace lyceum::model
