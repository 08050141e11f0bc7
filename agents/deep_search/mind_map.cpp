#include "agents/deep_search/mind_map.hpp"

#include <algorithm>
#include <utility>

#include "agents/common/entities.hpp"
#include "agents/common/terms.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr std::size_t kMaxNodes = 500;
constexpr std::size_t kMaxEdges = 500;

/// One capitalised word may be anything ("American"); several, a quoted title and a document's own title are
/// names.
double certainty_of(const Entity& entity) {
  return entity.kind == "name" && entity.name.find(' ') == std::string::npos ? 0.4 : 1;
}

}  // namespace

MindMap::Node& MindMap::node_of(const std::string& name, const std::string& kind) {
  const std::string id = entity_id(name);
  const auto known =
      std::find_if(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.id == id; });
  if (known != nodes_.end()) return *known;
  nodes_.push_back({.id = id, .name = name, .kind = kind});
  return nodes_.back();
}

void MindMap::add(const Evidence& evidence) {
  // A document's title is the entity that its pronouns speak of.
  std::vector<Entity> entities = extract_entities(evidence.quote);
  if (!evidence.title.empty())
    entities.push_back({.name = squeeze_blanks(evidence.title), .kind = "document"});
  for (const Entity& entity : entities) {
    if (nodes_.size() >= kMaxNodes) break;
    Node& node = node_of(entity.name, entity.kind);
    ++node.mentions;
    node.weight += evidence.score * certainty_of(entity);
    if (node.news.empty() || node.news.back() != evidence.id) node.news.push_back(evidence.id);
  }
  for (Relation& relation : extract_relations(evidence.quote)) {
    if (edges_.size() >= kMaxEdges) break;
    edges_.push_back({.from = entity_id(relation.from),
                      .to = entity_id(relation.to),
                      .label = std::move(relation.label),
                      .evidence = evidence.id});
  }
}

Json MindMap::take_news() {
  Json data{{"entities", Json::array()}, {"relations", Json::array()}};
  for (Node& node : nodes_) {
    if (node.mentions == node.mentions_told) continue;
    data["entities"].push_back(Json{{"id", node.id},
                                    {"name", node.name},
                                    {"kind", node.kind},
                                    {"mentions", node.mentions - node.mentions_told},
                                    {"evidence", std::exchange(node.news, {})}});
    node.mentions_told = node.mentions;
  }
  for (; num_edges_told_ < edges_.size(); ++num_edges_told_) {
    const Edge& edge = edges_[num_edges_told_];
    data["relations"].push_back(
        Json{{"from", edge.from}, {"to", edge.to}, {"label", edge.label}, {"evidence", edge.evidence}});
  }
  if (data["entities"].empty() && data["relations"].empty()) return nullptr;
  return data;
}

std::vector<std::string> MindMap::bridges(std::string_view question, std::size_t limit) const {
  const std::string asked = to_lower_ascii(question);
  std::vector<const Node*> ranked;
  for (const Node& node : nodes_) {
    const bool is_bridge = node.kind != "number" && node.kind != "date" && node.id.size() > 2;
    if (is_bridge && asked.find(node.id) == std::string::npos) ranked.push_back(&node);
  }
  std::sort(ranked.begin(), ranked.end(), [](const Node* a, const Node* b) {
    return a->weight != b->weight ? a->weight > b->weight : a < b;
  });
  std::vector<std::string> names;
  for (const Node* node : ranked) {
    if (names.size() == limit) break;
    names.push_back(node->name);
  }
  return names;
}

}  // namespace lyceum::agents::deep_search
