#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agents/step_context.hpp"

namespace lyceum::agents::deep_search {

/// What one step has seen of entities and relations, each with the quotes it comes from. Grows; `take_news`
/// returns what the log does not know yet.
class MindMap {
 public:
  void add(const Evidence& evidence);

  /// Data of map.updated with what was added since the last call (mentions too: the log adds them up); null
  /// when nothing was.
  Json take_news();

  /// Names that the question does not hold, those of the best quotes first: bridges to what it asks for.
  std::vector<std::string> bridges(std::string_view question, std::size_t limit) const;

 private:
  struct Node {
    std::string id{};
    std::string name{};
    std::string kind{};
    std::size_t mentions = 0;
    double weight = 0;  ///< Sum of the scores of the quotes that name it.
    std::size_t mentions_told = 0;
    std::vector<std::string> news{};  ///< Evidence that the log does not know of yet.
  };

  struct Edge {
    std::string from{};
    std::string to{};
    std::string label{};
    std::string evidence{};
  };

  Node& node_of(const std::string& name, const std::string& kind);

  std::vector<Node> nodes_{};  // In order of appearance.
  std::vector<Edge> edges_{};
  std::size_t num_edges_told_ = 0;
};

}  // namespace lyceum::agents::deep_search
