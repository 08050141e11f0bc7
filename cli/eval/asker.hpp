#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/eval/deep_search_eval.hpp"

namespace lyceum::cli {

/// What one question brought.
struct Asked {
  bool is_not_found = false;
  std::vector<std::string> quotes{};  ///< Evidence that the answer stands on, best first.
  std::vector<std::string> titles{};  ///< Of all evidence that was kept.
};

/// Asks deep search one question at a time.
class Asker {
 public:
  Asker() = default;
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  virtual ~Asker() = default;

  virtual Result<Asked> ask_blocking(const std::string& question, const std::string& collection) = 0;
};

/// Everything that answers questions, over a store of its own, without a server.
class EvalService {
 public:
  static Result<std::unique_ptr<EvalService>> open_blocking(const std::string& store_folder,
                                                            const ModelMaker& make_model);

  EvalService(const EvalService&) = delete;
  EvalService& operator=(const EvalService&) = delete;
  ~EvalService();

  memory::Store& store();
  std::unique_ptr<Asker> make_direct_asker();
  /// At most one at a time.
  std::unique_ptr<Asker> make_planner_asker();

 private:
  struct Parts;
  EvalService();
  std::unique_ptr<Parts> parts_;
};

}  // namespace lyceum::cli
