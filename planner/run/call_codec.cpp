#include "planner/run/call_codec.hpp"

#include "planner/run/generation.hpp"

namespace lyceum::planner {
namespace {

constexpr std::size_t kMaxShownBytes = 600;
constexpr std::size_t kMaxShownItems = 12;

// Cut at a character border.
std::string shorten(const std::string& text) {
  if (text.size() <= kMaxShownBytes) return text;
  std::size_t end = kMaxShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

Json shorten(const Json& value) {
  if (value.is_string()) return shorten(value.get_ref<const std::string&>());
  if (value.is_array()) {
    Json items = Json::array();
    for (const Json& item : value) {
      if (items.size() == kMaxShownItems) break;
      items.push_back(shorten(item));
    }
    return items;
  }
  if (value.is_object()) {
    Json fields = Json::object();
    for (const auto& [key, field] : value.items()) fields[key] = shorten(field);
    return fields;
  }
  return value;
}

Json identity_of(const model::Prompt& prompt) {
  return {{"task", prompt.task}, {"slots", prompt.slots}, {"system", prompt.system}, {"user", prompt.user}};
}

Json to_json(const model::Usage& usage) {
  return {{"in", usage.tokens_in}, {"out", usage.tokens_out}};
}

model::Usage usage_from_json(const Json& json) {
  const Json usage = json.value("tokens", Json::object());
  return {.tokens_in = usage.value("in", std::uint64_t{0}),
          .tokens_out = usage.value("out", std::uint64_t{0})};
}

}  // namespace

Json to_json(const model::Choice& choice) {
  return {{"probabilities", choice.probabilities}, {"tokens", to_json(choice.usage)}};
}

Json to_json(const model::Quotes& quotes) {
  Json list = Json::array();
  for (const model::Quote& quote : quotes.quotes) {
    list.push_back(
        {{"source", quote.source}, {"begin", quote.begin}, {"end", quote.end}, {"score", quote.score}});
  }
  return {{"quotes", std::move(list)}, {"tokens", to_json(quotes.usage)}};
}

Json to_json(const model::Written& written) {
  Json json = {{"text", written.text}, {"value", written.value}, {"tokens", to_json(written.usage)}};
  if (written.expert_use.num_tokens > 0) json["experts"] = to_json(written.expert_use);
  return json;
}

Json to_json(const model::Support& support) {
  return {{"with_all", support.with_all},
          {"without_any", support.without_any},
          {"without_source", support.without_source},
          {"tokens", to_json(support.usage)}};
}

model::Choice choice_from_json(const Json& json) {
  return {.probabilities = json.value("probabilities", std::vector<double>{}),
          .usage = usage_from_json(json)};
}

model::Quotes quotes_from_json(const Json& json) {
  model::Quotes quotes{.usage = usage_from_json(json)};
  for (const Json& quote : json.value("quotes", Json::array())) {
    quotes.quotes.push_back({.source = quote.value("source", std::size_t{0}),
                             .begin = quote.value("begin", std::size_t{0}),
                             .end = quote.value("end", std::size_t{0}),
                             .score = quote.value("score", 0.0)});
  }
  return quotes;
}

model::Written written_from_json(const Json& json) {
  return {.text = json.value("text", ""),
          .value = json.contains("value") ? json["value"] : Json(),
          .usage = usage_from_json(json)};
}

model::Support support_from_json(const Json& json) {
  return {.with_all = json.value("with_all", 0.0),
          .without_any = json.value("without_any", 0.0),
          .without_source = json.value("without_source", std::vector<double>{}),
          .usage = usage_from_json(json)};
}

Json describe(const model::Prompt& prompt) {
  return {{"task", prompt.task}, {"slots", shorten(prompt.slots)}};
}

Json identity_of(const model::ChooseRequest& request) {
  return {{"prompt", identity_of(request.prompt)}, {"options", request.options}};
}

Json identity_of(const model::QuoteRequest& request) {
  return {{"prompt", identity_of(request.prompt)}, {"sources", request.sources}, {"max", request.quotes_max}};
}

Json identity_of(const model::SupportRequest& request) {
  return {{"prompt", identity_of(request.prompt)}, {"sources", request.sources}, {"claim", request.claim}};
}

Json identity_of(const model::WriteRequest& request) {
  return {{"prompt", identity_of(request.prompt)},
          {"schema", request.schema},
          {"tokens_max", request.tokens_max},
          {"seed", request.seed},
          {"temperature", request.temperature}};
}

}  // namespace lyceum::planner
