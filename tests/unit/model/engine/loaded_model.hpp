#pragma once

#include <memory>

#include "base/check.hpp"
#include "model/engine.hpp"
#include "tests/unit/model/engine/tiny_text_model.hpp"

namespace lyceum::model {

/// A model of random weights in the process, with its real thread. `is_trained` for the verbs or for chats.
class LoadedModel {
 public:
  explicit LoadedModel(bool is_trained) : file_(is_trained) {
    auto made =
        make_engine_model_blocking({.path = file_.path(), .key_value_bytes = 1U << 20U}, pool_, metrics_);
    LYCEUM_CHECK(made.has_value());
    model_ = *std::move(made);
  }

  LanguageModel& operator*() const { return *model_; }

  LanguageModel* operator->() const { return model_.get(); }

 private:
  TinyTextModel file_;
  BlockingPool pool_{2};
  Metrics metrics_{};
  std::unique_ptr<LanguageModel> model_{};
};

}  // namespace lyceum::model
