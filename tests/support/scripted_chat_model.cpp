#include "tests/support/scripted_chat_model.hpp"

#include <chrono>
#include <cmath>

#include <boost/asio/steady_timer.hpp>

namespace lyceum::test {
namespace {

// Words with the space before them.
std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = text.find(' ', at + 1);
    tokens.push_back(text.substr(at, next == std::string::npos ? next : next - at));
    at = next == std::string::npos ? text.size() : next;
  }
  return tokens;
}

Json example_of(const Json& schema) {
  if (schema.contains("enum")) return schema["enum"][0];
  const std::string type = schema.value("type", "object");
  if (type == "string") return "Brest";
  if (type == "integer") return 7;
  if (type == "number") return 0.5;
  if (type == "boolean") return true;
  if (type == "array") return Json::array({example_of(schema.value("items", Json::object()))});
  Json object = Json::object();
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [name, property] : properties.items()) object[name] = example_of(property);
  return object;
}

model::ScoredToken scored(const std::string& token, std::size_t index, std::uint32_t num_top) {
  const double logprob = -0.125 * static_cast<double>(index + 1);
  model::ScoredToken made{.token = {token, logprob}};
  for (std::uint32_t i = 0; i < num_top; ++i)
    made.top.push_back({i == 0 ? token : " other" + std::to_string(i), logprob - static_cast<double>(i)});
  return made;
}

std::uint64_t prompt_tokens(const model::ChatRequest& request) {
  std::uint64_t count = 0;
  for (const auto& message : request.messages) count += tokens_of(message.content).size();
  return count;
}

}  // namespace

ScriptedChatModel::ScriptedChatModel(Abilities abilities)
    : abilities_(abilities),
      info_{.provider = "scripted",
            .name = "scripted-1",
            .summary = "Rules.",
            .capabilities = {.embeds = abilities.embeds},
            .limits = {"No prose."}},
      chat_info_{.name = "scripted-1", .context_length = kContextLength, .created_s = 1'700'000'000},
      facts_{.architecture = "qwen3moe",
             .file = "scripted.gguf",
             .weights_type = "Q8_0",
             .num_parameters = 20'000'000,
             .num_active_parameters = 5'000'000,
             .num_layers = 2,
             .num_experts = 3,
             .num_experts_used = 1,
             .context_length = kContextLength,
             .vocab_size = 8192,
             .weight_bytes = 21'000'000,
             .page_bytes = 65'536,
             .tokens_per_page = 16,
             .instruction_set = "scalar"} {}

Task<Result<model::Choice>> ScriptedChatModel::choose(model::ChooseRequest) {
  co_return Error{Errc::unsupported, "not scripted"};
}

Task<Result<model::Quotes>> ScriptedChatModel::quote(model::QuoteRequest) {
  co_return Error{Errc::unsupported, "not scripted"};
}

Task<Result<model::Written>> ScriptedChatModel::write(model::WriteRequest, model::TextSink*) {
  co_return Error{Errc::unsupported, "not scripted"};
}

Task<Result<std::vector<std::vector<float>>>> ScriptedChatModel::embed(std::vector<std::string> texts) {
  std::vector<std::vector<float>> vectors;
  for (const std::string& text : texts) {
    const float angle = static_cast<float>(text.size());
    vectors.push_back({std::cos(angle), std::sin(angle), 0, 0});
  }
  co_return vectors;
}

std::uint64_t ScriptedChatModel::count_tokens(std::string_view text) const {
  return tokens_of(std::string(text)).size();
}

model::EngineStatus ScriptedChatModel::status() const {
  return {.num_waiting = 1,
          .num_running = 2,
          .batch_tokens = 34,
          .num_pages = 64,
          .num_pages_used = 12,
          .num_pages_cached = 4,
          .prefill_tokens = 1000,
          .cached_tokens = 250,
          .decode_tokens = 400,
          .prefill_tokens_per_s = 120.5,
          .decode_tokens_per_s = 31.25,
          .expert_tokens = {{100, 200, 100}, {0, 400, 0}}};
}

model::ChatRequest ScriptedChatModel::last_request() const {
  const std::scoped_lock lock(mutex_);
  return last_request_;
}

bool ScriptedChatModel::wait_for_cancelled() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return num_cancelled_ > 0; });
}

Task<void> ScriptedChatModel::wait_until_cancelled() {
  net::steady_timer never(co_await net::this_coro::executor, net::steady_timer::time_point::max());
  co_await never.async_wait(as_result);
  {
    const std::scoped_lock lock(mutex_);
    ++num_cancelled_;
  }
  changed_.notify_all();
}

Task<Result<model::ChatAnswer>> ScriptedChatModel::write_text(model::ChatRequest request, std::string text,
                                                              model::ChatSink* sink) {
  model::ChatAnswer answer{.usage = {.tokens_in = prompt_tokens(request)}, .num_cached_tokens = 2};
  const std::string& last = request.messages.back().content;
  for (const std::string& stop : request.stop) text.erase(std::min(text.find(stop), text.size()));
  for (const std::string& token : tokens_of(text)) {
    if (request.tokens_max != 0 && answer.usage.tokens_out == request.tokens_max) {
      answer.finish_reason = model::FinishReason::length;
      break;
    }
    if (last == "fail late" && answer.usage.tokens_out == 2) co_return Error{Errc::unavailable, "gone"};
    model::ChatDelta delta{.text = token};
    if (request.wants_logprobs)
      delta.logprobs.push_back(scored(token, answer.usage.tokens_out, request.num_top_logprobs));
    answer.text += token;
    ++answer.usage.tokens_out;
    answer.logprobs.insert(answer.logprobs.end(), delta.logprobs.begin(), delta.logprobs.end());
    if (sink != nullptr && !co_await sink->on_delta(std::move(delta))) {
      co_return Error{Errc::cancelled, "the reader has left"};
    }
    if (last == "wait") co_await wait_until_cancelled();
  }
  co_return answer;
}

Task<Result<model::ChatAnswer>> ScriptedChatModel::write_call(model::ChatRequest request,
                                                              model::ChatSink* sink) {
  const std::string& last = request.messages.back().content;
  model::ChatAnswer answer{.finish_reason = model::FinishReason::tool_calls,
                           .usage = {.tokens_in = prompt_tokens(request)}};
  for (const model::ToolDefinition& tool : request.tools) {
    const bool is_named = request.tool_name.empty() ? last.find(tool.name) != std::string::npos
                                                    : tool.name == request.tool_name;
    const bool is_first = request.tool_choice == model::ToolChoice::required && request.tool_name.empty() &&
                          answer.tool_calls.empty();
    if (!is_named && !is_first) continue;
    if (!request.may_call_in_parallel && !answer.tool_calls.empty()) break;
    const std::size_t index = answer.tool_calls.size();
    const model::ToolCall call{.id = "call_" + std::to_string(index),
                               .name = tool.name,
                               .arguments = example_of(tool.parameters).dump()};
    const std::size_t half = call.arguments.size() / 2;
    std::vector<model::ToolCallPiece> pieces = {{.index = index, .id = call.id, .name = call.name},
                                                {.index = index, .arguments = call.arguments.substr(0, half)},
                                                {.index = index, .arguments = call.arguments.substr(half)}};
    for (model::ToolCallPiece& piece : pieces) {
      model::ChatDelta delta;
      delta.tool_calls.push_back(std::move(piece));
      if (sink != nullptr && !co_await sink->on_delta(std::move(delta)))
        co_return Error{Errc::cancelled, "the reader has left"};
    }
    answer.usage.tokens_out += 3;
    answer.tool_calls.push_back(call);
  }
  co_return answer;
}

Task<Result<model::ChatAnswer>> ScriptedChatModel::chat(model::ChatRequest request, model::ChatSink* sink) {
  {
    const std::scoped_lock lock(mutex_);
    last_request_ = request;
  }
  const std::string last = request.messages.back().content;
  constexpr std::string_view kFail = "fail with ";
  if (last.starts_with(kFail)) co_return Error{errc_from_name(last.substr(kFail.size())), "as scripted"};
  if (prompt_tokens(request) > kContextLength) {
    co_return Error{Errc::too_large, "messages: " + std::to_string(prompt_tokens(request)) +
                                         " tokens, the context is " + std::to_string(kContextLength)};
  }
  bool calls = request.tool_choice == model::ToolChoice::required;
  for (const auto& tool : request.tools) calls = calls || last.find(tool.name) != std::string::npos;
  if (calls && request.tool_choice != model::ToolChoice::none)
    co_return co_await write_call(std::move(request), sink);
  std::string text = "You said: " + last;
  if (request.format.kind == model::ChatFormat::Kind::json_object) text = R"({"said": "yes"})";
  if (request.format.kind == model::ChatFormat::Kind::json_schema)
    text = example_of(request.format.schema).dump();
  co_return co_await write_text(std::move(request), std::move(text), sink);
}

}  // namespace lyceum::test
