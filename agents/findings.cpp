#include "agents/findings.hpp"

#include <algorithm>

namespace lyceum::agents {
namespace {

Evidence evidence_from(const Json& data, const std::string& step, const std::string& actor) {
  return {.id = data.value("evidence", ""),
          .step = step,
          .quote = data.value("quote", ""),
          .document = data.value("document", ""),
          .title = data.value("title", ""),
          .section = data.value("section", ""),
          .collection = data.value("collection", ""),
          .begin = data.value("begin", std::uint64_t{0}),
          .end = data.value("end", std::uint64_t{0}),
          .url = data.value("url", ""),
          .score = data.value("score", 0.0),
          .question = data.value("question", ""),
          .by = data.value("by", actor)};
}

void set_dropped(Blackboard& board, const Json& data, const std::string& reason) {
  for (Evidence& evidence : board.evidence) {
    if (evidence.id == data.value("evidence", "")) evidence.dropped = reason;
  }
}

/// The item of `list` whose `key` is the same, or null.
Json* find_by(Json& list, const char* key, const Json& item) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const Json& known) {
    return known.value(key, Json()) == item.value(key, Json());
  });
  return found == list.end() ? nullptr : &*found;
}

void add_new(Json& list, const Json& items) {
  for (const Json& item : items) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
}

void merge_knowledge(Blackboard& board, const Json& entries) {
  for (const Json& entry : entries) {
    if (Json* known = find_by(board.knowledge, "question", entry)) {
      *known = entry;
    } else {
      board.knowledge.push_back(entry);
    }
  }
}

void merge_map(Blackboard& board, const Json& data) {
  for (const Json& entity : data.value("entities", Json::array())) {
    Json* known = find_by(board.entities, "id", entity);
    if (known == nullptr) {
      board.entities.push_back(entity);
      continue;
    }
    (*known)["mentions"] = known->value("mentions", 0) + entity.value("mentions", 0);
    add_new((*known)["evidence"], entity.value("evidence", Json::array()));
  }
  add_new(board.relations, data.value("relations", Json::array()));
}

}  // namespace

void fold_finding(Blackboard& board, const std::string& type, const Json& data, const std::string& step,
                  const std::string& actor) {
  if (type == "evidence.added") board.evidence.push_back(evidence_from(data, step, actor));
  if (type == "evidence.dropped") set_dropped(board, data, data.value("reason", "dropped"));
  if (type == "evidence.restored") set_dropped(board, data, "");
  if (type == "knowledge.updated") merge_knowledge(board, data.value("entries", Json::array()));
  if (type == "map.updated") merge_map(board, data);
  if (type == "query.issued") {
    board.queries.push_back(
        {.step = step, .text = data.value("query", ""), .fresh = data.value("fresh", std::uint64_t{0})});
  }
}

Json evidence_data(const Evidence& evidence) {
  Json data{{"quote", evidence.quote},
            {"document", evidence.document},
            {"title", evidence.title},
            {"section", evidence.section},
            {"collection", evidence.collection},
            {"begin", evidence.begin},
            {"end", evidence.end},
            {"url", evidence.url},
            {"score", evidence.score},
            {"question", evidence.question},
            {"by", evidence.by}};
  if (!evidence.id.empty()) data["evidence"] = evidence.id;
  return data;
}

}  // namespace lyceum::agents
