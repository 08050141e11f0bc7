#include "web/openai/chat_call.hpp"

#include <charconv>
#include <limits>

#include "web/openai/chat_messages.hpp"

namespace lyceum::web::openai {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMaxModelBytes = 256;

Error unsupported(const std::string& field, const std::string& why) {
  return {Errc::unsupported, field + ": " + why};
}

Result<model::ChatFormat> parse_format(const Json& format) {
  model::ChatFormat parsed;
  if (format.is_null()) return parsed;
  FieldReader fields(format, "response_format");
  const std::string type = fields.choice("type", "", {"text", "json_object", "json_schema"});
  const Json& definition = fields.object("json_schema");
  TRY_OK(fields.finish());
  if (type == "json_object") parsed.kind = model::ChatFormat::Kind::json_object;
  if (type != "json_schema") return parsed;
  FieldReader inner(definition, "response_format.json_schema");
  inner.required_string("name", 64);
  inner.string("description", "", 4096);
  inner.boolean("strict", false);
  parsed.kind = model::ChatFormat::Kind::json_schema;
  parsed.schema = inner.any("schema");
  TRY_OK(inner.finish());
  return parsed;
}

Result<std::map<std::int32_t, double>> parse_biases(const Json& biases) {
  std::map<std::int32_t, double> parsed;
  for (const auto& [key, value] : biases.items()) {
    std::int32_t token = 0;
    const char* end = key.data() + key.size();
    const auto [stopped, failed] = std::from_chars(key.data(), end, token);
    if (failed != std::errc() || stopped != end)
      return Error{Errc::invalid_argument, "logit_bias: \"" + key.substr(0, 32) + "\" is not a token id"};
    if (!value.is_number()) return Error{Errc::invalid_argument, "logit_bias: expected numbers"};
    parsed[token] = value.get<double>();
  }
  return parsed;
}

Result<std::vector<std::string>> parse_stop(const Json& stop) {
  std::vector<std::string> parsed;
  if (stop.is_null()) return parsed;
  for (const Json& item : stop.is_array() ? stop : Json::array({stop})) {
    if (!item.is_string())
      return Error{Errc::invalid_argument, "stop: expected a string or an array of them"};
    parsed.push_back(item.get<std::string>());
  }
  return parsed;
}

void read_sampling(FieldReader& fields, model::ChatSampling& sampling) {
  sampling.temperature = fields.number("temperature", 1, 0, 2);
  sampling.top_p = fields.number("top_p", 1, 0, 1);
  sampling.top_k = static_cast<std::uint32_t>(fields.integer("top_k", 0, 0, kMaxInt));
  sampling.min_p = fields.number("min_p", 0, 0, 1);
  sampling.frequency_penalty = fields.number("frequency_penalty", 0, -2, 2);
  sampling.presence_penalty = fields.number("presence_penalty", 0, -2, 2);
  constexpr auto kMaxSeed = std::numeric_limits<std::int64_t>::max();
  const auto seed = static_cast<std::uint64_t>(fields.integer("seed", 0, -kMaxSeed, kMaxSeed));
  if (fields.has("seed")) sampling.seed = seed;
}

void read_stream(FieldReader& fields, ChatCall& call) {
  call.is_streamed = fields.boolean("stream", false);
  if (fields.has("stream_options") && !call.is_streamed)
    fields.fail("stream_options", "only with \"stream\": true");
  const Json& options = fields.object("stream_options");
  FieldReader inner(options, "body.stream_options");
  call.includes_usage = inner.boolean("include_usage", false);
  inner.boolean("include_obfuscation", false);
  if (const auto checked = inner.finish(); !checked) fields.fail("stream_options", checked.error().message);
}

/// Their effect is none on the answer of a model that runs here.
void ignore_harmless(FieldReader& fields) {
  for (const char* name : {"user", "metadata", "safety_identifier", "prompt_cache_key",
                           "prompt_cache_retention", "service_tier", "prediction"}) {
    fields.any(name);
  }
}

Result<void> refuse_known(FieldReader& fields, const Json& body) {
  struct Refused {
    const char* name;
    Json harmless;  // A value that asks for nothing.
    const char* instead;
  };

  const Refused known[] = {
      {"store", false, "answers are not stored"},
      {"modalities", Json::array({"text"}), "this model writes text only"},
      {"audio", nullptr, "this model writes text only"},
      {"functions", nullptr, "use \"tools\""},
      {"function_call", nullptr, "use \"tool_choice\""},
      {"web_search_options", nullptr, "this model does not search"},
      {"reasoning_effort", "none", "this model's effort cannot be set"},
      {"verbosity", "medium", "this model's verbosity cannot be set"},
  };
  for (const Refused& refused : known) {
    fields.any(refused.name);
    if (fields.has(refused.name) && body.at(refused.name) != refused.harmless)
      return unsupported(refused.name, std::string("is not supported: ") + refused.instead);
  }
  return ok();
}

}  // namespace

Result<ChatCall> parse_chat(const Json& body) {
  FieldReader fields(body, "body");
  ChatCall call;
  model::ChatRequest& request = call.request;
  call.model = fields.required_string("model", kMaxModelBytes);
  if (!fields.has("messages")) fields.fail("messages", "required");
  const Json& messages = fields.array("messages", model::kMaxChatMessages);
  const Json& tools = fields.array("tools", model::kMaxChatTools);
  const Json& choice = fields.any("tool_choice");
  const Json& format = fields.any("response_format");
  const Json& stop = fields.any("stop");
  const Json& biases = fields.object("logit_bias");
  request.may_call_in_parallel = fields.boolean("parallel_tool_calls", true);
  const auto tokens_max = fields.integer("max_tokens", 0, 1, kMaxInt);
  request.tokens_max =
      static_cast<std::uint32_t>(fields.integer("max_completion_tokens", tokens_max, 1, kMaxInt));
  request.wants_logprobs = fields.boolean("logprobs", false);
  request.num_top_logprobs =
      static_cast<std::uint32_t>(fields.integer("top_logprobs", 0, 0, model::kMaxTopLogprobs));
  call.num_choices = static_cast<std::size_t>(fields.integer("n", 1, 1, kMaxChoices));
  read_sampling(fields, request.sampling);
  read_stream(fields, call);
  ignore_harmless(fields);
  TRY_OK(refuse_known(fields, body));
  TRY_OK(fields.finish());

  TRY(request.messages, parse_messages(messages));
  TRY(request.tools, parse_tools(tools));
  TRY_OK(parse_tool_choice(choice, request));
  TRY(request.format, parse_format(format));
  TRY(request.stop, parse_stop(stop));
  TRY(request.sampling.logit_bias, parse_biases(biases));
  TRY_OK(model::validate(request));
  return call;
}

}  // namespace lyceum::web::openai
